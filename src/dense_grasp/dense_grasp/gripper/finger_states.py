"""The width between the fingers by what is really measured.

The gripper's own joint states come first. The merged ones may be made up: the joint_state_publisher of
franka_fr3_moveit_config merges a topic that nobody publishes, and says 0.0 for both fingers for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grippers.record import GripperRecord
from dense_grasp_core.result_codes import GraspCode

from dense_grasp.arm.joint_state_monitor import JointStateMonitor
from dense_grasp.ros.waiting import Deadline, StopCheck, wait_for_value

#: m; fingers that the gripper says are so far from where positions of 0.0 are, are told of as 0.0 by nothing that
#: measures them.
SURELY_ELSEWHERE = 0.01


class FingerStates:
    """Width by the first of the gripper's own topics that tells it, else by the merged joint states.

    own: monitors of the gripper's topics; merged(after): width in m by `merged_topic`, as JointStateMonitor tells it.
    """

    def __init__(
        self,
        gripper: GripperRecord,
        own: Sequence[JointStateMonitor],
        merged: Callable[[float], float | None],
        merged_topic: str,
        timeout: float,
    ):
        self._gripper = gripper
        #: m, as wide as made-up zeros say.
        self._zeros = gripper.width_at(0.0)
        self._own = tuple(own)
        self._merged = merged
        self._merged_topic = merged_topic
        self._timeout = timeout
        self._unreal = ""

    def width(self, after: float = 0.0) -> float | None:
        """Width in m by a state received after `after` (time.monotonic()), None when there is none.

        Raises GraspFailure GRIPPER_FAILED when the only states that come are known to be no measurement.
        """
        for monitor in self._own:
            if monitor.finger_width(self._gripper) is not None:
                self._unreal = ""
                return monitor.finger_width(self._gripper, after)
        width = self._merged(after)
        if width != self._zeros:
            self._unreal = ""
        elif self._unreal:
            raise GraspFailure(GraspCode.GRIPPER_FAILED, self._unreal)
        return width

    def check_opened(self, told: float, after: float, stop: StopCheck | None = None) -> None:
        """Compares with `told`, m: how wide the gripper says it is, at rest since `after` (time.monotonic()).

        Raises GraspFailure GRIPPER_FAILED when the joint states say exactly 0.0 then; Canceled.
        """
        if abs(told - self._zeros) < SURELY_ELSEWHERE:
            return
        if wait_for_value(lambda: self.width(after), Deadline(self._timeout), stop) == self._zeros:
            topics = " or ".join(monitor.topic for monitor in self._own)
            remedy = f"Let the gripper's node publish {topics} (remap its joint_states), or name" if topics else "Name"
            self._unreal = (
                f"gripper: {self._merged_topic} says exactly 0.0 for {' and '.join(self._gripper.joints)} while the "
                f"gripper says that they are {1000 * told:.0f} mm apart, so no grasp can be verified: "
                f"joint_state_publisher merges a topic that nobody publishes. {remedy} the topic that it does publish "
                "in source_list"
            )
            raise GraspFailure(GraspCode.GRIPPER_FAILED, self._unreal)
