"""A node's process from its start to its end, as processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from dense_grasp_ros.node_runner import CONFIGURATION_ERROR

PROGRAM = """
import os
import signal
import sys
import time
import rclpy
from dense_grasp_ros.node_runner import run_node
from dense_grasp_core.errors import DenseGraspError
from rclpy.node import Node

class Under(Node):
    def __init__(self):
        super().__init__("under_test")
        self.timer = self.create_timer(0.05, self.tick)
    def tick(self):
        print("runs", flush=True)
        self.timer.cancel()
        {tick}
    def destroy_node(self):
        print("closed", flush=True)
        super().destroy_node()

def refuse():
    raise DenseGraspError("speed is -1, expected > 0")

def interrupt():
    os.kill(os.getpid(), signal.SIGINT)
    while rclpy.ok():
        time.sleep(0.01)

def interrupted_before():
    interrupt()
    return Under()

def interrupted_after():
    node = Under()
    interrupt()
    return node

sys.exit(run_node("under_test", {make}))
"""


def start(make: str, tick: str = "pass") -> subprocess.Popen[str]:
    program = PROGRAM.format(make=make, tick=tick)
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ, ROS_AUTOMATIC_DISCOVERY_RANGE="OFF"),
    )


def test_parameters_that_are_refused_are_said_in_one_line():
    process = start("refuse")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (CONFIGURATION_ERROR, "")
    assert err == "under_test: speed is -1, expected > 0\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(number):
    process = start("Under")
    assert process.stdout.readline() == "runs\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert out == "closed\n" and "Traceback" not in err


@pytest.mark.parametrize(("make", "said"), [("interrupted_before", ""), ("interrupted_after", "closed\n")])
def test_a_signal_while_it_starts_ends_it_cleanly(make, said):
    process = start(make)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, said), err
    assert "Traceback" not in err


def test_what_a_callback_raises_is_logged_and_the_node_goes_on():
    process = start("Under", tick='self.create_timer(0.05, self.tick); self.count_publishers("not a name")')
    assert [process.stdout.readline() for _ in range(3)] == ["runs\n"] * 3
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and out.endswith("closed\n")
    assert "a callback failed, the node goes on" in err and "not a name" in err and "in tick" in err


def test_a_node_that_asks_for_a_new_start_ends_with_its_sentence():
    process = start("Under", tick='from dense_grasp_ros.node_runner import RestartNeeded; raise RestartNeeded("deaf")')
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and err == "under_test: deaf\n"
    assert out == "runs\nclosed\n"


def test_an_error_outside_of_callbacks_ends_it():
    """The loop itself cannot go on; launch is to start the node again."""
    process = start("Under", tick="self.executor.wait_for_ready_callbacks = None")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and "NoneType" in err
    assert out == "runs\nclosed\n"
