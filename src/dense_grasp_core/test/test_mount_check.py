"""Mistakes of a hand-eye transform that a table and two poses of the arm find, counted over plausible mounts."""

from __future__ import annotations

import numpy as np
import pytest
from dense_grasp_core.cell_measures.mount_check import (
    Mount,
    MountFigures,
    MountView,
    PointPair,
    explanations,
    figures,
    mistakes,
)
from dense_grasp_core.cell_measures.table_plane import Plane
from dense_grasp_core.geometry.se3 import exp, from_quaternion, inverse, transform

#: camera_link_from_color_optical of a D435.
LINK_FROM_OPTICAL = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0.015], [0, -1, 0, 0], [0, 0, 0, 1]])
CENTRE = np.array([0.5, 0.0])
TABLE = 0.02
#: The second pose, seen from the hand: turned about the approach, and tilted.
SECOND_FROM_FIRST = exp([0.0, 0, 0, 0, 0, 0.7]) @ exp([0.0, 0, 0, 0, 0.12, 0])


def turn(axis: int, angle: float) -> np.ndarray:
    xi = np.zeros(6)
    xi[3 + axis] = angle
    return exp(xi)


def shift(*xyz: float) -> np.ndarray:
    motion = np.eye(4)
    motion[:3, 3] = xyz
    return motion


def plausible_hand_from_optical(rng: np.random.Generator) -> np.ndarray:
    """A bracket anywhere around the hand, looking along the approach or up to 30 degrees inwards, its picture's top to
    any of four sides, a degree or two awry.
    """
    radius, height, inwards = rng.uniform(0.05, 0.12), rng.uniform(-0.03, 0.07), rng.uniform(0.0, np.radians(30))
    bracket = turn(2, rng.uniform(0, 2 * np.pi)) @ shift(radius, 0, height) @ turn(1, -inwards)
    return bracket @ turn(2, np.pi / 2 * rng.integers(4)) @ exp([0, 0, 0, *rng.normal(0, 0.02, 3)])


def looking_down(hand_from_optical: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """base_from_hand (4, 4) with the hand about upright and the middle of the picture about in the workspace's."""
    upright = turn(0, np.pi) @ turn(2, rng.uniform(-np.pi, np.pi)) @ exp([0, 0, 0, *rng.normal(0, 0.03, 3)])
    ray = (upright @ hand_from_optical)[:3, 2]
    target = np.array([*(CENTRE + rng.uniform(-0.05, 0.05, 2)), TABLE])
    camera = target - ray * rng.uniform(0.5, 0.65) / -ray[2]
    base_from_hand = upright.copy()
    base_from_hand[:3, 3] = camera - (upright @ hand_from_optical)[:3, 3]
    return base_from_hand


def points_seen(rng: np.random.Generator, count: int) -> np.ndarray:
    """Points (N, 3) of the table and what lies on it, base frame."""
    points = np.column_stack([rng.uniform(0.35, 0.65, count), rng.uniform(-0.12, 0.12, count), np.full(count, TABLE)])
    points[: count // 6, 2] += rng.uniform(0.0, 0.1, count // 6)
    return points


def cell(seed: int, hand_from_optical: np.ndarray | None = None) -> tuple[np.ndarray, list[MountView], PointPair]:
    """What the cameras of a cell see of its table: hand_from_optical, two views, common points with 2 mm of noise.
    Planes are 2 mm and 0.3 degrees off, as fitted ones may be.
    """
    rng = np.random.default_rng(seed)
    mounted = plausible_hand_from_optical(rng) if hand_from_optical is None else hand_from_optical
    first = looking_down(mounted, rng)
    views, common = [], points_seen(rng, 60)
    places = []
    for base_from_hand in (first, first @ SECOND_FROM_FIRST):
        optical_from_base = inverse(base_from_hand @ mounted)
        slope = np.array([*rng.normal(0, 0.003, 2), 1.0])
        table = Plane(slope / np.linalg.norm(slope), TABLE + rng.normal(0, 0.002) + float(slope[:2] @ CENTRE))
        views.append(MountView(base_from_hand, table.moved(optical_from_base)))
        places.append(transform(optical_from_base, common) + rng.normal(0, 0.002, common.shape))
    return mounted, views, PointPair(views[0], views[1], *places)


def believed(mounted: np.ndarray) -> Mount:
    """The mount as it is, in the two parts that TF has of it."""
    return Mount(mounted @ inverse(LINK_FROM_OPTICAL), LINK_FROM_OPTICAL)


def passes_by_plausibility(hand_from_optical: np.ndarray) -> bool:
    """What was looked at before: near the hand, and within 60 degrees of the approach."""
    return bool(np.linalg.norm(hand_from_optical[:3, 3]) <= 0.4 and hand_from_optical[2, 2] >= 0.5)


def test_good_mounts_pass():
    for seed in range(40):
        mounted, views, pair = cell(seed)
        result = figures(mounted, views, CENTRE, TABLE, pair)
        assert result.fits, f"seed {seed}: {result.text()}"
        assert passes_by_plausibility(mounted)


def test_of_200_inverted_mounts_none_passes_two_poses():
    counts = dict.fromkeys(("plausible", "table", "two poses", "named"), 0)
    for seed in range(200):
        mounted, views, pair = cell(seed)
        good = believed(mounted)
        inverted = Mount(inverse(good.parent_from_child), good.child_from_optical)
        seems = inverted.parent_from_optical
        plausible = passes_by_plausibility(seems)
        counts["plausible"] += plausible
        counts["table"] += plausible and figures(seems, views[:1], CENTRE, TABLE).fits
        counts["two poses"] += figures(seems, views, CENTRE, TABLE, pair).fits
        fitting = explanations(inverted, views, CENTRE, TABLE, pair)
        counts["named"] += any("inverted" in mistake.name for mistake, _ in fitting)
    print(f"of 200 inverted mounts pass: {counts}")
    assert counts["plausible"] >= 40
    assert counts["table"] <= 10
    assert counts["two poses"] == 0
    assert counts["named"] == 200


@pytest.mark.parametrize("number", range(len(mistakes(Mount(np.eye(4))))))
def test_each_mistake_is_found_and_named_from_two_poses(number):
    found = 0
    for seed in range(20):
        mounted, views, pair = cell(1000 + seed)
        true = believed(mounted)
        wrong, scale = _with_mistake(true, number)
        scaled_views = [MountView(v.base_from_parent, v.plane.scaled(1 / scale)) for v in views]
        scaled = PointPair(scaled_views[0], scaled_views[1], pair.first_points / scale, pair.second_points / scale)
        assert not figures(wrong.parent_from_optical, scaled_views, CENTRE, TABLE, scaled).fits
        names = [m.name for m, _ in explanations(wrong, scaled_views, CENTRE, TABLE, scaled)]
        assert mistakes(wrong)[number].name in names, names
        found += len(names) == 1
    assert found >= 18


def _with_mistake(true: Mount, number: int) -> tuple[Mount, float]:
    """The mount that an operator wrote down who made that mistake, and the factor that depth would need."""
    given, optical = true.parent_from_child, true.child_from_optical
    whole = true.parent_from_optical
    written = [
        inverse(given),
        whole,
        inverse(whole),
        whole @ turn(2, np.pi) @ inverse(optical),
        turn(2, -np.pi / 4) @ given,
    ]
    if number < len(written):
        return Mount(written[number], optical), 1.0
    return true, mistakes(true)[number].scale


def test_the_shipped_mount_inverted_is_144_mm_off_and_found_from_one_pose():
    given = from_quaternion([0.5**0.5, 0.0, 0.5**0.5, 0.0], [0.065, -0.0175, 0.035])
    mounted = given @ LINK_FROM_OPTICAL
    _, views, _ = cell(7, mounted)
    inverted = Mount(inverse(given), LINK_FROM_OPTICAL)
    off = np.linalg.norm((inverted.parent_from_optical - mounted)[:3, 3])
    assert off == pytest.approx(0.144, abs=0.003)
    assert passes_by_plausibility(inverted.parent_from_optical)
    result = figures(inverted.parent_from_optical, views[:1], CENTRE, TABLE)
    assert abs(result.offset) > 0.08
    (mistake, undone), *_ = explanations(inverted, views[:1], CENTRE, TABLE)
    assert "inverted" in mistake.name
    assert abs(undone.offset) < 0.005


def test_a_mistake_that_a_level_table_hides_shows_from_two_poses():
    """A camera moved along the table is at the right height: only the second pose tells."""
    mounted, views, pair = cell(3, turn(2, 0.3) @ shift(0.06, 0.0, 0.03))
    moved = shift(0.05, 0.0, 0.0) @ mounted
    assert figures(moved, views[:1], CENTRE, TABLE).fits
    result = figures(moved, views, CENTRE, TABLE, pair)
    assert not result.fits
    assert 0.02 < result.apart < 0.05
    assert result.apart == pytest.approx(np.linalg.norm(result.shift), rel=0.2)


def test_a_wrong_table_height_has_no_explanation_but_itself():
    mounted, views, pair = cell(5)
    result = figures(mounted, views, CENTRE, TABLE + 0.04, pair)
    assert not result.fits
    assert result.offset == pytest.approx(-0.04, abs=0.004)
    assert not explanations(believed(mounted), views, CENTRE, TABLE + 0.04, pair)


def test_figures_say_what_they_are():
    assert MountFigures(0.1, 3.0).text() == "the table +100 mm from table_height, tilted by 3.0 deg"
    assert "12 mm apart" in MountFigures(0.0, 0.0, 0.012).text()
    assert not MountFigures(float("nan"), 90.0).fits
