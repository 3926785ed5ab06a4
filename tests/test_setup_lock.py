"""The lock compiler's pure parts."""

from __future__ import annotations

import pytest

from tools.setup.lock import added, simplify, split


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a==1", "a==1"),
        ("a==1 ; sys_platform == 'win32'", None),
        ("a==1 ; sys_platform != 'win32'", "a==1"),
        ("a==1 ; python_full_version < '3.11'", "a==1 ; python_version < '3.11'"),
        ("a==1 ; python_full_version >= '3.11' and python_full_version < '3.15'", "a==1 ; python_version >= '3.11'"),
        ("a==1 ; python_full_version == '3.11.*'", "a==1 ; python_version == '3.11'"),
        ("a==1 ; platform_machine == 'aarch64'", None),
    ],
)
def test_markers_are_reduced_to_python_versions(line, expected):
    assert simplify(line) == expected


def test_resolved_lines_are_split_by_name():
    lines = ["# made by uv", "", "numpy==2", "ros-std-msgs==5", "colorama==1 ; sys_platform == 'win32'"]
    assert split(lines) == (["numpy==2"], ["ros-std-msgs==5"])


def test_what_training_adds_is_what_the_robot_lacks():
    whole = ["absl==2", "numpy==2", "torch==2.15"]
    assert added(whole, ["absl==2 ; python_version < '3.11'", "numpy==2"]) == ["absl==2", "torch==2.15"]
