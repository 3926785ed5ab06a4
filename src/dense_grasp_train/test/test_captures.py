"""Real captures are converted whole, or a message names the file and the cause."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
import scanned_box as box
from dense_grasp_core.object_model.scan import read_scan
from dense_grasp_train.data import generate
from dense_grasp_train.data.captures import convert as converted
from dense_grasp_train.data.dataset import ViewDataset
from dense_grasp_train.data.description import counted
from dense_grasp_train.data.rendered import rendered_of
from dense_grasp_train.data.view_loader import load_views
from dense_grasp_train.data.views import taken
from scan_of_box import write_scan

SHAPE = (120, 160)


@pytest.fixture
def folder(tmp_path):
    """Two captures of a mug with poses and one of a shoe without, whose depth is NaN at the border."""
    root = tmp_path / "captures"
    rng = np.random.default_rng(0)
    camera = {"fx": 150.0, "fy": 150.0, "cx": 79.5, "cy": 59.5, "depth_scale": 1.0}
    for name, count in (("mug", 2), ("shoe", 1)):
        for kind in ("rgb", "depth", "mask"):
            (root / name / kind).mkdir(parents=True)
        for index in range(count):
            mask = np.zeros(SHAPE, np.uint8)
            mask[40:80, 50:100] = 255
            cv2.imwrite(str(root / name / "mask" / f"{index}.png"), mask)
            cv2.imwrite(str(root / name / "rgb" / f"{index}.png"), rng.integers(0, 255, (*SHAPE, 3), dtype=np.uint8))
            depth = np.full(SHAPE, 500 + 100 * index, np.uint16)
            if name == "mug":
                cv2.imwrite(str(root / name / "depth" / f"{index}.png"), depth)
            else:
                metres = depth / 1000.0
                metres[:, :55] = np.nan
                np.save(root / name / "depth" / f"{index}.npy", metres)
    poses = {str(index): np.eye(4).tolist() for index in range(2)}
    for index, pose in poses.items():
        pose[2][3] = 0.5 + 0.1 * int(index)
    (root / "mug" / "poses.json").write_text(json.dumps(poses))
    (root / "camera.json").write_text(json.dumps(camera))
    return root


def convert(folder, out, *options):
    more = options or ("--rendered-views", "0")
    return generate.main(["--out", str(out), "--captures", str(folder), "--split", "train", *more])


def test_captures_become_a_data_set(folder, tmp_path, capsys):
    assert convert(folder, tmp_path / "set") == 0
    assert "3 captures of 2 objects" in capsys.readouterr().out
    data = ViewDataset(tmp_path / "set")
    assert data.by_object() == {1: [0, 1], 2: [2]} and data.manifest["source"] == "captures"
    view = data[1]
    assert view.depth[60, 70] == pytest.approx(0.6) and view.camera_from_object[2, 3] == pytest.approx(0.6)
    assert view.camera.fx == 150.0 and view.mask.sum() == 2000 and view.part is None
    colour = cv2.imread(str(folder / "mug" / "rgb" / "1.png"))[..., ::-1]
    np.testing.assert_array_equal(view.rgb, colour)
    shoe = data[2]
    assert shoe.depth[60, 52] == 0 and shoe.depth[60, 70] == pytest.approx(0.5)
    assert shoe.camera_from_object[2, 3] == pytest.approx(0.5)


def test_captures_that_training_leaves_out_are_named(folder, tmp_path, capsys):
    assert convert(folder, tmp_path / "set") == 0
    said = capsys.readouterr().err
    assert "1 of 3 captures show fewer than 2000 pixels of the object with a depth" in said and "(shoe/0)" in said
    told: list[str] = []
    assert len(load_views(tmp_path / "set", say=told.append)) == 2
    root = tmp_path / "set"
    assert told == [
        f"{root}: 1 of 3 views are left out, they have depth on fewer than 2000 pixels of the object, which "
        "shows more: see whether the depth is aligned to the colour (scene 1 image 0)"
    ]


def test_views_are_rendered_between_captures_with_poses(tmp_path, capsys):
    write_scan(tmp_path / "scan", [box.pose_from(azimuth, 30) for azimuth in (0, 50, 100)], 0)
    write_scan(tmp_path / "unposed", [box.pose_from(0, 30)], 0)
    (tmp_path / "unposed" / "box" / "poses.json").unlink()
    (tmp_path / "unposed" / "box").rename(tmp_path / "scan" / "unposed")
    assert convert(tmp_path / "scan", tmp_path / "set", "--rendered-views", "4") == 0
    told = capsys.readouterr()
    assert "scan/box: 4 views rendered in the gaps between its pictures, of which it has 3" in told.err
    assert "scan/unposed: no view is rendered between its pictures, it has no poses.json" in told.err
    assert "4 captures of 2 objects" in told.out
    data = ViewDataset(tmp_path / "set")
    assert data.manifest["rendered"] == {"000000": 4} and data.manifest["views"] == 8
    assert [view.rendered for view in data] == [False] * 3 + [True] * 4 + [False]
    views = load_views(tmp_path / "set")
    assert counted(views) == "8 views (4 of them rendered from the others) of 2 objects"
    # Each shows the box where a camera there would, before something else than grey.
    for view in list(data)[3:7]:
        truth = box.picture(view.camera_from_object)
        assert (view.camera.width, view.camera.height, view.camera.fx) == (320, 240, box.CAMERA.fx)
        seen = view.mask & truth.mask
        assert seen.sum() > 0.95 * view.mask.sum() and seen.sum() > 0.7 * truth.mask.sum()
        assert np.median(np.abs(view.depth - truth.depth)[seen]) < 0.001
        assert np.median(np.abs(view.rgb.astype(int) - truth.rgb)[seen].max(1)) < 12
        assert view.rgb[~view.mask].std() > 10
    assert len(taken(views)) == 4  # what thresholds are calibrated and networks measured on

    assert convert(tmp_path / "scan", tmp_path / "none", "--rendered-views", "0") == 0
    assert len(ViewDataset(tmp_path / "none")) == 4 and "rendered" not in capsys.readouterr().err
    assert convert(tmp_path / "scan", tmp_path / "wrong", "--rendered-views", "-1") == 1
    assert "--rendered-views is -1, expected 0 or more" in capsys.readouterr().err
    assert generate.main(["--out", str(tmp_path / "caps"), "--rendered-views", "3"]) == 1
    assert "--rendered-views is 3 without --captures" in capsys.readouterr().err


def test_a_frame_beside_the_object_is_kept(tmp_path):
    aside = np.eye(4)
    aside[0, 3] = 0.6  # a camera halfway between the pictures would have the frame's origin behind it
    write_scan(tmp_path / "scan", [box.pose_from(azimuth, 30) for azimuth in (-50, 50)], 0)
    poses = tmp_path / "scan" / "box" / "poses.json"
    moved = {name: (np.array(pose) @ aside).tolist() for name, pose in json.loads(poses.read_text()).items()}
    poses.write_text(json.dumps(moved))
    told: list[str] = []
    converted(tmp_path / "scan", tmp_path / "set", "train", told.append, 40)
    data = ViewDataset(tmp_path / "set")
    assert data.manifest["rendered"]["000000"] == len(data) - 2 > 5
    assert all(view.camera_from_object[2, 3] > 0 for view in data)
    between = [view for view in rendered_of(read_scan(tmp_path / "scan" / "box")) if view.pose[2, 3] <= 0]
    assert len(between) > 0


def test_captures_between_which_nothing_can_be_rendered_are_converted(tmp_path, capsys):
    write_scan(tmp_path / "scan", [box.pose_from(0, 30, 1.5)], 0)
    assert convert(tmp_path / "scan", tmp_path / "set", "--rendered-views", "5") == 0
    assert "scan/box: no view is rendered between its pictures, they leave no gap, or show" in capsys.readouterr().err
    assert ViewDataset(tmp_path / "set").manifest["rendered"] == {}


def test_what_belongs_to_no_picture_is_named(folder, tmp_path, capsys):
    (folder / "mug" / "rgb" / "1.png").unlink()
    (folder / "tool").mkdir()
    (folder / "mug" / "mask" / "notes.txt").write_text("no mask")
    poses = folder / "mug" / "poses.json"
    poses.write_bytes(b"\xef\xbb\xbf" + poses.read_bytes())
    assert convert(folder, tmp_path / "set") == 0
    said = capsys.readouterr().err
    for kind in ("files in depth/", "files in mask/", "poses in poses.json"):
        assert f"mug: 1 of 2 {kind} are left out, rgb/ has no picture of that name: 1\n" in said
    assert "tool is left out, it holds no rgb/ with pictures" in said


def break_mask(folder):
    cv2.imwrite(str(folder / "mug" / "mask" / "1.png"), np.zeros(SHAPE, np.uint8))


def break_depth(folder):
    np.save(folder / "shoe" / "depth" / "0.npy", np.full(SHAPE, np.nan))


def break_picture(folder):
    path = folder / "mug" / "rgb" / "0.png"
    path.write_bytes(path.read_bytes()[:60])


def break_size(folder):
    cv2.imwrite(str(folder / "mug" / "depth" / "0.png"), np.ones((60, 80), np.uint16))


def break_kind(folder):
    cv2.imwrite(str(folder / "mug" / "depth" / "0.png"), np.ones(SHAPE, np.uint8))


def break_pose(folder):
    poses = json.loads((folder / "mug" / "poses.json").read_text())
    poses["1"][0][0] = 2.0
    (folder / "mug" / "poses.json").write_text(json.dumps(poses))


def break_poses(folder):
    (folder / "mug" / "poses.json").write_text('{"0": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1]]}')


def break_camera(folder):
    (folder / "camera.json").write_text('{"fx": 150.0}')


def lose_mask(folder):
    (folder / "mug" / "mask" / "0.png").unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (break_mask, "mask/1 covers 0 pixels.*miss the object"),
        (break_depth, r"depth/0 is unknown \(0 or NaN\) on 100% of the mask"),
        (break_picture, r"rgb/0\.png is no readable image"),
        (break_size, "differ in size"),
        (break_kind, r"depth/0\.png is uint8 .*expected 16 bit"),
        (break_pose, r"pose of 1 in .*poses\.json.*expected a rigid motion"),
        (break_poses, r"poses\.json has no pose for 1"),
        (break_camera, r"camera\.json lacks 'fy'"),
        (lose_mask, "mask lacks 0"),
    ],
)
def test_damage_is_named_and_nothing_is_left(folder, tmp_path, capsys, damage, message):
    import re

    damage(folder)
    assert convert(folder, tmp_path / "set") == 1
    assert re.search(message, capsys.readouterr().err)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["captures"]


def test_a_full_disk_leaves_nothing(folder, tmp_path, monkeypatch, capsys):
    from dense_grasp_train.data import captures

    written = []
    honest = captures.write_scene

    def full(path, views, object_id):
        written.append(path)
        if len(written) == 2:
            raise OSError(28, "No space left on device")
        return honest(path, views, object_id)

    monkeypatch.setattr(captures, "write_scene", full)
    assert convert(folder, tmp_path / "set") == 1
    assert "No space left on device" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["captures"]


def test_other_folders_are_refused(folder, tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("dear")
    assert convert(folder, tmp_path / "mine") == 1
    assert "is not empty" in capsys.readouterr().err
    assert convert(tmp_path / "mine", tmp_path / "set") == 1
    assert "mine holds no object" in capsys.readouterr().err
