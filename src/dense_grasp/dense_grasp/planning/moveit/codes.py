"""What MoveIt's error codes (moveit_msgs/MoveItErrorCodes) mean in GraspObject's terms; plain numbers, no import."""

from __future__ import annotations

from dense_grasp_core.motion.interfaces import PlanError
from dense_grasp_core.result_codes import GraspCode

SUCCESS = 1

#: value: (name, GraspCode, what it says). The names of moveit_msgs 2.2 (Humble) to 2.6.
CODES: dict[int, tuple[str, GraspCode, str]] = {
    0: ("UNDEFINED", GraspCode.PLANNING_FAILED, "no reason given"),
    99999: ("FAILURE", GraspCode.PLANNING_FAILED, "no path was found; the log of the planner says more"),
    -1: ("PLANNING_FAILED", GraspCode.PLANNING_FAILED, "no path was found"),
    -2: ("INVALID_MOTION_PLAN", GraspCode.PLANNING_FAILED, "the path that was found touches something"),
    -3: ("MOTION_PLAN_INVALIDATED_BY_ENVIRONMENT_CHANGE", GraspCode.PLANNING_FAILED, "the scene changed meanwhile"),
    -4: ("CONTROL_FAILED", GraspCode.CONTROLLER_ABORTED, "the controller failed"),
    -5: ("UNABLE_TO_AQUIRE_SENSOR_DATA", GraspCode.PLANNER_UNAVAILABLE, "it has no sensor data"),
    # MoveIt answers so for a goal in collision, too: start and goal are checked before it is asked.
    -6: ("TIMED_OUT", GraspCode.PLANNING_FAILED, "no path was found within planning_time"),
    -7: ("PREEMPTED", GraspCode.PLANNING_FAILED, "somebody else stopped the planning"),
    -10: ("START_STATE_IN_COLLISION", GraspCode.START_IN_COLLISION, "the arm starts in collision"),
    -11: ("START_STATE_VIOLATES_PATH_CONSTRAINTS", GraspCode.START_IN_COLLISION, "the start breaks a constraint"),
    -26: ("START_STATE_INVALID", GraspCode.START_IN_COLLISION, "the start is outside the joint limits"),
    -12: ("GOAL_IN_COLLISION", GraspCode.GOAL_IN_COLLISION, "the goal is in collision"),
    -13: ("GOAL_VIOLATES_PATH_CONSTRAINTS", GraspCode.GOAL_IN_COLLISION, "the goal breaks a constraint"),
    -14: ("GOAL_CONSTRAINTS_VIOLATED", GraspCode.PLANNING_FAILED, "the path does not reach the goal"),
    -27: ("GOAL_STATE_INVALID", GraspCode.UNREACHABLE, "the goal is outside the joint limits"),
    -28: ("UNRECOGNIZED_GOAL_TYPE", GraspCode.PLANNER_UNAVAILABLE, "its pipeline takes no joint goals"),
    -15: ("INVALID_GROUP_NAME", GraspCode.PLANNER_UNAVAILABLE, "it has no such planning group"),
    -16: ("INVALID_GOAL_CONSTRAINTS", GraspCode.PLANNER_UNAVAILABLE, "its robot does not have these joints"),
    -17: ("INVALID_ROBOT_STATE", GraspCode.PLANNER_UNAVAILABLE, "its robot does not have these joints"),
    -18: ("INVALID_LINK_NAME", GraspCode.PLANNER_UNAVAILABLE, "its robot has no such link"),
    -19: ("INVALID_OBJECT_NAME", GraspCode.PLANNER_UNAVAILABLE, "its scene has no such object"),
    -21: (
        "FRAME_TRANSFORM_FAILURE",
        GraspCode.PLANNER_UNAVAILABLE,
        "it knows no transform from its planning frame to the robot's base; publish one",
    ),
    -22: ("COLLISION_CHECKING_UNAVAILABLE", GraspCode.PLANNER_UNAVAILABLE, "it cannot check for collisions"),
    -23: ("ROBOT_STATE_STALE", GraspCode.JOINT_STATE_STALE, "it has no fresh joint states"),
    -24: ("SENSOR_INFO_STALE", GraspCode.PLANNER_UNAVAILABLE, "its sensor data are old"),
    -25: ("COMMUNICATION_FAILURE", GraspCode.PLANNER_UNAVAILABLE, "it cannot reach a part of itself"),
    -29: ("CRASH", GraspCode.PLANNER_UNAVAILABLE, "the planner crashed"),
    -30: ("ABORT", GraspCode.PLANNING_FAILED, "the planning was aborted"),
    -31: ("NO_IK_SOLUTION", GraspCode.UNREACHABLE, "there is no inverse kinematics for the pose"),
}


def failure(who: str, value: int, message: str = "") -> PlanError:
    """The error for an answer that is not SUCCESS. `message`: MoveIt's own words, where it gives some."""
    name, code, meaning = CODES.get(value, ("unknown", GraspCode.PLANNING_FAILED, "no such code is known here"))
    said = f": {message}" if message else ""
    return PlanError(code, f"{who} answered {name} ({value}), {meaning}{said}")
