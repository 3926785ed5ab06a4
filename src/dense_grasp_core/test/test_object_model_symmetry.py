"""A box that looks the same both ways does so to its scan, and no other motion of it does."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_core.object_model.symmetry import Symmetry
from dense_grasp_core.object_model.template_search import Templates
from dense_grasp_core.object_model.view_bank import ViewBank, build

_spec = importlib.util.spec_from_file_location("scanned_box", Path(__file__).with_name("scanned_box.py"))
box = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(box)


def symmetry_of(bank: ViewBank) -> Symmetry:
    return Symmetry(bank, Templates.of(bank).basis)


@pytest.fixture(scope="module")
def same_both_ways() -> Symmetry:
    return symmetry_of(build(box.scan(both_ways=True), box.describe, most_rendered=0))


@pytest.fixture(scope="module")
def printed() -> Symmetry:
    return symmetry_of(build(box.scan(), box.describe, most_rendered=0))


def turned(axis: str, degrees: float, shift: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> np.ndarray:
    one, other = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    motion, angle = np.eye(4), np.radians(degrees)
    motion[one, one] = motion[other, other] = np.cos(angle)
    motion[one, other], motion[other, one] = -np.sin(angle), np.sin(angle)
    motion[:3, 3] = shift
    return motion


@pytest.mark.parametrize("motion", [turned("z", 180), turned("z", -180), turned("z", 178, (0.001, -0.001, 0.001))])
def test_half_a_turn_of_a_box_that_looks_the_same_both_ways(same_both_ways, printed, motion) -> None:
    assert same_both_ways.holds(motion) and not printed.holds(motion)


@pytest.mark.parametrize(
    "motion",
    [turned("z", 90), turned("z", 40), turned("x", 90), turned("y", 60), turned("z", 180, (0.02, 0.0, 0.0))],
    ids=["quarter", "edge to the front", "lying", "leaning", "beside"],
)
def test_where_its_shape_does_not_fit(same_both_ways, motion) -> None:
    assert not same_both_ways.holds(motion)


@pytest.mark.parametrize("axis", "xy")
def test_what_the_scan_did_not_see_is_not_taken_for_the_same(same_both_ways, axis) -> None:
    """Its bottom would lie on top; no picture shows it."""
    assert not same_both_ways.holds(turned(axis, 180))
