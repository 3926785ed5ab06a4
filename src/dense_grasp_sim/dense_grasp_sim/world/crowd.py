"""A table with several of one object and as many others, and a bin beside it: what, where, in which light."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from dense_grasp_assets.solids.make import KINDS, make_solid
from dense_grasp_assets.solids.solid import Solid
from numpy.typing import NDArray

from dense_grasp_sim.world.objects import OBJECT_BODY
from dense_grasp_sim.world.placement import PlacementError, Workspace
from dense_grasp_sim.world.solid_placement import FINGER_ROOM, MARGIN, SolidPlacement, rest_pose
from dense_grasp_sim.world.surroundings import Surroundings, Thing, draw_surroundings

Array = NDArray[np.float64]
EQUAL, OTHERS = 3, 3
#: m between the outlines of two of them as seen from above.
APART = FINGER_ROOM
#: Beside the arm's base, outside of what the camera sees from the observation poses; 28 cm wide.
BIN = Thing("bin", 0.0, 0.575, 0.0, 0.20, 0.12, (0.25, 0.35, 0.5), (0.2, 0.28, 0.4))
FULL = 0.25  # m, height of what stands on what lies in the bin
_TABLES, _TRIES = 200, 100
_ANGLES = np.radians(np.arange(0, 360, 2))
_DIRECTIONS = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)


@dataclass(frozen=True)
class Crowd:
    """placements: of the equal objects; others: other solids, each with its own."""

    solid: Solid
    placements: tuple[SolidPlacement, ...]
    others: tuple[tuple[Solid, SolidPlacement], ...]

    @property
    def all(self) -> tuple[tuple[Solid, SolidPlacement], ...]:
        """The equal ones first."""
        return (*((self.solid, placement) for placement in self.placements), *self.others)


def draw_crowd(solid: Solid, seed: int, workspace: Workspace | None = None) -> Crowd:
    """EQUAL of a solid and OTHERS of other kinds and drawn seeds, on any of their faces, at any yaw, APART.

    The equal ones lie where the arm reaches down, the others anywhere in the workspace. Raises PlacementError for a
    negative seed, and where they have no room.
    """
    if seed < 0:
        raise PlacementError(f"pose_seed is {seed}, expected 0 or larger")
    area, rng = workspace or Workspace(), np.random.default_rng([0xC0DE, seed])
    kinds = rng.choice([kind for kind in KINDS if kind != solid.kind], OTHERS, replace=False)
    others = [make_solid(str(kind), int(rng.integers(1000, 100_000))) for kind in kinds]
    inner = Workspace(*((low + MARGIN, high - MARGIN) for low, high in (area.x, area.y)))
    wanted = [*((solid, inner) for _ in range(EQUAL)), *((other, area) for other in others)]
    for _ in range(_TABLES):
        placed = _one_table(wanted, rng)
        if placed is not None:
            return Crowd(solid, tuple(placed[:EQUAL]), tuple(zip(others, placed[EQUAL:], strict=True)))
    raise PlacementError(f"{EQUAL} of the {solid.kind} and {OTHERS} others have no room {APART} m from each other")


def crowd_bodies(crowd: Crowd) -> tuple[str, ...]:
    """Names of the bodies of `crowd.all`."""
    equals = (f"{OBJECT_BODY}_{number}" for number in range(2, EQUAL + 1))
    return (OBJECT_BODY, *equals, *(f"{solid.kind}_beside" for solid, _ in crowd.others))


def crowd_surroundings(seed: int) -> Surroundings:
    """Another table in another light, with nothing on it but the bin."""
    around = draw_surroundings(seed)
    return replace(around, things=(BIN,), words=f"{around.words.split(',')[0]}, bin")


def in_bin(point: Array) -> bool:
    """Whether the middle (3,) m, base frame, of something that lies is in the bin, or on what lies in it."""
    half = bin_half()
    return bool(abs(point[0] - BIN.x) < half and abs(point[1] - BIN.y) < half and point[2] < FULL)


def bin_half() -> float:
    """m, half of its width."""
    return float(BIN.radius / np.sqrt(2.0))


def _one_table(wanted: list[tuple[Solid, Workspace]], rng: np.random.Generator) -> list[SolidPlacement] | None:
    """A placement of each, drawn one after the other; None where one of them found no room."""
    placed: list[SolidPlacement] = []
    reaches: list[Array] = []
    for solid, area in wanted:
        found = _free_place(solid, area, rng, reaches)
        if found is None:
            return None
        placed.append(found[0])
        reaches.append(found[1])
    return placed


def _free_place(
    solid: Solid, area: Workspace, rng: np.random.Generator, reaches: list[Array]
) -> tuple[SolidPlacement, Array] | None:
    """A placement on a drawn face, and its `outline_reach`."""
    rest = int(rng.integers(len(solid.rests)))
    for _ in range(_TRIES):
        x, y = float(rng.uniform(*area.x)), float(rng.uniform(*area.y))
        placement = SolidPlacement(x, y, float(rng.uniform(-np.pi, np.pi)), rest)
        reach = outline_reach(solid, placement)
        if all(apart(reach, other) >= APART for other in reaches):
            return placement, reach
    return None


def outline_reach(solid: Solid, placement: SolidPlacement) -> Array:
    """(180,) m: how far its outline as seen from above reaches in each of 180 directions, from the base's origin."""
    pose = rest_pose(solid, placement)
    outline = solid.vertices @ pose[:2, :3].T + pose[:2, 3]
    return np.asarray((outline @ _DIRECTIONS.T).max(axis=0))


def apart(one: Array, other: Array) -> float:
    """m between the convex outlines of two `outline_reach`; negative where they overlap."""
    return float((-one - np.roll(other, len(other) // 2)).max())
