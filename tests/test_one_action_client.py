"""Nobody takes rclpy's action client, which loses an answer that comes before its request is noted."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Compares the server with what any user's client sees.
ON_PURPOSE = {"src/dense_grasp_ros/test/test_action_server.py"}
OURS = ROOT / "src/dense_grasp_ros/dense_grasp_ros/action_client.py"


def bare_clients(source: str) -> list[int]:
    """Lines that name rclpy's ActionClient: imported from rclpy.action, or as an attribute of it."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rclpy.action"):
            lines += [node.lineno for alias in node.names if alias.name in ("ActionClient", "*")]
        if isinstance(node, ast.Attribute) and node.attr == "ActionClient":
            owner = ast.unparse(node.value)
            lines += [node.lineno] if owner.startswith("rclpy.action") or owner == "action" else []
    return lines


def test_the_rule_sees_what_it_forbids():
    assert bare_clients("from rclpy.action import ActionServer, ActionClient as Client") == [1]
    assert bare_clients("import rclpy.action\nrclpy.action.ActionClient(node, kind, name)") == [2]
    assert bare_clients("from dense_grasp_ros.action_client import ActionClient\nActionClient(node, kind, name)") == []


def test_everybody_uses_the_one_that_loses_no_answer():
    """The stand-ins of underlay/ are upstream's command; it spins in the thread that sends, where nothing is lost."""
    files = [path for folder in ("src", "tests", "tools") for path in (ROOT / folder).rglob("*.py") if path != OURS]
    assert len(files) > 100
    found = {str(path.relative_to(ROOT)): lines for path in files if (lines := bare_clients(path.read_text()))}
    assert set(found) == ON_PURPOSE, found
