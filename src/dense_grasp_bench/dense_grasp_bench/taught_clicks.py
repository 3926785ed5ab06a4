"""What is taught on the training cap, and how it lies for that: the operator's clicks for each way to grasp."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dense_grasp_core.grasping.interfaces import GraspContact

TRAINING_SEED = 13
Clicks = dict[str, tuple[str, float, float]]


@dataclass(frozen=True)
class Lesson:
    """Clicks as (part, u, v) of the cap's parameterisation by keypoint; `pose`: x, y (m) and yaw (rad) of the cap.

    scene: the simulation's name of how it lies. contacts: that a goal names, in order; none: the plain one.
    """

    object_id: str
    clicks: Clicks
    pose: tuple[float, float, float]
    scene: str = "cap"
    contacts: tuple[GraspContact, ...] = ()


# The three clicks: the pinch, and the two ends of the closing axis. All lie on the inside of the cap, on one line
# across it from the back left to the front right. The rim itself is 2 px wide in the wrist image, so a click there
# takes half its descriptor from the table.
CAP = Lesson(
    "cap",
    {
        "contact": ("inner_crown", 0.375, 0.15),
        "axis_a": ("inner_crown", 0.375, 0.3),
        "axis_b": ("inner_crown", 0.875, 0.45),
    },
    pose=(0.5, 0.0, 0.0),
)
# The pinch lies 14 mm behind the middle of the brim's edge. The approach runs from there to the button: so far that an
# error of a centimetre turns it by some degrees only, and there is no second one. How the hand is pitched the surface
# tells. Where button or way is missing, a pinch of the brim's left half from the left, or of its right half.
CAP_ON_STAND = Lesson(
    "cap_on_stand",
    {
        "contact": ("brim", 0.5, 0.8),
        "approach_a": ("brim", 0.5, 0.8),
        "approach_b": ("button", 0.0, 1.0),
        "left": ("brim", 0.25, 0.75),
        "left_approach_a": ("brim", 0.25, 0.75),
        "left_approach_b": ("brim", 0.75, 0.75),
        "right": ("brim", 0.75, 0.75),
        "right_approach_a": ("brim", 0.75, 0.75),
        "right_approach_b": ("brim", 0.25, 0.75),
    },
    pose=(0.56, 0.0, math.pi),
    scene="cap_on_stand",
    contacts=(
        GraspContact("contact", approach=("approach_a", "approach_b")),
        GraspContact("left", approach=("left_approach_a", "left_approach_b")),
        GraspContact("right", approach=("right_approach_a", "right_approach_b")),
    ),
)
