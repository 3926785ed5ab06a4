"""A real cap's place is taken by another rendered one, of which everything is known: marks are made from its truth."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from dense_grasp_assets.cap.mesh import cap_point, make_cap_params
from dense_grasp_core.geometry.se3 import inverse, look_at, transform
from dense_grasp_train.evaluation import across_gap, evaluate
from dense_grasp_train.evaluation.across_gap import (
    Question,
    measure_across,
    photographs_of,
    questions_of,
    taught_pictures,
)
from dense_grasp_train.evaluation.across_gap_table import across_markdown, marks_sheet
from dense_grasp_train.evaluation.evaluation_sets import EvaluationError
from dense_grasp_train.evaluation.marked_points import MarkedPoint, read_marks
from dense_grasp_train.evaluation.picture_options import MARKS
from dense_grasp_train.evaluation.predictors import Prediction, remembered
from dense_grasp_train.render.scene import compose_scene, render_from, wrist_camera

PLACES = {
    "button": ("button", 0.0, 1.0),
    "left corner": ("brim", 0.0, 0.0),
    "right corner": ("brim", 1.0, 0.0),
    "edge": ("brim", 0.5, 1.0),
}
CAP = 1015
GENERAL = Path(__file__).parents[3] / "models" / "general.xml"
CAMERA = wrist_camera(320, 240)


def write_scan(folder, scene, azimuths):
    """Pictures of a scene from a ring of cameras, in the layout of a scan, with their poses."""
    for name in ("rgb", "depth", "mask"):
        (folder / name).mkdir(parents=True)
    poses = {}
    for number, azimuth in enumerate(azimuths):
        eye = 0.55 * np.array([0.6 * np.cos(azimuth), 0.6 * np.sin(azimuth), 0.8])
        world_from_camera = look_at(eye, (0.0, 0.0, 0.05))
        view = render_from(scene, CAMERA, world_from_camera, np.random.default_rng(number))
        name = f"{number:06d}"
        cv2.imwrite(str(folder / f"rgb/{name}.png"), view.rgb[..., ::-1])
        cv2.imwrite(str(folder / f"depth/{name}.png"), np.rint(view.depth * 1e4).astype(np.uint16))
        cv2.imwrite(str(folder / f"mask/{name}.png"), 255 * view.mask_visible.astype(np.uint8))
        poses[name] = inverse(world_from_camera)
    (folder / "poses.json").write_text(json.dumps({name: pose.tolist() for name, pose in poses.items()}))
    camera = {"fx": CAMERA.fx, "fy": CAMERA.fy, "cx": CAMERA.cx, "cy": CAMERA.cy, "depth_scale": 0.1}
    (folder / "camera.json").write_text(json.dumps(camera))
    return poses


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A folder with a scan of a standing cap, its file of marks and where its points truly are, by name."""
    folder = tmp_path_factory.mktemp("room")
    scene = compose_scene(1, CAP, (CAP,), pose_shares=(0.0, 1.0, 0.0))
    poses = write_scan(folder / "room/cap", scene, np.linspace(0.0, 5.0, 6))
    params = make_cap_params(CAP)
    world = {n: transform(scene.world_from_object, cap_point(params, *p)[None])[0] for n, p in PLACES.items()}
    marked = ("000000", "000002", "000004")
    points = [
        {
            "name": name,
            "part": part,
            "u": u,
            "v": v,
            "marks": {m: CAMERA.project(transform(poses[m], world[name][None]))[0].tolist() for m in marked},
        }
        for name, (part, u, v) in PLACES.items()
    ]
    file = folder / "marks.yaml"
    file.write_text(yaml.safe_dump({"scan": "room/cap", "points": points}))
    return folder, file, world, poses


def test_marks_of_a_few_pictures_say_where_the_points_lie_in_all(room):
    folder, file, world, poses = room
    points, pictures, camera, residual = photographs_of(folder, file)
    assert [point.name for point in points] == list(PLACES) and camera.width == 640
    for picture in pictures:
        true = CAMERA.project(transform(poses[picture.name], np.array(list(world.values()))))
        assert picture.image.shape == (480, 640, 3)
        assert picture.pixels == pytest.approx(2.0 * (true + 0.5) - 0.5, abs=0.1)
    assert 0.0 < residual < 0.02  # this cap is not the average one
    button = [picture.seen[0] for picture in pictures]
    corners = np.array([picture.seen[1:3] for picture in pictures])
    assert all(button) and corners.any(0).all() and not corners.all()  # the crown hides a corner from behind


def test_a_mark_of_another_point_is_named(room, tmp_path):
    folder, file, *_ = room
    content = yaml.safe_load(file.read_text())
    content["points"][1]["marks"]["000002"] = content["points"][2]["marks"]["000002"]
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(yaml.safe_dump(content))
    with pytest.raises(EvaluationError, match=r"'left corner' in picture 00000.* px .* expected at most 6"):
        photographs_of(folder, wrong)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("points: []", "scan"),
        ("{scan: a, points: []}", "0 points"),
        ("{scan: a, points: [{name: n, part: crown, u: 0, v: 0, marks: {p: [1, 2]}}]}", "marks in 1 pictures"),
        ("{scan: a, points: [{name: n}]}", "missing"),
        ("{scan: a, points: [", "cannot be read"),
    ],
)
def test_other_files_are_refused(content, message, tmp_path):
    file = tmp_path / "marks.yaml"
    file.write_text(content)
    with pytest.raises(EvaluationError, match=message):
        read_marks(file)


def test_the_file_that_comes_along_marks_eight_points_of_the_parametric_cap():
    scan, points = read_marks(Path(__file__).parents[3] / MARKS)
    assert scan == "board/cap" and len({point.name for point in points}) == 8
    for point in points:
        assert np.isfinite(cap_point(make_cap_params(0), point.part, point.u, point.v)).all()


def test_each_point_is_clicked_once_a_cap_where_it_is_seen_and_asked_for_where_it_is_seen(room, monkeypatch):
    folder, file, *_ = room
    monkeypatch.setattr(across_gap, "CAPS", (1000, 1001))
    points, pictures, camera, _ = photographs_of(folder, file)
    taught = taught_pictures(points, pictures, camera, lambda: None)
    for cap in (1000, 1001):
        clicked = np.concatenate([picture.points for picture in taught if picture.cap == cap])
        assert 0 in clicked and len(set(clicked)) == len(clicked)
    asked = questions_of(taught, pictures)
    count = sum(picture.seen[number] for t in taught for number in t.points for picture in pictures)
    assert sum(len(group) for _, group in asked) == count
    params = make_cap_params(taught[0].cap)
    there = np.array([cap_point(params, *PLACES[points[number].name]) for number in taught[0].points])
    assert taught[0].pixels == pytest.approx(camera.project(transform(taught[0].camera_from_cap, there)))

    def perfect(pair, _):
        return Prediction(pair.pixels_b)

    def aside(pair, _):
        return Prediction(pair.pixels_b + np.array([0.0, 30.0]))

    errors = measure_across({"perfect": perfect, "aside": aside}, asked, lambda: None)
    assert errors["perfect"] == pytest.approx(np.zeros(count)) and errors["aside"] == pytest.approx(np.full(count, 30))
    sheet = marks_sheet(taught, pictures)
    assert sheet.shape[1] == 6 * 320 and sheet.shape[0] >= 2 * 320


def test_the_table_counts_points_caps_and_near_views():
    points = [MarkedPoint(name, "crown", 0.0, 0.0, {}) for name in "ab"]
    questions = [Question(1, 0, 10.0), Question(1, 1, 50.0), Question(2, 0, 40.0), Question(2, 1, 90.0)]
    text = across_markdown(points, questions, {"row": np.array([5.0, 25.0, 19.0, 10.0])})
    assert "| a (2) | b (2) | **all (4)** |" in text and "views within 45° (2)" in text
    assert "| row | 100.0% | 50.0% | **75.0%** | 25.0 | 100.0% | 14.5 |" in text


def test_a_picture_that_comes_again_is_described_once():
    described = []
    once = remembered(lambda image: described.append(image.copy()) or len(described), 2)
    a, b, c = (np.full((4, 4, 3), value, np.uint8) for value in (1, 2, 3))
    assert [once(image) for image in (a, b, a.copy(), b)] == [1, 2, 1, 2]
    assert once(c) == 3 and once(b) == 2 and once(a) == 4  # the last two are kept


def test_the_command_measures_networks_and_controls(room, tmp_path, monkeypatch, capsys):
    folder, file, *_ = room
    monkeypatch.setattr(across_gap, "CAPS", (1000,))
    command = ["--pictures", str(folder), "--across-gap", str(file), "--no-pairs", "--no-moved", "--out", str(tmp_path)]
    assert evaluate.main([*command, "--model", str(GENERAL), "--general", str(GENERAL)]) == 0
    found = json.loads((tmp_path / "pictures.json").read_text())["across_gap"]
    assert list(found["errors"]) == ["general", "random network", "middle of the cap, which it is told"]
    assert all(len(errors) == len(found["questions"]) > 0 for errors in found["errors"].values())
    text = (tmp_path / "pictures.md").read_text()
    assert "| general | " in text and text in capsys.readouterr().out
    assert cv2.imread(str(tmp_path / "across_gap.png")).shape[1] == 6 * 320
    file = tmp_path / "none.yaml"
    assert evaluate.main([*command[:3], str(file), *command[4:]]) == 2
    assert f"{file} cannot be read" in capsys.readouterr().err
