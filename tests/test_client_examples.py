"""The example programs of dense_grasp_client, as a user would run them, on the running cell."""

from __future__ import annotations

import os
import signal
import subprocess

import cv2
import numpy as np
import pytest
from dense_grasp_bench.taught_clicks import CAP
from dense_grasp_sim.physics.simulator import OBSERVE_JOINTS

from dense_grasp_client import GraspClient, Refused
from dense_grasp_interfaces.action import GraspObject

pytestmark = pytest.mark.graph


def environment(cell) -> dict[str, str]:
    """Of a process in the cell's domain."""
    return dict(os.environ, ROS_DOMAIN_ID=str(cell.client.domain), ROS_AUTOMATIC_DISCOVERY_RANGE="LOCALHOST")


def run(cell, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`ros2 run dense_grasp_client ARGUMENTS… --sim-time` in the cell's domain."""
    command = ["ros2", "run", "dense_grasp_client", *arguments, "--sim-time"]
    return subprocess.run(command, env=environment(cell), capture_output=True, text=True, timeout=300)


def contact_pixel(cell) -> tuple[float, float]:
    """Where the operator would click: px in the colour image."""
    pixel = cell.session.truth([CAP.clicks["contact"]]).pixels[0]
    return float(round(pixel.x)), float(round(pixel.y))


def test_teach_and_locate_says_where_the_point_is(cell):
    u, v = contact_pixel(cell)
    done = run(cell, "teach_and_locate", "cap", "example", str(u), str(v))
    assert done.returncode == 0, done.stderr
    assert "found at pixel (" in done.stdout and "in fr3_link0: x 0." in done.stdout
    listed = run(cell, "list_taught", "--object", "cap")
    assert "cap/example: clicked at (" in listed.stdout


def test_grasp_taught_plans_and_moves_nothing(cell):
    cell.teach_again()
    before = cell.joint_positions()
    done = run(cell, "grasp_taught", "cap", "--plan-only")
    assert done.returncode == 0, done.stderr
    assert "planning: " in done.stdout and "tool centre point in fr3_link0: 0." in done.stdout
    assert cell.joint_positions() == pytest.approx(before, abs=1e-3)


def test_ctrl_c_cancels_the_grasp(cell):
    """A program that is gone must leave no motion behind."""
    cell.teach_again()
    with subprocess.Popen(
        ["ros2", "run", "dense_grasp_client", "grasp_taught", "cap", "--may-drop", "--sim-time"],
        env=environment(cell),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert any(line.startswith("approaching: ") for line in process.stdout), "the goal never got that far"
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) != 0
    assert cell.joint_speed() < 0.05
    cell.client.move_arm(OBSERVE_JOINTS, 3.0)  # a canceled arm stays where it is
    result = cell.client.grasp(GraspObject.Goal(object_id="cap", plan_only=True), 120.0)
    assert result.code == result.SUCCESS, result.message


def test_an_unknown_object_is_one_line_and_exit_status_1(cell):
    done = run(cell, "grasp_taught", "teapot", "--plan-only")
    assert done.returncode == 1
    assert done.stderr.startswith("error: grasp of teapot: code 103") and done.stderr.count("\n") == 1


def test_the_facade_forgets_refuses_and_cancels_nothing(cell):
    client = GraspClient(connection=cell.client.connection)
    u, v = contact_pixel(cell)
    client.teach("cap", "again", u, v)
    with pytest.raises(Refused, match=r"cap/again at pixel .*: code 17") as caught:
        client.teach("cap", "again", u, v)
    assert caught.value.code == 17
    assert "again" in [row.keypoint for row in client.taught("cap")]
    picture = client.picture("cap", "again")
    image = cv2.imdecode(np.frombuffer(picture.image.data, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (480, 640, 3) and image.std() > 5.0
    assert (picture.u, picture.v, picture.camera_info.width) == (u, v, 640)
    assert client.rename("cap", "again", "renamed") == 1
    with pytest.raises(Refused, match="code 17"):
        client.rename("cap", "renamed", "contact")
    assert client.forget("cap", "renamed") == 1
    assert not {"again", "renamed"} & {row.keypoint for row in client.taught("cap")}
    stages: list[int] = []
    result = client.plan("cap", on_stage=lambda stage, _detail: stages.append(stage))
    assert result.used_contact == "contact" and len(result.path) == 3 and GraspObject.Feedback.PLANNING in stages
    assert not client.cancel()
