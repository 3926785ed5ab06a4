"""A planner as a backend of the executor: built when the robot's description arrives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.motion.interfaces import (
    MotionPlanner,
    PickPlan,
    PickRequest,
    PlacePlan,
    PlaceRequest,
    PlanError,
    StopCheck,
    Trajectory,
    WorldModel,
)
from dense_grasp_core.result_codes import GraspCode
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from std_msgs.msg import String

from dense_grasp.arm.robot_description import LATCHED
from dense_grasp.arm.robot_settings import RobotSettings
from dense_grasp.ros.waiting import Deadline, wait_in_callback


class DescribedBackend:
    """MotionPlanner that waits for the robot's description. `build(settings, urdf)` makes the planner, or raises
    DenseGraspError for a description that cannot be planned with.
    """

    def __init__(
        self,
        node: Node,
        settings: RobotSettings,
        build: Callable[[RobotSettings, str], MotionPlanner],
        *,
        description_timeout: float = 5.0,
        callback_group: CallbackGroup | None = None,
    ):
        self._settings = settings
        self._build = build
        self._topic = settings.description_topic
        self._names = settings.joint_names
        self._timeout = description_timeout
        self._logger = node.get_logger()
        self._lock = threading.Lock()
        self._urdf = ""
        self._planner: MotionPlanner | None = None
        self._error = ""
        node.create_subscription(String, self._topic, self._on_description, LATCHED, callback_group=callback_group)

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Arm joints in the order of every position vector."""
        return self._names

    def why_not_ready(self) -> str:
        """Why it cannot plan now, "" when it can; waits for nothing."""
        if self._planner is not None:
            return ""
        return self._error or f"waiting for a robot description on {self._topic}"

    def check_available(self, stop: StopCheck | None = None) -> None:
        """Raises PlanError PLANNER_UNAVAILABLE without a robot description, and as the planner."""
        with self._ready(stop) as planner:
            planner.check_available(stop)

    def tcp_pose(self, positions: np.ndarray) -> np.ndarray:
        """base_from_tcp (4, 4) at `positions` (7,)."""
        with self._ready() as planner:
            return planner.tcp_pose(positions)

    def plan_joints(
        self, start: np.ndarray, goal: np.ndarray, world: WorldModel, stop: StopCheck | None = None
    ) -> Trajectory:
        """A collision-free way to the joint goal (7,)."""
        with self._ready(stop) as planner:
            return planner.plan_joints(start, goal, world, stop)

    def find_joint_positions(
        self,
        places: Sequence[Sequence[np.ndarray]],
        start: np.ndarray,
        world: WorldModel,
        stop: StopCheck | None = None,
    ) -> list[np.ndarray | None]:
        """For each place joint positions (7,) with the tool centre point at one of its poses (4, 4), or None."""
        with self._ready(stop) as planner:
            return planner.find_joint_positions(places, start, world, stop)

    def plan_line(
        self, start: np.ndarray, base_from_tcp: np.ndarray, speed: float | None = None, stop: StopCheck | None = None
    ) -> Trajectory:
        """A straight line of the tool centre point."""
        with self._ready(stop) as planner:
            return planner.plan_line(start, base_from_tcp, speed, stop)

    def plan_pick(self, request: PickRequest, stop: StopCheck | None = None) -> PickPlan:
        """A whole pick."""
        with self._ready(stop) as planner:
            return planner.plan_pick(request, stop)

    def plan_place(self, request: PlaceRequest, stop: StopCheck | None = None) -> PlacePlan:
        """A whole place of what the hand holds."""
        with self._ready(stop) as planner:
            return planner.plan_place(request, stop)

    def _ready(self, stop: StopCheck | None = None) -> _Borrowed:
        wait_in_callback(lambda: self._planner is not None or bool(self._error), Deadline(self._timeout), stop)
        if self._planner is None:
            reason = self._error or f"nothing arrived on {self._topic} within {self._timeout} s"
            raise PlanError(GraspCode.PLANNER_UNAVAILABLE, f"no robot description to plan with: {reason}")
        return _Borrowed(self._planner, self._lock)

    def _on_description(self, message: String) -> None:
        # Building takes seconds, and waits for a plan that is being made.
        threading.Thread(target=self._take, args=(message.data,), name="description", daemon=True).start()

    def _take(self, urdf: str) -> None:
        with self._lock:
            if urdf == self._urdf:
                return
            self._urdf = urdf
            try:
                self._planner = self._build(self._settings, urdf)
                self._error = ""
            except DenseGraspError as error:
                self._planner, self._error = None, str(error)
        if self._error:
            self._logger.error(f"{self._topic}: {self._error}")
        else:
            self._logger.info(f"planner is ready for {', '.join(self._names)}")


class _Borrowed:
    """The planner for one thread at a time."""

    def __init__(self, planner: MotionPlanner, lock: threading.Lock):
        self._planner = planner
        self._lock = lock

    def __enter__(self) -> MotionPlanner:
        self._lock.acquire()
        return self._planner

    def __exit__(self, *_: object) -> None:
        self._lock.release()
