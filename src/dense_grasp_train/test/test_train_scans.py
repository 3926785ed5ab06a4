"""train --captures: scans as they are, without a detour over a data set; a damaged one is a sentence."""

from __future__ import annotations

import json
import shutil

import cv2
import numpy as np
import pytest
import scanned_box as box
import yaml
from dense_grasp_core.descriptors.model_file import load_info
from dense_grasp_core.object_model.scan import ScanError
from dense_grasp_train.data.scans import scan_views, scans_of
from dense_grasp_train.data.view_loader import LoadError
from dense_grasp_train.data.views import matches_across, matches_between
from dense_grasp_train.training import train
from scan_of_box import write_scan
from tiny_training import TINY


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """Two scans <folder>/<name>/box of a box, with camera.json beside them."""
    folder = tmp_path_factory.mktemp("scans")
    for name, first in (("one", 0), ("other", 10)):
        write_scan(folder / name, [box.pose_from(first + azimuth, 30) for azimuth in (0, 20)], first)
    return folder


def test_each_scan_is_an_object_with_a_frame_in_its_middle(scans):
    views = scan_views(scans_of([scans / "one" / "box", scans / "other"]), most_rendered=0)
    assert [view.instance for view in views] == [1, 1, 2, 2]
    rng = np.random.default_rng(0)
    pixels_a, pixels_b = matches_between(views[0], views[1], 400, rng)
    assert len(pixels_a) > 100
    # Both ends of a match are one point of the object, and the points lie around the frame's origin.
    points = [
        view.points((pixels - view.origin).round().astype(int)) for view, pixels in zip(views, (pixels_a, pixels_b))
    ]
    assert np.median(np.linalg.norm(points[0] - points[1], axis=1)) < 0.002
    assert np.linalg.norm(points[0].mean(0)) < 0.05
    assert not len(matches_across(views[0], views[2], 400, rng)[0])  # two scans have no place in common


def test_rendered_views_match_the_pictures_of_their_scan(scans):
    said: list[str] = []
    views = scan_views(scans_of([scans / "one", scans / "other"]), said.append, 4)
    assert [view.instance for view in views] == [1] * 6 + [2] * 6
    assert [view.rendered for view in views] == ([False] * 2 + [True] * 4) * 2
    assert said == [
        f"{scans / name / 'box'}: 4 views rendered in the gaps between its pictures, of which it has 2"
        for name in ("one", "other")
    ]
    picture, made = views[0], views[2]
    pixels_a, pixels_b = matches_between(made, picture, 400, np.random.default_rng(0))
    assert len(pixels_a) > 100
    points = [
        view.points((pixels - view.origin).round().astype(int))
        for view, pixels in ((made, pixels_a), (picture, pixels_b))
    ]
    assert np.median(np.linalg.norm(points[0] - points[1], axis=1)) < 0.002


def test_a_damaged_scan_is_named(scans, tmp_path, capsys):
    with pytest.raises(LoadError, match="is named twice"):
        scans_of([scans / "one", scans / "one" / "box"])
    with pytest.raises(ScanError, match="holds no object"):
        scans_of([tmp_path])

    def damaged(change):
        shutil.rmtree(tmp_path / "scan", ignore_errors=True)
        shutil.copytree(scans / "one", tmp_path / "scan")
        change(tmp_path / "scan" / "box")
        command = ["--captures", str(tmp_path / "scan"), "--out", str(tmp_path / "m.safetensors")]
        command += ["--method", "don_nt_xent_short"]
        assert train.main(command) == 2
        said = capsys.readouterr().err
        assert said.startswith("train: ") and "Traceback" not in said
        return said

    assert "has no folder mask" in damaged(lambda scan: shutil.rmtree(scan / "mask"))
    assert "01.png" in damaged(lambda scan: (scan / "rgb" / "01.png").write_bytes(b"\x89PNG broken"))
    assert "covers 0 pixels" in damaged(lambda scan: cv2.imwrite(str(scan / "mask" / "00.png"), EMPTY))
    assert "has no poses.json" in damaged(lambda scan: (scan / "poses.json").unlink())
    assert train.main(["--captures", str(scans), "--views", "3", "--out", "m.safetensors", "--method", "hybrid"]) == 2
    assert "--views is 3 beside --captures" in capsys.readouterr().err
    for options, message in (
        (["--captures", str(scans), "--rendered-views", "-2"], "--rendered-views is -2, expected 0 or more"),
        (["--data", str(scans), "--rendered-views", "2"], "--rendered-views is 2 without --captures"),
    ):
        assert train.main([*options, "--out", "m.safetensors", "--method", "hybrid"]) == 2
        assert message in capsys.readouterr().err


EMPTY = np.zeros((box.CAMERA.height, box.CAMERA.width), np.uint8)


def test_a_network_is_trained_on_two_scans(scans, tmp_path, capsys):
    settings = tmp_path / "tiny.yaml"
    pairs = {**TINY["pairs"], "instance": 0.5, "augmented": 0.5, "view": 0.5}
    settings.write_text(yaml.safe_dump({"method": "don_contrastive", **TINY, "steps": 2, "pairs": pairs}))
    network, run = tmp_path / "m.safetensors", tmp_path / "run"
    command = ["--captures", str(scans / "one"), str(scans / "other"), "--config", str(settings), "--run", str(run)]
    command += ["--rendered-views", "2"]
    assert train.main([*command, "--out", str(network), "--workers", "0", "--threads", "1", "--quiet"]) == 0
    said = capsys.readouterr().out
    assert (
        "8 views (4 of them rendered from the others) of 2 objects to train on" in said
        and "name views of siblings with --held-out" in said
    )
    info = load_info(network)
    assert (
        info.training.data == "8 views (4 of them rendered from the others) of 2 scans (box, box)"
        and not info.is_calibrated
    )
    assert f"--captures {scans}/one {scans}/other" in info.command and "--rendered-views 2" in info.command
    assert yaml.safe_load((run / "config.yaml").read_text())["pairs"]["instance"] == 0
    assert json.loads((run / "cost.json").read_text())["steps"] == 2
    without = train.parser().parse_args([*command[:-1], "0", "--out", "m.safetensors"])
    assert "--rendered-views 0" in train.documented_command(without)
    assert "2 scans (box, box)" in network.with_suffix(".md").read_text()
