"""The hand that a gripper's record stands for in the simulation."""

from __future__ import annotations

from dense_grasp_sim.world.hands.description import RobotFilesError
from dense_grasp_sim.world.hands.franka import FrankaHand
from dense_grasp_sim.world.hands.interfaces import Hand
from dense_grasp_sim.world.hands.robotiq import RobotiqHand

#: Name of a record -> its hand.
HANDS: dict[str, Hand] = {
    "franka": FrankaHand(),
    "gripper_command": FrankaHand(),
    "robotiq": RobotiqHand(),
}


def hand_of(gripper: str) -> Hand:
    """The hand of a record's name. Raises RobotFilesError."""
    if gripper not in HANDS:
        raise RobotFilesError(f"gripper is {gripper!r}, expected one of {', '.join(HANDS)} in the simulation")
    return HANDS[gripper]
