"""The watchdog against real action servers: what moves is stopped when its executor falls silent, and nothing else."""

from __future__ import annotations

import threading
import time
from itertools import count

import pytest
from control_msgs.action import FollowJointTrajectory
from dense_grasp.arm.heartbeat import Heartbeat
from dense_grasp.nodes.motion_watchdog import CHECK_PERIOD, SHORTEST_CHECK, MotionWatchdog
from dense_grasp.ros.waiting import Deadline
from dense_grasp_ros.action_client import ActionClient
from dense_grasp_ros.local_graph import PATIENCE
from franka_msgs.action import Grasp
from rclpy.action import ActionServer, CancelResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from std_srvs.srv import Trigger

from dense_grasp_interfaces.action import GraspObject
from dense_grasp_interfaces.msg import Heartbeat as HeartbeatMessage

NUMBERS = count()
TIMEOUT = 0.5  # s; generous: watchdog, servers and test share one process


class Cell:
    """An arm and a hand whose motions last until they are canceled."""

    def __init__(self, graph, until):
        self.graph, self.until = graph, until
        self.prefix = f"watched{next(NUMBERS)}_"
        self.canceled: list[tuple[str, float]] = []
        self.stops, self.over = 0, False
        group = ReentrantCallbackGroup()
        self.arm = f"/{self.prefix}fr3_arm_controller/follow_joint_trajectory"
        self.hand = f"/{self.prefix}fr3_gripper"
        self.servers = [
            ActionServer(
                graph.node,
                kind,
                name,
                execute_callback=lambda handle, kind=kind: self.run(handle, kind),
                cancel_callback=lambda handle, what=what: self.cancel(what),
                callback_group=group,
            )
            for kind, name, what in ((FollowJointTrajectory, self.arm, "arm"), (Grasp, f"{self.hand}/grasp", "gripper"))
        ]
        graph.node.create_service(Trigger, f"{self.hand}/stop", self.stop, callback_group=group)
        # One thread, as its main has it: only then are the beats that wait read between one check and the next.
        self.executor = f"/{self.prefix}grasp_object"
        self.stop_service = f"/{self.prefix}stop"
        self.watchdog = graph.start(
            MotionWatchdog,
            prefix=self.prefix,
            heartbeat_timeout=TIMEOUT,
            action=self.executor,
            scan_action=f"{self.executor}_scan",
            place_action=f"{self.executor}_place",
            stop_service=self.stop_service,
        )
        self.topic = f"/{self.prefix}fr3_arm_controller/executor_heartbeat"
        self.heartbeat = Heartbeat(graph.node, self.topic, group)
        until(lambda: graph.node.count_subscribers(self.topic) >= 2, 10.0, "watchdog")

    def serve_executor(self, node):
        """An executor's action on `node`, whose goals run until they are canceled."""
        return ActionServer(
            node,
            GraspObject,
            self.executor,
            execute_callback=lambda handle: self.run(handle, GraspObject),
            cancel_callback=lambda handle: self.cancel("executor"),
            callback_group=ReentrantCallbackGroup(),
        )

    def cancel(self, what):
        self.canceled.append((what, time.monotonic()))
        return CancelResponse.ACCEPT

    def stop(self, request, response):
        self.stops += 1
        response.success = True
        return response

    def run(self, handle, kind):
        end = time.monotonic() + PATIENCE
        while not (handle.is_cancel_requested or self.over) and time.monotonic() < end:
            time.sleep(0.005)
        handle.canceled() if handle.is_cancel_requested else handle.abort()
        return kind.Result()

    def start(self, kind, name):
        """Result future of a goal that runs."""
        client = ActionClient(self.graph.node, kind, name)
        assert client.wait_for_server(PATIENCE)
        sent = client.send_goal_async(kind.Goal())
        self.until(sent.done, 10.0, "acceptance")
        return sent.result().get_result_async()

    def beat(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.heartbeat.beat()
            time.sleep(0.01)


@pytest.fixture
def cell(graph, until):
    made = Cell(graph, until)
    yield made
    made.over = True


def test_a_silent_executor_loses_its_arm_and_the_hand_keeps_its_grip(cell):
    future = cell.start(FollowJointTrajectory, cell.arm)
    with cell.heartbeat.moving("arm"):
        cell.beat(3 * TIMEOUT)
        assert not cell.canceled
        last = cell.heartbeat._last  # this thread may have been held up since
        cell.until(future.done, 10.0, "end of the trajectory")
    what, when = cell.canceled[0]
    assert what == "arm" and when - last > TIMEOUT
    assert cell.stops == 0


def test_an_executor_that_ends_loses_its_arm_without_waiting_for_silence(cell, monkeypatch):
    """Its last beat was just now; beats that come late are none of a living one."""
    monkeypatch.setattr(cell.watchdog, "_timeout", PATIENCE)
    future = cell.start(FollowJointTrajectory, cell.arm)
    with cell.heartbeat.moving("arm"):
        cell.until(lambda: cell.watchdog._movers, 10.0, "first beat")
        cell.heartbeat.close()
        cell.until(future.done, 0.5 * PATIENCE, "end of the trajectory")
        assert cell.canceled[0][0] == "arm" and not cell.watchdog._movers
        cell.heartbeat.beat()
        cell.heartbeat.beat()
    assert cell.heartbeat.identity in cell.watchdog._gone and not cell.watchdog._movers


def test_a_silent_executor_loses_its_moving_fingers(cell):
    future = cell.start(Grasp, f"{cell.hand}/grasp")
    with cell.heartbeat.moving("gripper"):
        cell.until(future.done, 10.0, "end of the grasp")
        cell.until(lambda: cell.stops, 10.0, "stop service")
    assert {what for what, _ in cell.canceled} == {"gripper"}


def test_a_goal_that_is_accepted_after_its_sender_died_is_stopped_too(cell):
    with cell.heartbeat.moving("arm"):
        cell.until(lambda: cell.watchdog._due, 10.0, "first stop")
        future = cell.start(FollowJointTrajectory, cell.arm)
        cell.until(future.done, 10.0, "end of the trajectory")


def test_beats_that_waited_to_be_read_count(cell):
    """A watchdog that was held up looks at the clock before it looks at the beats that came meanwhile."""
    beat = HeartbeatMessage(node="/me", process="me", moves=HeartbeatMessage.ARM)
    cell.watchdog._hear(beat)
    cell.watchdog._timer.cancel()  # from here on the test says when it looks
    mover = cell.watchdog._movers["me"]
    cell.until(lambda: mover.silence.expired, 10.0, "silence")
    cell.watchdog._check()
    assert not cell.watchdog._due
    cell.watchdog._hear(beat)
    cell.watchdog._timer.cancel()
    cell.watchdog._check()
    assert "me" in cell.watchdog._movers and not cell.watchdog._due


def test_a_silence_is_seen_when_it_is_over_and_not_at_the_next_of_fixed_times(cell):
    """Looked at every 10 ms from the first beat on, it would be seen up to 10 ms late."""
    cell.watchdog._hear(HeartbeatMessage(node="/me", process="me", moves=HeartbeatMessage.ARM))
    mover = cell.watchdog._movers["me"]
    until_next = cell.watchdog._until_next
    assert until_next(mover.heard) == CHECK_PERIOD
    assert until_next(mover.heard + TIMEOUT - 0.004) == pytest.approx(0.004)
    assert until_next(mover.heard + TIMEOUT + 1.0) == SHORTEST_CHECK
    mover.look_again = mover.heard + TIMEOUT + 0.007
    assert until_next(mover.heard + TIMEOUT) == pytest.approx(0.007)


def test_a_simulated_clock_that_leaps_right_after_a_beat_is_no_silence(cell, monkeypatch):
    """The clock's messages wait to be read: by it the time may be over at once."""
    monkeypatch.setattr(cell.watchdog, "_silence", lambda: Deadline(0.0))
    future = cell.start(FollowJointTrajectory, cell.arm)
    with cell.heartbeat.moving("arm"):
        cell.beat(3 * TIMEOUT)
        assert not cell.canceled
        cell.until(future.done, 10.0, "end of the trajectory")  # by the wall it is over, too


def test_a_watchdog_that_was_held_up_itself_counts_silence_from_then_on(cell):
    """Stopped for 5 s, it reads the first beat later than its second check: the transport has to wake up, too."""
    node = cell.watchdog
    node.create_timer(0.01, lambda: time.sleep(3 * TIMEOUT) if not held_up.is_set() else None)
    held_up = threading.Event()
    node._hear(HeartbeatMessage(node="/me", process="me", moves=HeartbeatMessage.ARM))
    mover = node._movers["me"]
    cell.until(lambda: mover.excused, 20.0, "a check after the hold-up")
    held_up.set()
    assert not mover.silence.expired and not node._due
    cell.until(lambda: "me" not in node._movers, 20.0, "the end of a silence that it did not sleep through")
    assert {what for _, what in node._due} <= {"arm"}


def test_a_heartbeat_of_something_else_keeps_nobody_from_being_stopped(cell):
    """Failed before: the watchdog looked for what it should stop in vain, ever again, and stopped nothing else."""
    for node, process, moves in (("/n", "p", 3), ("/n", "p", 255), ("n", "p", 1), ("/n", "", 2)):
        cell.watchdog._hear(HeartbeatMessage(node=node, process=process, moves=moves))
    assert not cell.watchdog._movers
    future = cell.start(FollowJointTrajectory, cell.arm)
    with cell.heartbeat.moving("arm"):
        cell.until(future.done, 10.0, "end of the trajectory")


def test_an_idle_executor_may_be_silent(cell):
    future = cell.start(FollowJointTrajectory, cell.arm)
    with cell.heartbeat.moving("arm"):
        cell.beat(0.1)
    cell.until(lambda: not cell.watchdog._movers, 5.0, "rest heard")
    time.sleep(2 * TIMEOUT)
    assert not cell.canceled and not future.done()


def test_executors_of_one_arm_hear_each_other(cell):
    other = Heartbeat(cell.graph.node, cell.topic)
    cell.until(cell.heartbeat.others, 10.0, "the other one")
    assert other.identity in cell.heartbeat.others()[0]
    assert cell.heartbeat.identity != other.identity


def test_a_stop_ends_every_goal_and_says_which(cell):
    cell.servers.append(cell.serve_executor(cell.graph.node))
    futures = [
        cell.start(FollowJointTrajectory, cell.arm),
        cell.start(Grasp, f"{cell.hand}/grasp"),
        cell.start(GraspObject, cell.executor),
    ]
    answer = cell.graph.call(Trigger, cell.stop_service)
    cell.until(lambda: all(future.done() for future in futures), 10.0, "end of all goals")
    assert answer.success, answer.message
    for name in (cell.arm, f"{cell.hand}/grasp", cell.executor):
        assert f"canceled 1 goal of {name}" in answer.message
    assert cell.stops >= 1 and f"called {cell.hand}/stop" in answer.message
    assert cell.graph.call(Trigger, cell.stop_service).message == "nothing was moving by a goal"


def test_a_stop_leaves_fingers_at_rest_alone_and_needs_no_executor(cell):
    future = cell.start(FollowJointTrajectory, cell.arm)
    answer = cell.graph.call(Trigger, cell.stop_service)
    cell.until(future.done, 10.0, "end of the trajectory")
    assert answer.success and answer.message.endswith(f"not there: {cell.executor}")
    assert cell.stops == 0, "they may hold something"


def test_a_stop_works_while_the_executor_hangs(cell):
    hanging = Node("hanging", context=cell.graph.context)  # never spun
    server = cell.serve_executor(hanging)
    cell.until(lambda: not cell.watchdog._stoppable["executor"].missing(), 10.0, "the executor that hangs")
    future = cell.start(FollowJointTrajectory, cell.arm)
    answer = cell.graph.call(Trigger, cell.stop_service)
    cell.until(future.done, 10.0, "end of the trajectory")
    assert not answer.success
    assert f"canceled 1 goal of {cell.arm}" in answer.message and f"NO ANSWER from {cell.executor}" in answer.message
    server.destroy()
    hanging.destroy_node()


def test_a_goal_that_is_accepted_after_the_stop_was_asked_for_is_stopped_too(cell):
    client = cell.graph.node.create_client(Trigger, cell.stop_service)
    assert client.wait_for_service(PATIENCE)
    asked = client.call_async(Trigger.Request())
    future = cell.start(FollowJointTrajectory, cell.arm)
    cell.until(lambda: asked.done() and future.done(), 10.0, "end of stop and trajectory")
