"""A planner that works in this process as a backend of the executor: built when the robot's description arrives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from ament_index_python.packages import get_package_share_directory
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.motion.in_process_planner import EmbeddedConfig, EmbeddedPlanner
from dense_grasp_core.motion.interfaces import (
    PickPlan,
    PickRequest,
    PlacePlan,
    PlaceRequest,
    PlanError,
    StopCheck,
    Trajectory,
    WorldModel,
)
from dense_grasp_core.motion.path_search import PathOptions
from dense_grasp_core.motion.robot import AttachedBox, RobotModel
from dense_grasp_core.motion.scene import BoxObstacle, SceneConfig
from dense_grasp_core.motion.timing import MotionLimits
from dense_grasp_core.result_codes import GraspCode
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import String

from dense_grasp.arm.robot_settings import RobotSettings
from dense_grasp.ros.waiting import Deadline, wait_in_callback

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL, reliability=ReliabilityPolicy.RELIABLE)


class DescribedBackend:
    """MotionPlanner that waits for the robot's description. `build(settings, urdf)` makes the planner, or raises
    DenseGraspError for a description that cannot be planned with.
    """

    def __init__(
        self,
        node: Node,
        settings: RobotSettings,
        build: Callable[[RobotSettings, str], EmbeddedPlanner],
        *,
        description_timeout: float = 5.0,
        callback_group=None,
    ):
        self._settings = settings
        self._build = build
        self._topic = settings.description_topic
        self._names = settings.joint_names
        self._timeout = description_timeout
        self._logger = node.get_logger()
        self._lock = threading.Lock()
        self._urdf = ""
        self._planner: EmbeddedPlanner | None = None
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

    def __init__(self, planner: EmbeddedPlanner, lock: threading.Lock):
        self._planner = planner
        self._lock = lock

    def __enter__(self) -> EmbeddedPlanner:
        self._lock.acquire()
        return self._planner

    def __exit__(self, *_) -> None:
        self._lock.release()


class OmplBackend(DescribedBackend):
    """The embedded planner."""

    def __init__(self, node: Node, settings: RobotSettings, **more: Any):
        super().__init__(
            node, settings, lambda robot, urdf: build_planner(robot, urdf, get_package_share_directory), **more
        )


def build_planner(settings: RobotSettings, urdf: str, resolve_package: Callable[[str], str]) -> EmbeddedPlanner:
    """The embedded planner for a robot description. Raises DenseGraspError."""
    return EmbeddedPlanner(*robot_and_config(settings, urdf, resolve_package))


def robot_and_config(
    settings: RobotSettings, urdf: str, resolve_package: Callable[[str], str]
) -> tuple[RobotModel, EmbeddedConfig]:
    """What every planner of this arm is built from. Raises DenseGraspError."""
    centre, size = settings.camera_box[:3], settings.camera_box[3:]
    hand_from_box = np.eye(4)
    hand_from_box[:3, 3] = centre
    edges = (float(size[0]), float(size[1]), float(size[2]))
    camera = (AttachedBox("camera", settings.gripper.hand, hand_from_box, edges),) if np.all(size > 0) else ()
    robot = RobotModel(
        urdf,
        settings.robot_type,
        settings.prefix,
        gripper=settings.gripper,
        finger_width=settings.open_width,
        resolve_package=resolve_package,
        attached=camera,
    )
    limits = MotionLimits.scaled(
        robot.velocity_limits, settings.acceleration_limits, settings.velocity_scaling, settings.acceleration_scaling
    )
    walls = tuple(
        BoxObstacle(f"wall_{i}", (w[0], w[1], w[2]), (w[3], w[4], w[5]))
        for i, w in enumerate(settings.walls.reshape(-1, 6).tolist())
    )
    scene = SceneConfig(
        table_height=settings.table_height,
        walls=walls,
        voxel=settings.voxel,
        clearance=settings.clearance,
        self_margin=settings.self_margin,
    )
    config = EmbeddedConfig(
        limits=limits,
        scene=scene,
        path=PathOptions(allowed_time=settings.planning_time, seed=settings.planner_seed),
        tcp_speed=settings.tcp_speed,
        approach_speed=settings.approach_speed,
        lift_speed=settings.lift_speed,
        tcp_workspace=settings.tcp_workspace,
    )
    return robot, config
