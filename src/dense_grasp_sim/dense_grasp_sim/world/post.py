"""A post between the arm's base and a cap, for planners to go around."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from dense_grasp_assets.cap.mesh import CapMesh
from numpy.typing import NDArray

from dense_grasp_sim.world.placement import Placement, Workspace, first_fitting, rotation_of
from dense_grasp_sim.world.surroundings import Surroundings, Thing

POST_RADIUS, POST_HEIGHT = 0.02, 0.34  # m
POST_GAP = 0.05  # m between the post and the object behind it
#: Where the camera at the observation pose sees a post from top to foot.
POST_AREA = Workspace((0.36, 0.60), (-0.20, 0.20))


def draw_post(outline: NDArray[np.float64]) -> Thing:
    """A post between the arm's base, at the origin, and the object whose points (N, 2) m are `outline`.

    It stands on the line to the object's middle, before the nearest point that its shadow from the base would cover.
    """
    middle = 0.5 * (outline.min(axis=0) + outline.max(axis=0))
    towards = middle / np.linalg.norm(middle)
    along, across = outline @ towards, outline @ np.array([-towards[1], towards[0]])
    nearest = float(along[np.abs(across) < 2 * POST_RADIUS].min(initial=float(np.linalg.norm(middle))))
    x, y = towards * (nearest - POST_GAP - POST_RADIUS)
    red, white = (0.75, 0.15, 0.1), (0.9, 0.9, 0.9)
    return Thing("post", float(x), float(y), 0.0, POST_RADIUS, POST_HEIGHT, red, white)


def post_before(cap: CapMesh, placement: Placement) -> Thing:
    """The post before a cap that lies there."""
    return draw_post((cap.vertices @ rotation_of(placement).T)[:, :2] + [placement.x, placement.y])


def placement_behind_post(draw: Callable[[int], Placement], seed: int, cap: CapMesh) -> Placement:
    """The first placement that `draw` gives, for `seed` and seeds after it, whose post stands in POST_AREA.

    Raises PlacementError when there is none among 200, and what `draw` raises.
    """

    def fits(placement: Placement) -> bool:
        post = post_before(cap, placement)
        return POST_AREA.contains(np.array([[post.x, post.y]]))

    return first_fitting(draw, seed, fits, f"leaves a post in x {POST_AREA.x}, y {POST_AREA.y} m")


def with_thing(around: Surroundings, thing: Thing) -> Surroundings:
    """The same surroundings with one more thing."""
    return replace(around, things=(*around.things, thing), words=f"{around.words}, {thing.kind}")
