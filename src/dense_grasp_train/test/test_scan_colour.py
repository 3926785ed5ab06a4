"""A scan of colour pictures alone: poses, size, masks and surface, each against what is known of the scene."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import boxed_table
import cv2
import numpy as np
import pytest
from dense_grasp_core.geometry.se3 import inverse, transform
from dense_grasp_core.object_model.scan import ScanError
from dense_grasp_core.object_model.scan_check import check_scan
from dense_grasp_train.evaluation.scan_truth import compared, in_the_frame_of
from dense_grasp_train.scanning import scan
from dense_grasp_train.scanning.colour_pictures import ColourPictures, read_colour
from dense_grasp_train.scanning.colour_source import ColourScanSettings, source_of
from dense_grasp_train.scanning.object_on_table import Click, object_points, on_table
from dense_grasp_train.scanning.structure_from_motion import reconstruct
from dense_grasp_train.scanning.world_size import size_from_depth, size_from_length, size_from_tags

UNIT = 0.3
POSES = [boxed_table.pose_from(azimuth, 35 + 15 * (azimuth // 40 % 2)) for azimuth in range(0, 360, 40)]
TAGS = partial(size_from_tags, edge=boxed_table.TAG_EDGE)


@pytest.fixture(scope="module")
def sfm():
    return boxed_table.sfm(POSES, UNIT)


@pytest.fixture(scope="module")
def pictures(sfm):
    return ColourPictures(sfm.pictures, 1.0, False)


def test_tags_a_length_and_a_depth_picture_give_the_size(sfm, tmp_path):
    size = TAGS(sfm)
    assert size.factor == pytest.approx(UNIT, rel=0.02) and "tags of 40 mm (APRILTAG_36h11)" in size.how
    ends = np.array([[0.04, 0.055, 0.1], [-0.04, -0.055, 0.1]])  # a diagonal of the box's top
    clicks = [(f"shot{i}", np.rint(boxed_table.CAMERA.project(transform(POSES[i], ends)))) for i in (0, 2, 5)]
    length = float(np.linalg.norm(ends[0] - ends[1]))
    assert size_from_length(sfm, length, clicks).factor == pytest.approx(UNIT, rel=0.02)
    depth = boxed_table.look(POSES[3])[1]
    cv2.imwrite(str(tmp_path / "depth.png"), np.rint(depth * 10000).astype(np.uint16))
    found = size_from_depth(sfm, "shot3", tmp_path / "depth.png", 0.0001)
    assert found.factor == pytest.approx(UNIT, rel=0.005)


def test_a_size_that_cannot_be_is_refused(sfm, tmp_path):
    blank = [replace(picture, rgb=np.full_like(picture.rgb, 90)) for picture in sfm.pictures]
    with pytest.raises(ScanError, match="no tag is seen in 3 pictures"):
        TAGS(replace(sfm, pictures=blank))
    with pytest.raises(ScanError, match="clicked in 1 picture, expected two"):
        size_from_length(sfm, 0.1, [("shot0", np.zeros((2, 2)))])
    with pytest.raises(ScanError, match="'shot99' is not among those that found their place"):
        size_from_length(sfm, 0.1, [("shot99", np.zeros((2, 2)))] * 2)
    wrong = np.random.default_rng(0).integers(1, 60000, (360, 480)).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "depth.png"), wrong)
    with pytest.raises(ScanError, match="expected one ratio: is the depth aligned"):
        size_from_depth(sfm, "shot3", tmp_path / "depth.png", 0.0001)


def test_the_object_is_cut_out_and_its_surface_lies_where_it_is(sfm, pictures):
    source = source_of(sfm, ColourScanSettings(TAGS), pictures)
    assert check_scan(source.views).good and source.notes["masks"] == "found"
    truth = [replace(view, camera_from_object=pose) for view, pose in zip(source.views, POSES, strict=True)]
    error = compared(source.views, truth)
    assert np.percentile(error.centres, 95) < 0.009 and np.degrees(error.angles.max()) < 0.1
    assert abs(error.scale - 1) < 0.02
    overlaps, off = [], []
    for view, pose in zip(in_the_frame_of(source.views, truth), POSES, strict=True):
        depth = boxed_table.look(pose)[1]
        both = view.mask & (depth > 0)
        overlaps.append(both.sum() / (view.mask | (depth > 0)).sum())
        off.append(np.median(np.abs(view.depth - depth)[both]))
    assert np.median(overlaps) > 0.9 and np.median(off) < 0.006
    bottom = source.views[0].points(source.views[0].surface_pixels())[:, 2]
    assert -0.01 < bottom.min() < 0.02  # it stands on z = 0 of its own frame


def test_given_masks_are_taken(sfm, pictures, tmp_path):
    for index, pose in enumerate(POSES):
        cv2.imwrite(str(tmp_path / f"shot{index}.png"), (boxed_table.look(pose)[1] > 0).astype(np.uint8) * 255)
    cv2.imwrite(str(tmp_path / "shot99.png"), np.zeros((2, 2), np.uint8))
    sfm = replace(sfm, left_out=["shot77"])
    pictures = replace(pictures, pictures=[*pictures.pictures, replace(pictures.pictures[0], name="shot77")])
    source = source_of(sfm, ColourScanSettings(TAGS, masks=tmp_path), pictures)
    assert source.notes["masks"] == "given" and len(source.views) == len(POSES)
    assert source.left_out == [
        "1 pictures are left out, no pose fits them: shot77",
        f"1 masks in {tmp_path} are left out, no picture has their name: shot99",
    ]
    for index in range(len(POSES)):
        mask = cv2.imread(str(tmp_path / f"shot{index}.png"), cv2.IMREAD_UNCHANGED)
        cv2.imwrite(str(tmp_path / f"shot{index}.png"), 255 - mask)
    with pytest.raises(ScanError, match=r"shot0\.png looks inverted"):
        source_of(sfm, ColourScanSettings(TAGS, masks=tmp_path), pictures)


def test_of_two_things_on_the_table_one_must_be_clicked(sfm):
    settled = on_table(sfm.scaled(UNIT))
    box = object_points(settled, None)
    beside = settled.points[box] + [0.0, 0.17, 0.0]
    count = len(settled.points)
    both = replace(settled, points=np.concatenate([settled.points - [0.0, 0.085, 0.0], beside - [0.0, 0.085, 0.0]]))
    with pytest.raises(ScanError, match=r"2 things stand on the table .* click it with --at"):
        object_points(both, None)
    middle = both.points[count:].mean(0)
    pixel = both.camera.project(transform(both.camera_from_world[0], middle[None]))[0]
    assert set(object_points(both, Click("shot0", pixel))) == set(range(count, len(both.points)))


def test_a_scene_without_a_table_or_an_object_is_refused(sfm):
    rng = np.random.default_rng(0)
    cloud = replace(sfm, points=rng.normal(0, 1, sfm.points.shape))
    with pytest.raises(ScanError, match="expected a table with a pattern"):
        on_table(cloud)
    settled = on_table(sfm.scaled(UNIT))
    flat = replace(settled, points=settled.points * [1, 1, 0])
    with pytest.raises(ScanError, match="stands on the table, expected the object"):
        object_points(flat, None)


def test_poses_come_from_the_pictures_alone(sfm):
    found = reconstruct(sfm.pictures[:6], (430.0, 430.0, 236.0, 182.0), threads=2)
    assert len(found.pictures) == 6 and len(found.points) > 200
    size = TAGS(found)
    true = {f"shot{i}": inverse(pose)[:3, 3] for i, pose in enumerate(POSES)}
    places = found.scaled(size.factor).places
    between = np.linalg.norm(places[0] - places[4])
    right = np.linalg.norm(true[found.pictures[0].name] - true[found.pictures[4].name])
    assert between == pytest.approx(right, rel=0.02)


def test_pictures_that_do_not_belong_together_are_refused(tmp_path):
    rng = np.random.default_rng(0)
    for index in range(3):
        cv2.imwrite(str(tmp_path / f"{index}.png"), rng.integers(0, 255, (60, 80 + index, 3), dtype=np.uint8))
    with pytest.raises(ScanError, match="pictures of 80x60, 81x60, 82x60 px, expected one"):
        read_colour(tmp_path, 10)
    for index in range(3):
        noise = cv2.GaussianBlur(rng.integers(0, 255, (90, 120, 3), dtype=np.uint8), (0, 0), 2)
        cv2.imwrite(str(tmp_path / f"{index}.png"), noise)
    with pytest.raises(ScanError, match="0 of 3 pictures found their place"):
        reconstruct(read_colour(tmp_path, 10).pictures, None, threads=1)


def test_sharp_frames_of_a_video_are_taken(tmp_path):
    path = tmp_path / "walk.avi"
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 30, (160, 120))
    rng = np.random.default_rng(0)
    for number in range(30):
        frame = rng.integers(0, 255, (120, 160, 3), dtype=np.uint8)
        video.write(frame if number % 5 == 2 else cv2.GaussianBlur(frame, (0, 0), 4))
    video.release()
    found = read_colour(path, 6)
    assert [picture.name for picture in found.pictures] == [f"frame{number:06d}" for number in range(2, 30, 5)]
    assert found.lossy


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "nothing says how large things are"),
        (["--tag-edge", "0.04", "--known-length", "0.1", "a:1,2:3,4"], "two options say how large"),
        (["--tag-edge", "-1"], "--tag-edge is -1.0, expected a number above 0"),
        (["--known-length", "0.1", "a:1,2"], "'a:1,2' has 1 pixels, expected PICTURE:U,V:U,V"),
        (["--tag-edge", "0.04", "--at", "shot0"], "expected PICTURE:U,V"),
        (["--tag-edge", "0.04", "--camera", "1,2,3"], "expected FX,FY,CX,CY"),
    ],
)
def test_what_is_missing_is_said_before_the_long_work(sfm, tmp_path, capsys, options, message):
    folder = tmp_path / "shots"
    folder.mkdir()
    for picture in sfm.pictures[:3]:
        cv2.imwrite(str(folder / f"{picture.name}.jpg"), picture.rgb[..., ::-1])
    assert scan.main(["--from", str(folder), "--to", str(tmp_path / "out"), *options]) == 2
    assert message in capsys.readouterr().err and not (tmp_path / "out").exists()
