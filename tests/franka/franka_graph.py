"""What the tests need of a graph whose arm is behind Franka's network protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory
from dense_grasp_ros.action_client import ActionClient
from dense_grasp_sim.physics.simulator import OBSERVE_JOINTS
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

PATIENCE = 180.0  # s of wall clock for an action; a busy machine makes a slow robot
ARM_ACTION = "/fr3_arm_controller/follow_joint_trajectory"
JOINTS = [f"fr3_joint{i}" for i in range(1, 8)]
OBSERVE = np.array(OBSERVE_JOINTS)


def trajectory_goal(*points: tuple[float, np.ndarray]) -> FollowJointTrajectory.Goal:
    """A goal through (time s, positions (7,) rad), at rest in each of them."""
    goal = FollowJointTrajectory.Goal()
    goal.trajectory = JointTrajectory(joint_names=JOINTS)
    for seconds, positions in points:
        since = Duration(sec=int(seconds), nanosec=round((seconds - int(seconds)) * 1e9))
        point = JointTrajectoryPoint(positions=positions.tolist(), velocities=[0.0] * 7, time_from_start=since)
        goal.trajectory.points.append(point)
    return goal


class FrankaGraph:
    """The running graph, a client of it, and what the bridge says of arm and hand."""

    def __init__(self, client: Any, session: Any, log: Path) -> None:
        self.client, self.session, self.log = client, session, log
        self._joints: dict[str, tuple[float, float]] = {}
        self.updates = 0
        client.node.create_subscription(JointState, "/joint_states", self._take, 10)
        self._clients: dict[str, ActionClient] = {}

    def _take(self, message: JointState) -> None:
        self.updates += 1
        velocities = list(message.velocity) or [0.0] * len(message.name)
        self._joints.update(zip(message.name, zip(message.position, velocities)))

    @property
    def complete(self) -> bool:
        """Whether states of all joints of arm and hand have come."""
        return len(self._joints) == 9

    def positions(self) -> np.ndarray:
        """(7,) rad of the arm."""
        return np.array([self._joints[name][0] for name in JOINTS])

    def speed(self) -> float:
        """Of the fastest joint of the arm, rad/s."""
        return max(abs(self._joints[name][1]) for name in JOINTS)

    def width(self) -> float:
        """Between the fingers, m."""
        return 2.0 * self._joints["fr3_finger_joint1"][0]

    def send(self, kind: Any, name: str, goal: Any) -> Any:
        """The handle of a goal that was answered; it may be refused."""
        if name not in self._clients:
            self._clients[name] = ActionClient(self.client.node, kind, name)
        action = self._clients[name]
        self.client.wait(action.server_is_ready, PATIENCE, f"action server {name}")
        return self.client.result(action.send_goal_async(goal), PATIENCE, f"answer of {name}")

    def run(self, kind: Any, name: str, goal: Any) -> Any:
        """Status and result of a goal that is accepted."""
        handle = self.send(kind, name, goal)
        assert handle.accepted, f"{name} refused the goal"
        return self.client.result(handle.get_result_async(), PATIENCE, f"result of {name}")

    def move_to(self, positions: np.ndarray, seconds: float = 3.0) -> Any:
        """Drive the arm to `positions` (7,) rad."""
        return self.run(FollowJointTrajectory, ARM_ACTION, trajectory_goal((seconds, positions)))
