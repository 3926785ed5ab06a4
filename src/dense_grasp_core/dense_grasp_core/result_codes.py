"""Result codes, identical to the constants in dense_grasp_interfaces, for code that imports no ROS."""

from __future__ import annotations

from enum import IntEnum


class MatchCode(IntEnum):
    """Outcome of locating one keypoint in one image (KeypointMatch.msg)."""

    OK = 0
    NO_FRAME = 1
    STALE = 2
    UNKNOWN_KEYPOINT = 3
    MODEL_MISMATCH = 4
    LOW_SCORE = 5
    AMBIGUOUS = 6
    NO_DEPTH = 7
    NO_TF = 8
    OUT_OF_WORKSPACE = 9
    STORE_ERROR = 10
    BUSY = 11
    STAMP_AHEAD = 12
    INVALID_REQUEST = 13
    INTERNAL_ERROR = 14


class Visibility(IntEnum):
    """Whether a keypoint is to be seen in the image (KeypointMatch.msg)."""

    UNKNOWN = 0
    VISIBLE = 1
    HIDDEN = 2


class StoreCode(IntEnum):
    """Outcome of teaching, listing, renaming, showing and deleting keypoints, and of scans (their services).

    Numbered with MatchCode: a number means the same in the answer of every service.
    """

    OK = 0
    NO_FRAME = 1
    STALE = 2
    UNKNOWN_KEYPOINT = 3
    LOW_SCORE = 5
    AMBIGUOUS = 6
    STORE_ERROR = 10
    BUSY = 11
    STAMP_AHEAD = 12
    INVALID_REQUEST = 13
    INTERNAL_ERROR = 14
    PIXEL_OUTSIDE = 15
    INVALID_NAME = 16
    ALREADY_EXISTS = 17
    NO_PICTURE = 18
    NOT_SUPPORTED = 19
    NO_SCAN = 20


class GraspCode(IntEnum):
    """Outcome of one grasp (GraspObject.action); 100..199 is PERCEPTION + MatchCode."""

    SUCCESS = 0
    PERCEPTION = 100
    PERCEPTION_UNAVAILABLE = 199
    UNREACHABLE = 201
    START_IN_COLLISION = 202
    GOAL_IN_COLLISION = 203
    PLANNING_FAILED = 204
    PLANNER_UNAVAILABLE = 205
    CONTROLLER_UNAVAILABLE = 301
    CONTROLLER_REJECTED = 302
    CONTROLLER_ABORTED = 303
    EXECUTION_TIMEOUT = 304
    JOINT_STATE_STALE = 305
    NOT_AT_GOAL = 306
    GRIPPER_UNAVAILABLE = 401
    GRIPPER_FAILED = 402
    NOTHING_GRASPED = 403
    OBJECT_LOST = 404
    HOLDS_OBJECT = 405
    BUSY = 501
    CANCELED = 502
    INVALID_GOAL = 503
    CLOCK_ERROR = 504
    CONFIGURATION_ERROR = 505
    NOT_SUPPORTED = 506
    INTERNAL_ERROR = 599


class Stage(IntEnum):
    """What a running grasp is doing (feedback of GraspObject.action)."""

    OBSERVING = 1
    LOCATING = 2
    PLANNING = 3
    APPROACHING = 4
    GRASPING = 5
    LIFTING = 6
    VERIFYING = 7
    DELIVERING = 8


class ScanCode(IntEnum):
    """Outcome of a scan by the arm (ScanObject.action); a number means the same as in GraspCode."""

    SUCCESS = 0
    PERCEPTION_UNAVAILABLE = 199
    PLANNING_FAILED = 204
    PLANNER_UNAVAILABLE = 205
    CONTROLLER_UNAVAILABLE = 301
    CONTROLLER_REJECTED = 302
    CONTROLLER_ABORTED = 303
    EXECUTION_TIMEOUT = 304
    JOINT_STATE_STALE = 305
    NOT_AT_GOAL = 306
    HOLDS_OBJECT = 405
    BUSY = 501
    CANCELED = 502
    INVALID_GOAL = 503
    CLOCK_ERROR = 504
    CONFIGURATION_ERROR = 505
    NOT_SUPPORTED = 506
    INTERNAL_ERROR = 599
    NOTHING_TO_SCAN = 601
    VIEWS_UNREACHABLE = 602
    SCAN_INCONSISTENT = 603
    HAND_EYE_WRONG = 604
    SCAN_EXISTS = 605
    SCAN_NOT_STORED = 606


class ScanStage(IntEnum):
    """What a running scan is doing (feedback of ScanObject.action)."""

    LOOKING = 1
    PLANNING_VIEWS = 2
    MOVING = 3
    TAKING = 4
    FUSING = 5


class PlaceCode(IntEnum):
    """Outcome of putting down what is held (PlaceObject.action); a number means the same as in GraspCode."""

    SUCCESS = 0
    PERCEPTION = 100
    PERCEPTION_UNAVAILABLE = 199
    UNREACHABLE = 201
    START_IN_COLLISION = 202
    GOAL_IN_COLLISION = 203
    PLANNING_FAILED = 204
    PLANNER_UNAVAILABLE = 205
    CONTROLLER_UNAVAILABLE = 301
    CONTROLLER_REJECTED = 302
    CONTROLLER_ABORTED = 303
    EXECUTION_TIMEOUT = 304
    JOINT_STATE_STALE = 305
    NOT_AT_GOAL = 306
    GRIPPER_UNAVAILABLE = 401
    GRIPPER_FAILED = 402
    OBJECT_LOST = 404
    BUSY = 501
    CANCELED = 502
    INVALID_GOAL = 503
    CLOCK_ERROR = 504
    CONFIGURATION_ERROR = 505
    NOT_SUPPORTED = 506
    INTERNAL_ERROR = 599
    NOTHING_HELD = 701
    NOT_RELEASED = 702


class PlaceStage(IntEnum):
    """What a running place is doing (feedback of PlaceObject.action)."""

    LOCATING_TARGET = 1
    PLANNING_PLACE = 2
    CARRYING = 3
    LOWERING = 4
    RELEASING = 5
    RETREATING = 6
