"""A hat stand with a cap on it: where it stands, how high the cap hangs."""

from __future__ import annotations

import math

import numpy as np
from dense_grasp_assets.cap.mesh import CapMesh, cap_point

from dense_grasp_sim.world.placement import ON_STAND, Placement, Workspace, first_fitting, random_placement, rotation_of
from dense_grasp_sim.world.surroundings import Thing

#: m. So high that the hand, 0.2 m wide along its closing direction, fits around the brim with 5 cm below it, and so
#: low that a wrist camera 0.62 m above the table keeps 0.3 m from the button.
STAND_HEIGHT = 0.28
#: m. The head carries the crown on a ring: so wide that the brim tips no cap by more than some degrees, and so high
#: in the crown that a cap is free of it after 0.1 m of the lift.
HEAD_RADIUS = 0.050
HEAD_HEIGHT = 0.02  # m
FOOT_RADIUS, FOOT_HEIGHT, POLE_RADIUS = 0.080, 0.012, 0.014
#: Where the stand, and the middle of the brim's edge, are seen by the camera at the observation pose, m. The area of
#: the stand is the smaller one: the button is 14 cm nearer to the camera than the brim.
STAND_AREA = Workspace((0.40, 0.62), (-0.12, 0.12))
BRIM_AREA = Workspace((0.36, 0.64), (-0.19, 0.19))
#: rad to either side by which the brim may turn away from the direction to the arm's base.
BRIM_TURN = math.radians(120.0)


def draw_stand(placement: Placement) -> Thing:
    """The stand under a cap that hangs there."""
    wood, dark = (0.55, 0.38, 0.22), (0.25, 0.18, 0.12)
    return Thing("stand", placement.x, placement.y, 0.0, HEAD_RADIUS, STAND_HEIGHT, wood, dark)


def hanging_height(cap: CapMesh) -> float:
    """Height (m) of the cap's origin over the table at which the inside of its crown lies on the stand's head."""
    inside = cap.vertices[cap.part_id == cap.part_names.index("inner_crown")]
    over_head = inside[np.hypot(inside[:, 0], inside[:, 1]) <= HEAD_RADIUS]
    return STAND_HEIGHT - float(over_head[:, 2].min())


def placement_on_stand(seed: int, cap: CapMesh) -> Placement:
    """Uniform over STAND_AREA and the yaws that turn the brim at most BRIM_TURN from the arm's base.

    Poses at which the middle of the brim's edge is outside of BRIM_AREA are drawn again.
    Raises PlacementError for a negative seed, or when there is none among 200 poses.
    """
    edge = cap_point(cap.params, "brim", 0.5, 1.0)

    def draw(number: int) -> Placement:
        return random_placement(number, [(0.0, 0.0)], ON_STAND, STAND_AREA)

    def fits(placement: Placement) -> bool:
        at = (rotation_of(placement) @ edge)[:2] + np.array([placement.x, placement.y])
        return abs(brim_turn(placement)) <= BRIM_TURN and BRIM_AREA.contains(at[None])

    return first_fitting(draw, seed, fits, f"turns the brim by at most {math.degrees(BRIM_TURN):.0f} degrees")


def brim_turn(placement: Placement) -> float:
    """rad in -pi..pi by which the brim points away from the direction to the arm's base, at the origin."""
    to_base = math.atan2(-placement.y, -placement.x)
    return math.remainder(placement.yaw - to_base, 2 * math.pi)
