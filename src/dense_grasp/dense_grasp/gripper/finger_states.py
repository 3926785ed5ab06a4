"""The width between the fingers by what is really measured.

The gripper's own joint states come first. The merged ones may be made up: the joint_state_publisher of
franka_fr3_moveit_config merges a topic that nobody publishes, and says 0.0 for both fingers for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.result_codes import GraspCode

from dense_grasp.arm.joint_state_monitor import JointStateMonitor
from dense_grasp.ros.waiting import Deadline, StopCheck, wait_in_callback

#: m; fingers that the gripper says are farther apart are not told of as 0.0 by anything that measures them.
SURELY_OPEN = 0.01


class FingerStates:
    """Width by the first of the gripper's own topics that tells it, else by the merged joint states.

    own: monitors of the gripper's topics; merged(after): width in m by `merged_topic`, as JointStateMonitor tells it.
    """

    def __init__(
        self,
        names: Sequence[str],
        own: Sequence[JointStateMonitor],
        merged: Callable[[float], float | None],
        merged_topic: str,
        timeout: float,
    ):
        self._names = tuple(names)
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
            if monitor.finger_width(self._names) is not None:
                self._unreal = ""
                return monitor.finger_width(self._names, after)
        width = self._merged(after)
        if width != 0.0:
            self._unreal = ""
        elif self._unreal:
            raise GraspFailure(GraspCode.GRIPPER_FAILED, self._unreal)
        return width

    def check_opened(self, told: float, after: float, stop: StopCheck | None = None) -> None:
        """Compares with `told`, m: how wide the gripper says it is, at rest since `after` (time.monotonic()).

        Raises GraspFailure GRIPPER_FAILED when the joint states say exactly 0.0 then; GraspCanceled.
        """
        if told < SURELY_OPEN:
            return
        widths: list[float] = []

        def read() -> bool:
            width = self.width(after)
            if width is not None:
                widths.append(width)
            return bool(widths)

        if wait_in_callback(read, Deadline(self._timeout), stop) and widths[0] == 0.0:
            topics = " or ".join(monitor.topic for monitor in self._own)
            self._unreal = (
                f"gripper: {self._merged_topic} says exactly 0.0 for {' and '.join(self._names)} while the gripper "
                f"says that they are {1000 * told:.0f} mm apart, so no grasp can be verified: joint_state_publisher "
                f"merges a topic that nobody publishes. Let the gripper's node publish {topics} (remap its "
                "joint_states), or name the topic that it does publish in source_list"
            )
            raise GraspFailure(GraspCode.GRIPPER_FAILED, self._unreal)
