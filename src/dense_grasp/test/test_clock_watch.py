"""A clock that stands still or jumps."""

from __future__ import annotations

import threading
from itertools import count

import pytest
from dense_grasp.ros.clock_watch import STANDSTILL, ClockWatch
from dense_grasp_core.errors import Canceled
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.result_codes import GraspCode
from rclpy.node import Node
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock

NUMBERS = count()


class Simulated:
    """A node on a clock that the test moves."""

    def __init__(self, graph, until):
        name = f"/clock_{next(NUMBERS)}"
        arguments = ["--ros-args", "-r", f"/clock:={name}"]
        overrides = [Parameter("use_sim_time", value=True)]
        self.node = graph.spin(Node("timed", context=graph.context, cli_args=arguments, parameter_overrides=overrides))
        self.publisher = graph.node.create_publisher(Clock, name, 1)
        self.until = until
        until(lambda: self.publisher.get_subscription_count(), 10.0, "clock subscription")
        self.wall = 0.0
        self.watch = ClockWatch(self.node, lambda: self.wall)

    def set(self, seconds: float) -> None:
        message = Clock()
        message.clock.sec, message.clock.nanosec = int(seconds), round(1e9 * (seconds % 1.0))
        self.publisher.publish(message)
        self.until(lambda: abs(self.node.get_clock().now().nanoseconds - 1e9 * seconds) < 1e3, 10.0, "time")


@pytest.fixture
def simulated(graph, until):
    return Simulated(graph, until)


def test_small_steps_are_no_jumps_and_large_ones_are(simulated):
    seen = []
    simulated.watch.on_jump(lambda: seen.append(1))
    simulated.set(100.0)
    mark, before = simulated.watch.mark(), len(seen)
    simulated.set(100.5)
    assert not simulated.watch.jumped_since(mark)
    simulated.set(99.0)
    assert simulated.watch.jumped_since(mark) and "-1.500 s" in simulated.watch.jump
    mark = simulated.watch.mark()
    simulated.set(110.0)
    assert simulated.watch.jumped_since(mark)
    assert len(seen) == before + 2


def test_a_step_that_the_wall_gave_time_for_is_no_jump(simulated):
    """A process that is held up for three seconds hears of the simulated clock what went on meanwhile."""
    simulated.set(100.0)
    mark = simulated.watch.mark()
    assert not simulated.watch.jumped_since(mark)
    simulated.wall += 3.0
    simulated.set(103.0)
    assert not simulated.watch.jumped_since(mark), simulated.watch.jump
    simulated.wall += 0.05
    simulated.set(106.0)
    assert simulated.watch.jumped_since(mark), "so fast does no simulation run"


def test_a_clock_that_stands_still_is_refused(simulated):
    simulated.set(100.0)
    with pytest.raises(GraspFailure, match=r"/clock stands at 100\.000 s") as failure:
        simulated.watch.check_running()
    assert failure.value.code == GraspCode.CLOCK_ERROR


def test_a_clock_that_goes_on_is_taken(simulated):
    simulated.set(100.0)
    timer = threading.Timer(0.2, lambda: simulated.set(100.1))
    timer.start()
    simulated.watch.check_running()
    timer.join()


def test_a_node_that_has_just_started_waits_longer_for_its_first_time(simulated):
    timer = threading.Timer(STANDSTILL + 0.3, lambda: simulated.set(100.0))
    timer.start()
    simulated.watch.check_running()
    timer.join()


def test_the_wait_for_the_first_time_can_be_canceled(simulated):
    with pytest.raises(Canceled):
        simulated.watch.check_running(lambda: True)


def test_the_walls_clock_always_goes_on(graph):
    ClockWatch(graph.node).check_running()
