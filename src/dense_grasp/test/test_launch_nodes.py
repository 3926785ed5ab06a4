"""Which nodes launch starts again, with real processes."""

from __future__ import annotations

import sys
from collections import Counter

import pytest

pytest.importorskip("launch_ros", reason="the workspace is not sourced")

import dense_grasp.launch_nodes as launch_nodes
from dense_grasp_ros.node_runner import CONFIGURATION_ERROR
from launch import LaunchDescription, LaunchService
from launch.actions import RegisterEventHandler, Shutdown, TimerAction
from launch.event_handlers import OnProcessExit

# Ends with the codes of its arguments in turn; the count of its starts is kept in a file.
PROGRAM = """
import sys
from pathlib import Path
starts = Path(sys.argv[1])
number = int(starts.read_text()) if starts.exists() else 0
starts.write_text(str(number + 1))
sys.exit(int(sys.argv[2].split(",")[number]))
"""


def run(tmp_path, monkeypatch, codes: list[int]) -> tuple[int, list[int]]:
    """Starts and exit codes of a node that ends with these codes."""
    monkeypatch.setattr(launch_nodes, "RESPAWN_DELAY_S", 0.05)
    program, starts = tmp_path / "program.py", tmp_path / "starts"
    program.write_text(PROGRAM)
    exits: list[int] = []

    def note(event, context):
        exits.append(event.returncode)
        # The last one gets a moment in which a further start would be seen.
        return [TimerAction(period=1.0, actions=[Shutdown()])] if len(exits) == len(codes) else None

    node = launch_nodes.lasting_node(
        executable=sys.executable, arguments=[str(program), str(starts), ",".join(map(str, [*codes, 0, 0]))]
    )
    service = LaunchService(noninteractive=True)
    service.include_launch_description(LaunchDescription([RegisterEventHandler(OnProcessExit(on_exit=note)), node]))
    assert service.run() == 0
    return int(starts.read_text()), exits


def test_a_wrong_configuration_is_not_tried_again(tmp_path, monkeypatch):
    assert run(tmp_path, monkeypatch, [CONFIGURATION_ERROR]) == (1, [CONFIGURATION_ERROR])


def test_any_other_end_is_followed_by_a_start(tmp_path, monkeypatch):
    starts, exits = run(tmp_path, monkeypatch, [1, 0, CONFIGURATION_ERROR])
    assert starts == 3
    assert Counter(exits) == Counter([1, 0, CONFIGURATION_ERROR])
