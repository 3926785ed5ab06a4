"""evaluate --without: whether a scanned object is said to be there, on pictures of a box instead of photographs."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import scanned_box as box
from dense_grasp_core.object_model.pose import PoseFinder
from dense_grasp_core.object_model.view_bank import build
from dense_grasp_train.evaluation import evaluate
from dense_grasp_train.evaluation.evaluation_sets import EvaluationError
from dense_grasp_train.evaluation.presence import (
    Presence,
    SearchedPicture,
    as_it_is,
    filled_in,
    look_for,
    painted_over,
    presence_markdown,
    there_markdown,
)
from dense_grasp_train.evaluation.presence_sources import measure_presence, pictures_in
from scan_of_box import write_scan

AROUND = [box.pose_from(azimuth, 35) for azimuth in range(0, 360, 30)]
GENERAL = Path(__file__).parents[3] / "models" / "general.xml"


def test_a_box_is_there_and_is_not_once_it_is_painted_over():
    finder = PoseFinder(build(box.scan(), box.describe), box.describe)
    views = [box.picture(box.pose_from(azimuth, 40, turn=10), str(azimuth), seed=azimuth) for azimuth in (20, 130, 250)]
    there, painted = look_for(finder, as_it_is(views)), look_for(finder, painted_over(views))
    assert [(answer.found, answer.right) for answer in there] == [(True, True)] * 3
    assert [(answer.found, answer.right) for answer in painted] == [(False, False)] * 3
    assert min(answer.score for answer in there) > 2 * max(answer.score for answer in painted)
    elsewhere = [SearchedPicture(v.name, v.rgb, v.camera, box.pose_from(200, 30)) for v in views[:1]]
    assert look_for(finder, elsewhere)[0].right is False


def test_what_is_painted_over_looks_like_what_is_around_it():
    rgb = np.full((120, 160, 3), (40, 90, 160), np.uint8)
    mask = np.zeros((120, 160), bool)
    mask[40:80, 60:100] = True
    rgb[38:82, 58:102] = (250, 20, 20)  # a little of the object lies beside its mask
    assert np.abs(filled_in(rgb, mask).astype(int) - [40, 90, 160]).max() <= 8
    rgb[:20] = np.random.default_rng(0).integers(0, 255, (20, 160, 3))
    assert (filled_in(rgb, mask)[:20] == rgb[:20]).all()


def test_scans_and_folders_are_looked_through(tmp_path):
    write_scan(tmp_path / "room1", AROUND, 0)
    write_scan(tmp_path / "room2", [box.pose_from(azimuth, 40) for azimuth in (15, 105)], 50)
    for number in range(3):
        folder = tmp_path / "other" / f"scene{number // 2}"
        folder.mkdir(parents=True, exist_ok=True)
        scene = np.random.default_rng(number).integers(0, 255, (12, 16, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), cv2.resize(scene, (320, 240)))
        cv2.imwrite(str(folder / f"{number}.depth.png"), np.zeros((240, 320), np.uint16))
    begun: dict[str, int] = {}

    def begin(name, pictures):
        begun[name] = begun.get(name, 0) + pictures
        return lambda: None

    without = ["room1/box=other/*", "room1/box=room?/box"]
    tables = measure_presence(tmp_path, without, ["room2/box=other/scene1"], box.describe, begin)
    halved = "room1/box, every second picture"
    assert {key: len(answers) for key, answers in tables.without.items()} == {
        ("room1/box", "other/*"): 3,
        (halved, "the others, the object painted over"): 6,
        ("room1/box", "room2/box, the object painted over"): 2,
    }
    assert {key: len(answers) for key, answers in tables.there.items()} == {
        (halved, "the others"): 6,
        ("room1/box", "room2/box"): 2,
    }
    assert {key: len(answers) for key, answers in tables.siblings.items()} == {("room2/box", "other/scene1"): 1}
    assert sum(begun.values()) == 3 + 6 + 2 + 6 + 2 + 1
    assert not any(answer.found for answers in tables.without.values() for answer in answers)
    assert all(answer.found for answer in tables.there["room1/box", "room2/box"])


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("room1/box", "expected SCAN=FOLDERS"),
        ("room1/shoe=other", "names no scan"),
        ("room1/box=nowhere/*", "matches no folder"),
        ("room1/box=room1", "holds no picture"),
    ],
)
def test_what_names_no_pictures_is_refused(spec, message, tmp_path):
    write_scan(tmp_path / "room1", AROUND[:3], 0)
    with pytest.raises(EvaluationError, match=message):
        measure_presence(tmp_path, [spec], [], box.describe, lambda *_: lambda: None)


def test_a_camera_is_the_folders_or_sixty_degrees_wide(tmp_path):
    write_scan(tmp_path / "room1", AROUND[:2], 0)
    assert [picture.camera for picture in pictures_in(tmp_path / "room1" / "box")] == [box.CAMERA] * 2
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((300, 400, 3), np.uint8))
    camera = pictures_in(tmp_path)[0].camera
    assert np.degrees(2 * np.arctan(200 / camera.fx)) == pytest.approx(60) and camera.height == 300


def test_tables_say_how_sure_a_share_is():
    rows = {("scan", "shelf"): [Presence(str(n), n == 0, 0.01 * (n % 10), False, 0.1) for n in range(100)]}
    text = presence_markdown("without it", rows)
    assert "| scan | shelf | 100 | 1 | 0.04 / 0.08 / 0.09 |" in text and "1 = 1.0%, at most 5.4%" in text
    answers = [Presence("a", True, 0.5, True, 0.1), Presence("b", False, 0.2, False, 0.1)]
    assert "| scan | room | 2 | 1 | 1 of 1 | 0 of 1 | 0.23 / 0.35 |" in there_markdown({("scan", "room"): answers})


def test_the_command_prints_and_keeps_them(tmp_path, capsys):
    write_scan(tmp_path / "in" / "room1", AROUND[::2], 0)
    (tmp_path / "in" / "other").mkdir()
    cv2.imwrite(str(tmp_path / "in" / "other" / "a.jpg"), np.full((240, 320, 3), 120, np.uint8))
    command = ["--pictures", str(tmp_path / "in"), "--general", str(GENERAL), "--out", str(tmp_path / "out")]
    only = ["--no-pairs", "--no-moved", "--without", "room1/box=other"]
    assert evaluate.main([*command, *only]) == 0
    assert "| room1/box | other | 1 | 0 |" in capsys.readouterr().out
    report = json.loads((tmp_path / "out" / "pictures.json").read_text())
    assert [(row["name"], row["found"]) for row in report["presence"]["without"]] == [("a", False)]
