"""Records of grippers: what they say, and what is refused."""

from __future__ import annotations

from math import cos, sin
from pathlib import Path

import numpy as np
import pytest
import yaml
from dense_grasp_core.grippers import record as module
from dense_grasp_core.grippers.record import GripperRecordError, gripper_record, shipped_grippers

SHIPPED = Path(module.__file__).parent


@pytest.mark.parametrize("name", shipped_grippers())
@pytest.mark.parametrize("prefix", ["", "left_"])
def test_a_width_and_its_position_are_each_others_inverse(name: str, prefix: str) -> None:
    gripper = gripper_record(name, "fr3", prefix)
    for width in np.linspace(0.0, gripper.greatest_width, 41):
        assert gripper.width_at(gripper.position(width)) == pytest.approx(width, abs=1e-12)
    names = (*gripper.joints, gripper.hand, gripper.tcp, *gripper.finger_links, *gripper.links)
    assert all(text.startswith(prefix) for text in names) and "{" not in "".join(names)


def test_frankas_width_is_the_sum_of_its_fingers() -> None:
    hand = gripper_record("franka", "panda", "left_")
    assert hand.joints == ("left_panda_finger_joint1", "left_panda_finger_joint2")
    assert hand.width([0.011, 0.012]) == 0.011 + 0.012
    assert hand.width([-1e-5, 1e-6]) == 0.0
    assert hand.width([0.0401, 0.0401]) == pytest.approx(0.0802)
    assert hand.position(0.08) == 0.04


def test_robotiqs_width_is_that_of_its_fingers_parallelogram() -> None:
    """Lengths of robotiq_2f_85_macro.urdf.xacro: a finger tip's joint keeps its orientation on a circle of 57 mm."""
    gripper = gripper_record("robotiq", "fr3")
    for angle in np.linspace(0.0, 0.8, 81):
        half = 0.0425 - 0.0371575 * (1.0 - cos(angle)) - 0.04342168 * sin(angle)
        assert gripper.width([angle]) == pytest.approx(2.0 * half, abs=2e-4)


def test_robotiqs_fingers_close_along_x_of_its_base() -> None:
    pose = gripper_record("robotiq", "fr3").hand_from_tcp
    np.testing.assert_allclose(pose[:3, :3] @ [0.0, 1.0, 0.0], [1.0, 0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(pose[:3, 2], [0.0, 0.0, 1.0], atol=1e-12)


def changed(tmp_path: Path, **changes: object) -> str:
    """Path of Franka's record with some fields changed; None: left out."""
    content = {**yaml.safe_load((SHIPPED / "franka.yaml").read_text()), **changes}
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({name: value for name, value in content.items() if value is not None}))
    return str(path)


def test_a_record_of_ones_own_is_read_by_its_path(tmp_path: Path) -> None:
    gripper = gripper_record(
        changed(tmp_path, joints=["{prefix}jaw"], widths=[[0, 0.05], [1, 0]], greatest_width=0.05), "fr3"
    )
    assert gripper.name == "mine" and gripper.joints == ("jaw",) and gripper.position(0.05) == 0.0


def test_a_record_may_be_like_another_but_for_some_fields(tmp_path: Path) -> None:
    (tmp_path / "long_fingers.yaml").write_text("like: franka\ntcp_xyz: [0.0, 0.0, 0.13]\n")
    gripper, franka = gripper_record(str(tmp_path / "long_fingers.yaml"), "fr3"), gripper_record("franka", "fr3")
    assert gripper.tcp_xyz == (0.0, 0.0, 0.13) and gripper.joints == franka.joints
    (tmp_path / "mine.yaml").write_text("like: vacuum\n")
    with pytest.raises(GripperRecordError, match="like is 'vacuum', expected one of franka, gripper_command, robotiq"):
        gripper_record(str(tmp_path / "mine.yaml"), "fr3")


@pytest.mark.parametrize("field", sorted(yaml.safe_load((SHIPPED / "franka.yaml").read_text())))
def test_a_record_that_lacks_a_field_is_refused_by_file_and_field(tmp_path: Path, field: str) -> None:
    with pytest.raises(GripperRecordError, match=rf"gripper record .*mine\.yaml lacks {field}, expected convention, "):
        gripper_record(changed(tmp_path, **{field: None}), "fr3")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": "red"}, "has unknown colour, expected convention"),
        ({"needs_homing": "often"}, "needs_homing is 'often', expected true or false"),
        ({"greatest_force": "strong"}, "greatest_force is 'strong', expected a number"),
        ({"greatest_force": float("nan")}, "greatest_force is nan, expected finite numbers"),
        ({"tcp_xyz": [0.0, float("inf"), 0.1]}, r"tcp_xyz is \(0\.0, inf, 0\.1\), expected finite numbers"),
        ({"widths": [[0.0], [1.0, 2.0]]}, r"widths is \[0\.0\], expected 2 numbers"),
        ({"greatest_force": 0.0}, r"greatest_force is 0\.0, expected a number above 0"),
        ({"joints": []}, "joints is empty, expected at least one name"),
        ({"joints": "jaw"}, "joints is 'jaw', expected a list of texts"),
        ({"joints": ["jaw", ""]}, r"joints is \['jaw', ''\], expected no empty name"),
        ({"position_unit": "mm"}, "position_unit is 'mm', expected m or rad"),
        ({"command": "squeeze"}, "command is 'squeeze', expected one of its actions homing, move"),
        ({"tcp_xyz": [0.0, 0.1]}, r"tcp_xyz is \[0\.0, 0\.1\], expected 3 numbers"),
        ({"widths": [[0.0, 0.0]]}, "widths are expected as two or more rows"),
        ({"widths": [[0.0, 0.0], [0.02, 0.04], [0.04, 0.03]]}, "widths rising or falling"),
        ({"greatest_width": 0.1}, r"greatest_width is 0\.1, expected the widest of its widths, 0\.08"),
        ({"hand": "{robot}_hand"}, "a placeholder that is neither {arm} nor {prefix}"),
    ],
)
def test_a_record_that_cannot_be_is_refused(tmp_path: Path, changes: dict, message: str) -> None:
    with pytest.raises(GripperRecordError, match=message):
        gripper_record(changed(tmp_path, **changes), "fr3")


def test_a_gripper_that_nobody_knows_and_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(
        GripperRecordError, match="'vacuum', expected one of franka, gripper_command, robotiq, or the path"
    ):
        gripper_record("vacuum", "fr3")
    with pytest.raises(GripperRecordError, match="cannot be read"):
        gripper_record(str(tmp_path / "none.yaml"), "fr3")
    (tmp_path / "list.yaml").write_text("- a")
    with pytest.raises(GripperRecordError, match="expected the fields of a record"):
        gripper_record(str(tmp_path / "list.yaml"), "fr3")
