import re
from pathlib import Path

import pytest
from dense_grasp_core.placing.interfaces import Where
from dense_grasp_core.result_codes import (
    GraspCode,
    MatchCode,
    PlaceCode,
    PlaceStage,
    ScanCode,
    ScanStage,
    Stage,
    StoreCode,
    Visibility,
)

INTERFACES = Path(__file__).resolve().parents[2] / "dense_grasp_interfaces"
VISIBILITIES = {"VISIBILITY_UNKNOWN": Visibility.UNKNOWN, "VISIBLE": Visibility.VISIBLE, "HIDDEN": Visibility.HIDDEN}
REQUEST, ANSWER, FEEDBACK = range(3)


def constants(file: Path, section: int = 0) -> dict[str, int]:
    """The constants of a section of an interface: the goal or request, the answer, the feedback."""
    if not file.is_file():
        pytest.skip(f"{file} is not beside this package")
    part = re.split(r"^---$", file.read_text(), flags=re.M)[section]
    return {name: int(value) for name, value in re.findall(r"^uint(?:8|16) (\w+)=(\d+)", part, re.M)}


def match_codes() -> dict[str, int]:
    found = constants(INTERFACES / "msg" / "KeypointMatch.msg")
    return {name: value for name, value in found.items() if name not in VISIBILITIES}


def answers(kind: str) -> dict[str, dict[str, int]]:
    """The codes of every service ("srv") or action ("action"), by its name."""
    return {file.stem: constants(file, ANSWER) for file in sorted((INTERFACES / kind).glob(f"*.{kind}"))}


def names_by_number(codes: list[dict[str, int]]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for one in codes:
        for name, value in one.items():
            found.setdefault(value, set()).add(name)
    return found


def values(enum) -> dict[str, int]:
    return {code.name: code.value for code in enum}


def test_codes_are_those_of_the_interfaces():
    assert values(MatchCode) == match_codes()
    assert values(GraspCode) == constants(INTERFACES / "action" / "GraspObject.action", ANSWER)
    assert values(Stage) == constants(INTERFACES / "action" / "GraspObject.action", FEEDBACK)
    assert values(ScanCode) == constants(INTERFACES / "action" / "ScanObject.action", ANSWER)
    assert values(ScanStage) == constants(INTERFACES / "action" / "ScanObject.action", FEEDBACK)
    assert values(PlaceCode) == constants(INTERFACES / "action" / "PlaceObject.action", ANSWER)
    assert values(PlaceStage) == constants(INTERFACES / "action" / "PlaceObject.action", FEEDBACK)
    assert values(Where) == constants(INTERFACES / "action" / "PlaceObject.action", REQUEST)
    found = constants(INTERFACES / "msg" / "KeypointMatch.msg")
    assert {name: found[name] for name in VISIBILITIES} == VISIBILITIES


def test_the_codes_of_the_store_are_those_of_its_services():
    told = answers("srv")
    del told["LocateKeypoints"]  # KeypointMatch has its codes
    assert values(StoreCode) == {name: value for one in told.values() for name, value in one.items()}


def test_a_number_and_a_name_mean_the_same_in_every_answer():
    """Failed before: 3 to 6 meant one thing in LocateKeypoints and another in RegisterDescriptor."""
    services, actions = [match_codes(), *answers("srv").values()], list(answers("action").values())
    assert len(actions) == 3 and len(services) > 8, "more than one action, or nothing is compared"
    for codes in (services, actions):
        numbers = names_by_number(codes)
        assert {number: names for number, names in numbers.items() if len(names) > 1} == {}
        assert len(numbers) == len({name for names in numbers.values() for name in names})
    assert max(names_by_number(services)) < GraspCode.PERCEPTION_UNAVAILABLE - GraspCode.PERCEPTION
    assert set(names_by_number(services)) & set(names_by_number(actions)) == {0}  # SUCCESS, and OK
