"""One call finds a box, two boxes or none, with a depth camera and without, and tells of what hides its points."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_core.object_model.find import Acceptance, find_objects
from dense_grasp_core.object_model.look_at import PicturePyramid
from dense_grasp_core.object_model.pose import ObjectPose, PoseError, PoseFinder, PoseSearch
from dense_grasp_core.object_model.pose_keypoints import posed_keypoints
from dense_grasp_core.object_model.seen_colours import ColourVerdict
from dense_grasp_core.object_model.sensed_depth import DepthVerdict, SensedDepth
from dense_grasp_core.object_model.symmetry import SymmetryLimits
from dense_grasp_core.object_model.view_bank import build
from dense_grasp_core.result_codes import Visibility

_spec = importlib.util.spec_from_file_location("scanned_box", Path(__file__).with_name("scanned_box.py"))
box = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(box)
CAMERA, HALF = box.CAMERA, box.HALF
WALL = 1.2
SEARCH = PoseSearch(hypotheses=5, finalists=2, twins_of=1)  # the box is easy
CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * HALF


@pytest.fixture(scope="module")
def finder():
    return PoseFinder(build(box.scan(), box.describe), box.describe, SEARCH)


def sensed(*views, noise=0.001):
    """Depth of boxes before a wall, with noise and holes."""
    rng = np.random.default_rng(0)
    depth = np.full(views[0].depth.shape, WALL)
    for view in views:
        depth = np.where(view.mask, view.depth, depth)
    depth += rng.normal(0.0, noise, depth.shape)
    return np.where(rng.random(depth.shape) < 0.1, 0.0, depth)


def corner_error(found, pose):
    there, expected = (CORNERS @ p[:3, :3].T + p[:3, 3] for p in (found, pose))
    return np.linalg.norm(there - expected, axis=1).max()


def test_depth_settles_the_distance(finder):
    view = box.picture(box.pose_from(44, 30, turn=25, aside=(0.2, -0.1)), seed=99)
    depth = sensed(view)
    found = find_objects(finder, view.rgb, CAMERA, depth)
    assert len(found) == 1 and found[0].depth.agree > 0.8
    assert corner_error(found[0].camera_from_object, view.pose) < 0.006
    deviations = np.sqrt(np.diag(found[0].covariance))
    assert (deviations[:3] < 0.01).all() and (deviations[3:] < 0.1).all() and not found[0].alternatives


def test_a_picture_of_the_box_on_the_wall_is_not_the_box(finder):
    view = box.picture(box.pose_from(44, 30), seed=99)
    assert find_objects(finder, view.rgb, CAMERA)
    assert not find_objects(finder, view.rgb, CAMERA, np.full(view.depth.shape, 6.0))


def test_a_picture_without_the_box_is_not_found(finder):
    scene = box.picture(box.pose_from(0, 0, distance=-1.0), seed=3)
    assert not scene.mask.any()
    assert find_objects(finder, scene.rgb, CAMERA) == []


def describe_without_hue(rgb):
    return box.describe(np.sort(rgb, 2))


def test_a_box_of_other_colours_is_not_found():
    finder = PoseFinder(build(box.scan(), describe_without_hue), describe_without_hue, SEARCH)
    view = box.picture(box.pose_from(35, 35), seed=99)
    sibling = np.where(view.mask[..., None], view.rgb[..., [1, 2, 0]], view.rgb)
    found = find_objects(finder, sibling, CAMERA, acceptance=Acceptance(colour_difference=np.inf, light=np.inf))
    assert corner_error(found[0].camera_from_object, view.pose) < 0.02
    assert found[0].colours.difference > 3.0 and not Acceptance()(found[0])
    own = finder.colours.verdict(PicturePyramid(view.rgb, CAMERA), found[0].camera_from_object)
    assert Acceptance()(replace(found[0], colours=own))


def test_two_boxes_are_two_instances(finder):
    left, right = (box.picture(box.pose_from(a, 30, 0.5, aside=(x, 0.0)), seed=7) for a, x in ((40, -0.3), (200, 0.25)))
    rgb = np.where(right.mask[..., None], right.rgb, left.rgb)
    found = find_objects(finder, rgb, CAMERA, sensed(left, right), most=3)
    assert len(found) == 2
    for view in (left, right):
        assert min(corner_error(pose.camera_from_object, view.pose) for pose in found) < 0.008
    assert len(find_objects(finder, rgb, CAMERA, most=1)) == 1


def told_apart(finder):
    """As if pictures of the scan told the two poses of a box that looks the same both ways."""
    limits = SymmetryLimits(alike=10.0)
    object.__setattr__(finder, "symmetry", replace(finder.symmetry, limits=limits))
    return finder


@pytest.mark.parametrize("equal_to_the_scan", [True, False])
def test_a_box_that_looks_the_same_both_ways_has_two_poses(equal_to_the_scan):
    """Nobody needs to know which one is right where the scan looks the same, and nobody knows where it does not."""
    finder = PoseFinder(build(box.scan(both_ways=True), box.describe), box.describe, SEARCH)
    finder = finder if equal_to_the_scan else told_apart(finder)
    view = box.picture(box.pose_from(25, 30), seed=99, both_ways=True)
    found = find_objects(finder, view.rgb, CAMERA, acceptance=Acceptance(equal=0.8))[0]
    (other,) = found.equals if equal_to_the_scan else found.alternatives
    assert not (found.alternatives if equal_to_the_scan else found.equals)
    turned, one = view.pose @ np.diag([-1.0, -1.0, 1.0, 1.0]), found.camera_from_object
    errors = [corner_error(a, view.pose) + corner_error(b, turned) for a, b in ((one, other), (other, one))]
    assert min(errors) < 0.05


def test_of_two_poses_that_the_network_takes_for_the_same_colours_choose():
    """It may not see what tells two sides apart, such as their hues; a taught point lies on one of them."""
    finder = PoseFinder(build(box.scan(two_hues=True), describe_without_hue), describe_without_hue, SEARCH)
    for azimuth, elevation in ((10, 15), (205, 15), (25, 55), (280, 55)):
        view = box.picture(box.pose_from(azimuth, elevation), seed=99, two_hues=True)
        (found,) = find_objects(finder, view.rgb, CAMERA, sensed(view))
        assert corner_error(found.camera_from_object, view.pose) < 0.02, azimuth
        (other,) = found.equals
        assert corner_error(other, view.pose @ np.diag([-1.0, -1.0, 1.0, 1.0])) < 0.02


@pytest.mark.parametrize(
    ("best", "other", "chosen"),
    [
        ((0.99, 1.9), (0.91, 0.85), "other"),  # a hammer, turned by half about its handle
        ((0.70, 1.05), (0.66, 0.82), "other"),
        ((0.70, 0.9), (0.66, 0.82), "best"),
        ((0.99, 1.9), (0.91, None), "best"),
        ((0.99, None), (0.91, 0.85), "best"),
        ((0.30, 1.9), (0.24, 0.85), "best"),  # too low a score to be there at all
    ],
)
def test_colours_choose_where_they_clearly_fit_better(best, other, chosen):
    poses = {
        name: ObjectPose(np.eye(4), score, 100, 0.4, 0.3, colours=difference and ColourVerdict(difference, 0.1, 75))
        for name, (score, difference) in (("best", best), ("other", other))
    }
    assert Acceptance().by_colours(list(poses.values())) is poses[chosen]


def test_the_other_pose_is_known_when_the_search_has_followed_only_one():
    """The likeliest first pose may be the only one that is followed, and the other one is as good."""
    search = PoseSearch(hypotheses=1, finalists=1, twins_of=0)
    # With one first pose among the pictures alone it is the right one.
    finder = PoseFinder(build(box.scan(both_ways=True), box.describe, most_rendered=0), box.describe, search)
    view = box.picture(box.pose_from(25, 30), seed=99, both_ways=True)
    assert len(finder(view.rgb, CAMERA)) == 1
    found = find_objects(finder, view.rgb, CAMERA, sensed(view))[0]
    turned = view.pose @ np.diag([-1.0, -1.0, 1.0, 1.0])
    poses = [found.camera_from_object, *found.equals]
    for truth in (view.pose, turned):
        assert min(corner_error(pose, truth) for pose in poses) < 0.02


def posed(score, farther, known=200):
    return ObjectPose(np.eye(4), score, 100, 0.4, 0.3, depth=DepthVerdict(1.0 - farther, 0.0, farther, known))


def test_depth_behind_a_pose_weighs_against_it():
    right, turned = posed(0.30, 0.0), posed(0.45, 0.12)
    assert turned.evidence() < 0.8 * right.evidence()
    assert posed(0.45, 0.12, known=5).evidence() == replace(turned, depth=None).evidence() == 0.45
    assert posed(0.45, 0.05).evidence(excused=0.06) == 0.45 > posed(0.45, 0.05).evidence()
    covered = replace(right, depth=DepthVerdict(0.5, 0.5, 0.0, 200))
    assert covered.evidence() == right.evidence()


@pytest.mark.parametrize(
    ("best", "other", "is_open"),
    [
        (posed(0.39, 0.0), posed(0.39, 0.11), False),  # a mug's handle where the sensor sees the table
        (posed(0.45, 0.0), posed(0.50, 0.05), True),  # a plain box turned by half a circle, 2 mm beside its place
        (posed(0.55, 0.0), posed(0.49, 0.03), True),
        (posed(0.80, 0.0), posed(0.56, 0.0), False),
        (posed(0.38, 0.10), posed(0.33, 0.10), True),
    ],
)
def test_two_poses_are_left_open_where_depth_does_not_settle_them(best, other, is_open):
    assert Acceptance().leaves_open(best, other) is is_open


def test_what_stands_in_front_hides_keypoints(finder):
    view = box.picture(box.pose_from(0, 20))
    pose = ObjectPose(view.pose, 0.9, 200, 0.8, 0.1, 1e-8 * np.eye(6))
    left, right = [HALF[0], -0.03, 0.02], [HALF[0], 0.03, 0.02]
    depth = sensed(view)
    pixels = CAMERA.project(np.array([left, right]) @ view.pose[:3, :3].T + view.pose[:3, 3])
    middle = round(pixels[:, 0].mean())
    depth[:, :middle] = 0.2
    hidden = 0 if pixels[0, 0] < middle else 1
    states = [point.visibility for point in posed_keypoints(finder.bank, pose, CAMERA, [left, right], depth)]
    assert states[hidden] is Visibility.HIDDEN and states[1 - hidden] is Visibility.VISIBLE
    empty = np.full(depth.shape, WALL)
    gone = posed_keypoints(finder.bank, pose, CAMERA, [left], empty)[0]
    assert gone.visibility is Visibility.UNKNOWN and np.isnan(gone.point_camera).all()
    unknown = posed_keypoints(finder.bank, pose, CAMERA, [left], np.zeros(depth.shape))[0]
    assert unknown.visibility is Visibility.VISIBLE


def test_depth_moves_a_pose_along_its_ray_and_judges_it(finder):
    view = box.picture(box.pose_from(30, 25, aside=(0.2, 0.0)))
    camera_depth = SensedDepth(sensed(view), CAMERA)
    far = view.pose.copy()
    far[:3, 3] *= 1.1
    settled = camera_depth.settled(finder.bank, far)
    assert np.linalg.norm(settled[:3, 3] - view.pose[:3, 3]) < 0.01
    right, wrong = (camera_depth.verdict(finder.bank, pose) for pose in (view.pose, far))
    assert right.agree > 0.9 > wrong.agree and wrong.nearer > 0.3
    blind = SensedDepth(np.zeros(view.depth.shape), CAMERA)
    assert blind.verdict(finder.bank, far) == DepthVerdict(0.0, 0.0, 0.0, 0)
    np.testing.assert_array_equal(blind.settled(finder.bank, far), far)


def test_acceptance_asks_for_score_support_and_depth():
    accepts = Acceptance(score=0.3, supporting=30)
    pose = ObjectPose(np.eye(4), 0.5, 100, 0.5, 0.0)
    assert accepts(pose) and accepts(replace(pose, depth=DepthVerdict(0.0, 0.0, 1.0, 5)))
    assert not accepts(replace(pose, score=0.2)) and not accepts(replace(pose, supporting=29))
    assert not accepts(replace(pose, depth=DepthVerdict(0.5, 0.0, 0.5, 100)))
    assert not accepts(replace(pose, depth=DepthVerdict(0.1, 0.9, 0.0, 100)))
    assert accepts(replace(pose, colours=ColourVerdict(3.4, 0.3, 100)))
    assert accepts(replace(pose, colours=ColourVerdict(9.0, 0.3, 10)))
    assert not accepts(replace(pose, score=0.4, colours=ColourVerdict(3.4, 0.3, 100)))
    assert not accepts(replace(pose, colours=ColourVerdict(3.6, 0.3, 100)))
    assert not accepts(replace(pose, colours=ColourVerdict(3.4, 0.5, 100)))


def test_depth_of_another_size_is_refused(finder):
    with pytest.raises(PoseError, match="depth has 320x120 px, expected 320x240"):
        find_objects(finder, np.zeros((240, 320, 3), np.uint8), CAMERA, np.zeros((120, 320)))
