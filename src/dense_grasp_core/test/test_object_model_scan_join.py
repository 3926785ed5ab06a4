"""A box is scanned standing and lying: the scans join by their own matches, and what does not fit is refused."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_core.geometry.se3 import exp, inverse, rotation_angle, transform
from dense_grasp_core.object_model.bank_file import frame_digest
from dense_grasp_core.object_model.coverage import coverage, share_of_all_directions
from dense_grasp_core.object_model.fused_surface import Surface, fuse, seen_through
from dense_grasp_core.object_model.look_at import roll, turn_towards
from dense_grasp_core.object_model.pose import ObjectPose, PoseFinder
from dense_grasp_core.object_model.scan import ScanError
from dense_grasp_core.object_model.scan_join import join, join_to
from dense_grasp_core.object_model.scan_registration import RegistrationError, RegistrationSettings, register
from dense_grasp_core.object_model.scan_writer import write_scan
from dense_grasp_core.object_model.surface_alignment import aligned
from dense_grasp_core.object_model.view_bank import build

_spec = importlib.util.spec_from_file_location("scanned_box", Path(__file__).with_name("scanned_box.py"))
scanned_box = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scanned_box)
HALF = scanned_box.HALF
#: Between the frames of the two scans: the box was turned about y, so that what was its +x side lies up.
SECOND_FROM_FIRST = exp([0.31, -0.12, 0.05, 0.0, -np.pi / 2.0, 0.0]) @ exp([0.0, 0.0, 0.0, 0.0, 0.0, 0.7])


def dome(up, count, both_ways=False):
    """Views of a box that lies with the direction `up` (3,) up, as a scan by the arm takes them, in the box's frame."""
    turned = np.linalg.svd(np.array(up)[None])[2].T[:, [1, 2, 0]]
    turned *= np.sign(turned[:, 2] @ up), 1.0, np.sign(turned[:, 2] @ up)
    views = []
    for index in range(count):
        z = 1.0 - 0.6 * (index + 0.5) / count
        azimuth, flat = index * np.pi * (3.0 - np.sqrt(5.0)), np.sqrt(1.0 - z * z)
        away = turned @ np.array([flat * np.cos(azimuth), flat * np.sin(azimuth), z])
        pose = np.eye(4)
        pose[:3, :3] = roll(0.7 * index) @ turn_towards(-away).T
        pose[:3, 3] = 0.0, 0.0, 0.42
        views.append(scanned_box.picture(pose, f"{index:03d}", seed=index, both_ways=both_ways))
    return views


def in_second_frame(views):
    return [replace(view, camera_from_object=view.pose @ inverse(SECOND_FROM_FIRST)) for view in views]


@pytest.fixture(scope="module")
def first():
    views = dome((0.0, 0.0, 1.0), 10)
    return views, fuse(views)


@pytest.fixture(scope="module")
def second():
    views = in_second_frame(dome((1.0, 0.0, 0.0), 8))
    return views, fuse(views)


@pytest.fixture(scope="module")
def finder(first):
    return PoseFinder(build(first[0], scanned_box.describe, most_rendered=0), scanned_box.describe)


@pytest.fixture(scope="module")
def found(finder, first, second):
    return register(finder, first, second)


def test_the_scans_own_pictures_say_how_they_lie_to_each_other(found, first):
    off = transform(found.second_from_first, first[1].points) - transform(SECOND_FROM_FIRST, first[1].points)
    assert np.linalg.norm(off, axis=1).max() < 0.002
    assert rotation_angle(inverse(SECOND_FROM_FIRST) @ found.second_from_first) < np.radians(1.0)
    assert found.agreeing >= 3 and found.residual < 0.001 and 0.2 < found.common < 0.9
    assert f"{found.agreeing} of {found.looked_at} pictures agree" in str(found)


def test_the_joined_scan_has_the_side_that_one_alone_does_not_see(found, first, second):
    joined = join(first[0], second[0], found)
    assert [np.array_equal(a.pose, b.pose) for a, b in zip(joined.views, first[0], strict=False)] == [True] * 10
    assert len(joined.views) == 18 and joined.check.good
    below = [(surface.normals[:, 2] < -0.9).mean() for surface in (first[1], joined.surface)]
    assert below[0] < 0.01 and below[1] > 0.05
    off = np.abs(np.abs(joined.surface.points) - HALF).min(axis=1)
    assert np.percentile(off, 95) < 0.003
    assert joined.coverage > share_of_all_directions(first[0]) + 0.1
    about = joined.about({"object": "box", "pictures": {"000000": "a"}, "coverage": 0.5}, {"source": "b"}, "digest")
    assert about["object"] == "box" and about["frame"] == "digest" and "pictures" not in about
    assert about["joined"][0]["agreeing"] == found.agreeing and about["joined"][0]["source"] == "b"
    assert len(joined.about(about, {}, "digest")["joined"]) == 2


def test_points_of_before_stay_points_of_the_joined_scan(finder, first, second, tmp_path):
    write_scan(tmp_path / "first", *first, {"object": "box", "base_from_object": np.eye(4).tolist()})
    told = Told(finder.bank, second[0], [(SECOND_FROM_FIRST, 0.8)])
    joined, about = join_to(tmp_path / "first", told, *second, {})
    assert about["base_from_object"] == np.eye(4).tolist()
    write_scan(tmp_path / "both", joined.views, joined.surface, about)
    write_scan(tmp_path / "again", *second, {"object": "box"})
    digests = [frame_digest(tmp_path / name) for name in ("first", "both", "again")]
    assert digests[0] == digests[1] != digests[2]
    assert json.loads((tmp_path / "both" / "scan.json").read_text())["pictures"]["000010"] == "turned 000"


def test_another_object_is_refused(finder, first, monkeypatch):
    monkeypatch.setattr(scanned_box, "_TEXTURES", [texture[::-1, :, ::-1] for texture in scanned_box._TEXTURES])
    views = in_second_frame(dome((1.0, 0.0, 0.0), 4))
    with pytest.raises(RegistrationError, match=r"the scans do not fit together: . of 3 pictures"):
        register(finder, first, (views, fuse(views)), RegistrationSettings(most_pictures=3))


class Told:
    """Answers for each picture what is told: motions from the first scan's frame, with their scores."""

    def __init__(self, bank, views, motions):
        self.bank, self._views, self._motions = bank, views, motions

    def __call__(self, rgb, camera, depth):
        view = next(view for view in self._views if view.rgb is rgb)
        return [ObjectPose(view.pose @ motion, score, 100, 0.8, 0.1) for motion, score in self._motions]


def test_an_object_that_looks_the_same_from_two_sides_is_refused(finder, first, second):
    turned = SECOND_FROM_FIRST @ exp([0.0, 0.0, 0.0, 0.0, 0.0, np.pi])
    for score, refused in ((0.7, True), (0.3, False)):
        told = Told(finder.bank, second[0], [(SECOND_FROM_FIRST, 0.8), (turned, score)])
        if refused:
            with pytest.raises(RegistrationError, match="fit together in two ways, by 8 and 8 of 8 pictures"):
                register(told, first, second)
        else:
            assert register(told, first, second).agreeing == 6


def test_pictures_that_agree_on_nothing_are_refused(finder, first, second):
    class Wandering(Told):
        def __call__(self, rgb, camera, depth):
            self._motions = [(SECOND_FROM_FIRST @ exp([0.0, 0.0, 0.0, 0.0, 0.0, 0.3 * len(asked)]), 0.8)]
            return super().__call__(rgb, camera, depth)

    asked = []
    with pytest.raises(RegistrationError, match="1 of 8 pictures of the second show the first scan's object"):
        register(Wandering(finder.bank, second[0], []), first, second, on_picture=lambda *count: asked.append(count))
    assert asked == [(count, 8) for count in range(8)]


@pytest.mark.parametrize(("score", "joins"), [(0.75, True), (0.35, False)])
def test_two_pictures_are_enough_where_they_are_explained_well(finder, first, second, score, joins):
    views = second[0][:2]
    told = Told(finder.bank, views, [(SECOND_FROM_FIRST, score)])
    if joins:
        assert register(told, first, (views, second[1])).agreeing == 2
    else:
        with pytest.raises(RegistrationError, match=r"expected 2 or more of weight 0.5 together"):
            register(told, first, (views, second[1]))


def test_surfaces_that_contradict_each_other_are_refused(finder, first, second):
    """A third of the second scan's surface lies where the first one's pictures show the wall behind."""
    views = in_front_of_a_wall(first[0])
    points = second[1].points.copy()
    points[::3] += 0.06 * SECOND_FROM_FIRST[:3, 0]
    told = Told(finder.bank, second[0], [(SECOND_FROM_FIRST, 0.8)])
    register(told, (views, first[1]), second)
    with pytest.raises(RegistrationError, match="the pictures of one look through"):
        register(told, (views, first[1]), (second[0], replace(second[1], points=points)))


def test_surfaces_that_have_nothing_in_common_are_refused(finder, first, second):
    away = SECOND_FROM_FIRST.copy()
    away[:3, 3] += 0.3
    told = Told(finder.bank, second[0], [(away, 0.8)])
    with pytest.raises(RegistrationError, match="0% of the first is on the second"):
        register(told, first, second)


def test_a_search_that_is_stopped_ends(finder, first, second):
    def stop(done, most):
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        register(Told(finder.bank, second[0], []), first, second, on_picture=stop)


def test_scans_of_two_cameras_are_refused(found, first, second):
    other = [replace(view, camera=replace(view.camera, fx=view.camera.fx + 1.0)) for view in second[0]]
    with pytest.raises(ScanError, match="expected the same for both"):
        join(first[0], other, found)


def test_surfaces_are_drawn_together_where_they_say_how():
    """A plane and its neighbour at right angles: they settle all but the shift along the edge, which stays."""
    u, v = np.mgrid[0.002:0.1:0.002, 0.002:0.1:0.002].reshape(2, -1)
    zero, up, side = np.zeros(len(u)), np.tile([0.0, 0.0, 1.0], (len(u), 1)), np.tile([0.0, 1.0, 0.0], (len(u), 1))
    points = np.concatenate([np.stack([u, v, zero], 1), np.stack([u, zero, v], 1)])
    surface = Surface(points, np.concatenate([up, side]), np.zeros(points.shape, np.uint8), 0.002)
    motion, residual, common = aligned(exp([0.001, 0.003, -0.002, 0.01, 0.0, 0.02]), (0.02, 0.003), surface, surface)
    middle = transform(motion, points.mean(0)) - points.mean(0)
    assert np.abs(middle[1:]).max() < 2e-4 and middle[0] > 0.0003
    assert rotation_angle(motion) < 0.003 and residual < 2e-4 and common > 0.9


def test_what_two_pictures_look_through_is_no_surface(first):
    views, surface = first
    assert seen_through(views, surface.points, 0.002).mean() < 0.02
    seen = [[0.0, 0.0, HALF[2] + 0.03], [0.0, 0.0, 0.0], [0.0, 0.0, -HALF[2]]]
    assert seen_through(in_front_of_a_wall(views), np.array(seen), 0.002).tolist() == [True, False, False]


def in_front_of_a_wall(views):
    return [replace(view, depth=np.where(view.mask, view.depth, 2.0)) for view in views]


def test_all_directions_are_twice_those_above_the_table():
    views = dome((0.0, 0.0, 1.0), 10)
    assert share_of_all_directions(views) == pytest.approx(coverage(views).share / 2.0, abs=0.02)
