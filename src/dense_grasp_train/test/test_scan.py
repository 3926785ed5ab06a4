"""`scan` makes a scan that other commands take, or says what is wrong with the pictures."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from dense_grasp_core.object_model.bank_file import frame_digest
from dense_grasp_core.object_model.pose import ObjectPose
from dense_grasp_core.object_model.scan import read_scan
from dense_grasp_core.object_model.scan_check import check_scan
from dense_grasp_core.object_model.view_bank import ViewBank
from dense_grasp_train.data import generate
from dense_grasp_train.data.bop import BopSet
from dense_grasp_train.scanning import scan

SHAPE = (120, 160)
FOCAL = 150.0
HALF = np.array([0.04, 0.03, 0.06])


def pose_from(azimuth, elevation, distance=0.4):
    a, e = np.radians([azimuth, elevation])
    place = np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])
    right = np.array([-np.sin(a), np.cos(a), 0.0])
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(-place, right), -place])
    pose[2, 3] = distance
    return pose


def egg(pose, centre=(0.0, 0.0, 0.0)):
    """Colour and depth (H, W) of an egg with a pattern; depth 0 off it."""
    v, u = np.mgrid[: SHAPE[0], : SHAPE[1]]
    rays = np.stack([(u - 79.5) / FOCAL, (v - 59.5) / FOCAL, np.ones(SHAPE)], -1) @ pose[:3, :3] / HALF
    eye = (-pose[:3, :3].T @ pose[:3, 3] - centre) / HALF
    a, b, c = (rays**2).sum(-1), 2 * (rays @ eye), eye @ eye - 1.0
    root = b * b - 4 * a * c
    depth = np.where(root > 0, (-b - np.sqrt(np.maximum(root, 0))) / (2 * a), 0.0)
    points = (eye + rays * depth[..., None]) * HALF
    waves = np.stack([np.sin(90 * points[..., 0] + 2), np.sin(70 * points[..., 1]), np.sin(80 * points[..., 2])], -1)
    rgb = np.where(depth[..., None] > 0, 130 + 100 * waves, 40).astype(np.uint8)
    return rgb, depth


def write(folder, frames):
    """A folder of posed pictures from (colour, depth, pose) each."""
    for kind in ("rgb", "depth", "mask"):
        (folder / kind).mkdir(parents=True)
    for index, (rgb, depth, _) in enumerate(frames):
        cv2.imwrite(str(folder / "rgb" / f"shot{index}.png"), rgb[..., ::-1])
        cv2.imwrite(str(folder / "depth" / f"shot{index}.png"), np.rint(depth * 10000).astype(np.uint16))
        cv2.imwrite(str(folder / "mask" / f"shot{index}.png"), (depth > 0).astype(np.uint8) * 255)
    poses = {f"shot{index}": pose.tolist() for index, (_, _, pose) in enumerate(frames)}
    (folder / "poses.json").write_text(json.dumps(poses))
    camera = {"fx": FOCAL, "fy": FOCAL, "cx": 79.5, "cy": 59.5, "depth_scale": 0.1}
    (folder / "camera.json").write_text(json.dumps(camera))


def frames_of(places):
    return [(*egg(pose), pose) for pose in (pose_from(*place) for place in places)]


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "recorded" / "egg"
    write(path, frames_of([(azimuth, 30) for azimuth in range(0, 360, 45)]))
    return path


def test_a_scan_is_made_that_the_other_commands_take(folder, tmp_path, capsys):
    out = tmp_path / "scans" / "egg"
    assert scan.main(["--from", str(folder.parent), "--to", str(out)]) == 0
    said = capsys.readouterr().out
    assert "8 pictures; 8 of 8 neighbours agree" in said and "of the directions of the upper dome" in said
    views = read_scan(out)
    assert len(views) == 8 and check_scan(views).good
    for name, least in (("sheet.png", 240), ("coverage.png", 400)):
        assert min(cv2.imread(str(out / name)).shape[:2]) >= least
    about = json.loads((out / "scan.json").read_text())
    assert about["pictures"]["000003"] == "shot3" and 0.2 < about["coverage"] < 0.9
    np.testing.assert_allclose(about["size_m"], 2 * HALF, atol=0.015)
    assert generate.main(["--out", str(tmp_path / "set"), "--captures", str(out), "--split", "train"]) == 0
    (tmp_path / "bop" / "test").mkdir(parents=True)
    out.rename(tmp_path / "bop" / "test" / "000000")
    assert len(BopSet(tmp_path / "bop").annotations) == 8


class Told:
    """Finds the first scan's object where it is."""

    def __init__(self, second_from_first):
        self.bank = ViewBank(
            np.zeros(3), 0.07, *(np.zeros((0, 3)),) * 2, np.eye(3)[None], [], [], 1, np.zeros(0), np.zeros((0, 2))
        )
        self._views, self._motion = [], second_from_first

    def __call__(self, rgb, camera, depth):
        pose = next(view.pose for view in self._views if np.array_equal(view.rgb, rgb))
        return [ObjectPose(pose @ self._motion, 0.8, 100, 0.8, 0.1)]


def test_the_scan_of_the_object_turned_over_joins_the_first(folder, tmp_path, capsys, monkeypatch):
    assert scan.main(["--from", str(folder), "--to", str(tmp_path / "first")]) == 0
    turned = np.eye(4)
    turned[:3, :3] = [[1, 0, 0], [0, 0, 1], [0, -1, 0]]
    turned[:3, 3] = 0.1, 0.0, 0.03
    poses = [pose_from(azimuth, -20) for azimuth in range(0, 360, 45)]
    write(tmp_path / "turned", [(*egg(pose), pose @ np.linalg.inv(turned)) for pose in poses])
    told = Told(turned)
    told._views = read_scan(tmp_path / "turned")
    monkeypatch.setattr(scan, "finder_of", lambda folder, network: told)
    command = ["--from", str(tmp_path / "turned"), "--join", str(tmp_path / "first"), "--to", str(tmp_path / "both")]
    assert scan.main(command) == 0
    assert "6 of 6 pictures agree on how the scans lie" in capsys.readouterr().out
    views = read_scan(tmp_path / "both")
    assert len(views) == 16 and check_scan(views).good
    np.testing.assert_allclose(views[0].pose, read_scan(tmp_path / "first")[0].pose)
    np.testing.assert_allclose(views[8].pose, poses[0], atol=0.02)
    assert frame_digest(tmp_path / "both") == frame_digest(tmp_path / "first")
    told._motion = np.eye(4)
    command[-1] = str(tmp_path / "wrong")
    assert scan.main(command) == 2
    assert "the first is on the second" in capsys.readouterr().err and not (tmp_path / "wrong").exists()


def test_inverted_poses_are_named_and_mended(folder, tmp_path, capsys):
    path = folder / "poses.json"
    poses = {name: np.linalg.inv(pose).tolist() for name, pose in json.loads(path.read_text()).items()}
    path.write_text(json.dumps(poses))
    out = tmp_path / "out"
    assert scan.main(["--from", str(folder), "--to", str(out)]) == 2
    assert "poses look inverted" in (said := capsys.readouterr().err) and "--mend" in said and not out.exists()
    assert scan.main(["--from", str(folder), "--to", str(out), "--mend"]) == 0
    assert "mended: poses look inverted" in capsys.readouterr().out
    np.testing.assert_allclose(read_scan(out)[0].pose, pose_from(0, 30), atol=1e-9)


def test_what_belongs_to_no_picture_is_named(folder, tmp_path, capsys):
    (folder / "rgb" / "shot3.png").unlink()
    (folder / "mask" / "shot3.png").rename(folder / "mask" / "shot9.png")
    assert scan.main(["--from", str(folder), "--to", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().err
    for kind, name in (("files in depth/", "shot3"), ("files in mask/", "shot9"), ("poses in poses.json", "shot3")):
        assert f"scan: {folder}: 1 of 8 {kind} are left out, rgb/ has no picture of that name: {name}\n" in said


def moved(folder):
    rng = np.random.default_rng(0)
    path = folder / "poses.json"
    poses = {name: np.array(pose) for name, pose in json.loads(path.read_text()).items()}
    for pose in poses.values():
        pose[:3, 3] += rng.normal(0, 0.1, 3)
    path.write_text(json.dumps({name: pose.tolist() for name, pose in poses.items()}))


def one_view(folder):
    for path in (folder / "rgb").iterdir():
        if path.stem != "shot0":
            path.unlink()


def no_depth(folder):
    for path in (folder / "depth").iterdir():
        path.unlink()


def glass(folder):
    for path in (folder / "depth").iterdir():
        depth = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        cv2.imwrite(str(path), np.where(np.random.default_rng(0).random(depth.shape) < 0.8, 0, depth).astype(np.uint16))


def other_camera(folder):
    camera = {"fx": 2 * FOCAL, "fy": 2 * FOCAL, "cx": 159.5, "cy": 119.5, "depth_scale": 0.1}
    (folder / "camera.json").write_text(json.dumps(camera))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (moved, "no usual mistake explains it: did the object move"),
        (one_view, "has 1 view, expected 2 or more"),
        (no_depth, "lacks shot0"),
        (glass, "is unknown (0 or NaN) on 8"),
        (other_camera, "camera looks made for pictures twice as wide"),
    ],
)
def test_what_makes_no_scan_is_refused_and_nothing_is_written(folder, tmp_path, capsys, damage, message):
    damage(folder)
    out = tmp_path / "scans" / "egg"
    assert scan.main(["--from", str(folder), "--to", str(out)]) == 2
    assert message in capsys.readouterr().err and not out.exists()


def test_two_objects_are_refused(tmp_path, capsys):
    frames = []
    for azimuth in range(0, 360, 45):
        pose = pose_from(azimuth, 60, 0.6)
        (rgb, depth), (rgb_b, depth_b) = egg(pose), egg(pose, (0.0, 0.15, 0.0))
        second = (depth_b > 0) & ((depth == 0) | (depth_b < depth))
        frames.append((np.where(second[..., None], rgb_b, rgb), np.where(second, depth_b, depth), pose))
    write(tmp_path / "two", frames)
    assert scan.main(["--from", str(tmp_path / "two"), "--to", str(tmp_path / "out")]) == 2
    assert "mm from the rest, expected one object" in capsys.readouterr().err
    write(tmp_path / "both" / "a", frames)
    write(tmp_path / "both" / "b", frames)
    assert scan.main(["--from", str(tmp_path / "both"), "--to", str(tmp_path / "out")]) == 2
    assert "holds 2 objects (a, b), expected one: name it with --object" in capsys.readouterr().err
