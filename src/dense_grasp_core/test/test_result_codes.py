import re
from pathlib import Path

import pytest
from dense_grasp_core.result_codes import GraspCode, MatchCode, Stage

INTERFACES = Path(__file__).resolve().parents[2] / "dense_grasp_interfaces"


def constants(name, kind):
    file = INTERFACES / name
    if not file.is_file():
        pytest.skip(f"{file} is not beside this package")
    return {key: int(value) for key, value in re.findall(rf"^{kind} (\w+)=(\d+)", file.read_text(), re.M)}


@pytest.mark.parametrize(
    ("enum", "name", "kind"),
    [
        (MatchCode, "msg/KeypointMatch.msg", "uint8"),
        (GraspCode, "action/GraspObject.action", "uint16"),
        (Stage, "action/GraspObject.action", "uint8"),
    ],
)
def test_codes_are_those_of_the_interfaces(enum, name, kind):
    assert {code.name: code.value for code in enum} == constants(name, kind)
