import re
from pathlib import Path

import pytest
from dense_grasp_core.result_codes import GraspCode, MatchCode, Stage, StoreCode

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


STORE_SERVICES = ("RegisterDescriptor", "ListDescriptors", "DeleteDescriptor")


def test_the_codes_of_the_store_are_those_of_its_services():
    told = [constants(f"srv/{name}.srv", "uint8") for name in STORE_SERVICES]
    assert {code.name: code.value for code in StoreCode} == {name: value for one in told for name, value in one.items()}


def test_a_number_means_the_same_in_every_answer():
    """Failed before: 3 to 6 meant one thing in LocateKeypoints and another in RegisterDescriptor."""
    answers = [constants("msg/KeypointMatch.msg", "uint8")]
    answers += [constants(f"srv/{name}.srv", "uint8") for name in STORE_SERVICES]
    names: dict[int, set[str]] = {}
    for answer in answers:
        for name, value in answer.items():
            names.setdefault(value, set()).add(name)
    assert {value: given for value, given in names.items() if len(given) > 1} == {}
    assert max(names) < GraspCode.PERCEPTION_UNAVAILABLE - GraspCode.PERCEPTION
    goal = constants("action/GraspObject.action", "uint16")
    assert set(goal.values()) & set(names) == {0}  # SUCCESS, and OK
