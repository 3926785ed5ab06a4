"""The click falls on the point in a picture that shows it, and the table counts what ended the trials."""

from pathlib import Path

import numpy as np
import pytest
from dense_grasp_assets.solids.make import make_solid
from dense_grasp_assets.solids.solid import SolidError, about
from dense_grasp_bench.bench_objects import chosen
from dense_grasp_bench.mesh_solids import MeshObjectError, make_mesh_solids
from dense_grasp_bench.object_figures import ObjectFigures, table
from dense_grasp_bench.object_trials import join_error, turned_over_seed
from dense_grasp_bench.scan_click import ClickError, click_on
from dense_grasp_bench.session import Trial, launch_arguments
from dense_grasp_core.geometry import se3
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.object_model.scan import ScanView
from dense_grasp_core.result_codes import GraspCode, MatchCode
from dense_grasp_sim.world.solid_placement import random_rest, rest_pose

CAMERA = CameraModel(64, 48, 60.0, 60.0, 31.5, 23.5)


def plate(name: str, eye: tuple[float, float, float], hole: bool = False) -> ScanView:
    """A plate z = 0, 20 cm wide, seen from `eye`; hole: its middle is missing in the mask."""
    pose = se3.inverse(se3.look_at(eye, (0.0, 0.0, 0.0)))
    v, u = np.mgrid[0:48, 0:64]
    rays = np.stack([(u - 31.5) / 60.0, (v - 23.5) / 60.0, np.ones(u.shape)], axis=-1)
    rotation, origin = se3.inverse(pose)[:3, :3], se3.inverse(pose)[:3, 3]
    depth = -origin[2] / (rays @ rotation.T)[..., 2]
    places = (rays * depth[..., None]) @ rotation.T + origin
    mask = (np.abs(places[..., :2]) < 0.1).all(axis=-1)
    if hole:
        mask &= np.linalg.norm(places[..., :2], axis=-1) > 0.02
    return ScanView(name, np.zeros((48, 64, 3), np.uint8), np.where(mask, depth, 0.0), mask, CAMERA, pose)


def test_the_click_is_on_the_point_in_the_picture_that_shows_it_best() -> None:
    views = [plate("0", (0.0, -0.1, 0.3), hole=True), plate("1", (0.0, -0.4, 0.1)), plate("2", (0.0, -0.1, 0.3))]
    point = np.array([0.01, 0.0, 0.0])
    number, u, v = click_on(views, point)
    assert number == 2
    pixel = CAMERA.project(se3.transform(views[2].pose, point)[None])[0]
    assert np.abs(pixel - [u, v]).max() <= 0.5


def test_a_point_behind_the_surface_or_outside_is_not_clicked() -> None:
    views = [plate("0", (0.0, -0.1, 0.3))]
    for point in ([0.0, 0.0, -0.05], [0.5, 0.0, 0.0], [0.0, 0.0, 0.5]):
        with pytest.raises(ClickError, match="none of 1 pictures"):
            click_on(views, np.array(point))


def trial(code: int, error_mm: float = 1.0, touched: tuple[str, ...] = ()) -> Trial:
    found = code in (0, GraspCode.NOTHING_GRASPED)
    return Trial(1, "mug", code, found=found, error_mm=error_mm, lifted=code == 0, touched=list(touched))


def test_the_table_counts_lifts_and_names_what_ended_the_others() -> None:
    low = GraspCode.PERCEPTION + MatchCode.LOW_SCORE
    trials = [trial(0, 2.0), trial(0, 4.0, ("can_0",)), trial(0, 3.0), trial(low), trial(low), trial(403, 9.0)]
    clean = [True, False, False, False, False, False]
    mug = ObjectFigures("mug", 7, 61.2, 33, 0.68, joined="0.3 mm, 0.1°", trials=trials, clean=clean)
    rows = table([mug, ObjectFigures("plain_can", 7, refused="no pictures")]).splitlines()
    assert rows[2].startswith("| mug 7 | 61 | 33 | 68 % | 0.3 mm, 0.1° | 1 of 6 | 3.5 / 9.0 (4) | 2 LOW_SCORE, ")
    assert all(f"1 {cause}" in rows[2] for cause in ("TOUCHED", "REFEREE", "NOTHING_GRASPED"))
    assert rows[3] == "| plain_can 7 | no pictures | | | | 0 of 0 | | |" and "| 1 of 6 |" in rows[4]
    assert len({row.count("|") for row in rows}) == 1


def test_the_object_is_turned_over_near_the_middle_so_that_unseen_sides_show() -> None:
    """The arm looks from above and from its own side, -x; of a box that stands it never sees the other side."""
    box, standing = make_solid("printed_box", 1), np.eye(4)
    views = np.array([(0.0, 0.0, 1.0), (-0.7, 0.0, 0.7), (-0.5, 0.5, 0.7), (-0.5, -0.5, 0.7)])
    views /= np.linalg.norm(views, axis=1, keepdims=True)
    drawn = random_rest(turned_over_seed(box, standing, views, 0.0), box)
    assert drawn.rest > 0 and abs(drawn.x - 0.5) < 0.05 and abs(drawn.y) < 0.08
    shown = (views @ rest_pose(box, drawn)[:3, :3]).mean(axis=0)
    assert shown[2] < 0.3 and shown[0] > 0.3, "the sides that the first scan saw came up again"
    half = random_rest(turned_over_seed(box, standing, views, 0.5), box)
    again = (views @ rest_pose(box, half)[:3, :3]).mean(axis=0)
    assert half.rest > 0 and again @ views.mean(axis=0) > shown @ views.mean(axis=0) + 0.1


def test_the_error_of_a_join_is_what_the_second_part_is_off_by() -> None:
    standing, lying = se3.exp([0.5, 0.0, 0.05, 0.0, 0.0, 0.3]), se3.exp([0.45, 0.1, 0.02, 0.0, 1.57, 0.4])
    first, second = se3.exp([0.51, 0.01, 0.0, 0.0, 0.0, 0.0]), se3.exp([0.44, 0.1, 0.0, 0.0, 0.0, 0.0])
    truth = se3.inverse(second) @ lying @ se3.inverse(standing) @ first
    off = truth.copy()
    off[:3, 3] += 0.0, 0.003, 0.004
    for motion, expected in ((truth, 0.0), (off, 0.005)):
        joined = {"second_from_first": motion.tolist(), "base_from_object": second.tolist()}
        error_m, turn = join_error({"base_from_object": first.tolist(), "joined": [joined]}, standing, lying)
        assert error_m == pytest.approx(expected, abs=1e-9) and turn == pytest.approx(0.0, abs=1e-6)
    half = about("z", np.pi)
    turned = np.eye(4)
    turned[:3, :3] = half
    joined = {
        "second_from_first": (se3.inverse(second) @ lying @ turned @ se3.inverse(standing) @ first).tolist(),
        "base_from_object": second.tolist(),
    }
    scan = {"base_from_object": first.tolist(), "joined": [joined]}
    assert join_error(scan, standing, lying)[1] == pytest.approx(np.pi, abs=1e-6)
    assert join_error(scan, standing, lying, (np.eye(3), half))[1] == pytest.approx(0.0, abs=1e-6)


def test_a_fresh_store_has_no_scans_of_before(tmp_path) -> None:
    (tmp_path / "store.db").touch()
    (tmp_path / "store.db.scans" / "mug").mkdir(parents=True)
    launch_arguments(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_objects_are_chosen_by_name_or_number_and_an_unknown_one_is_named() -> None:
    known = ("mug", "hammer", "milk")
    assert chosen(None, 2, known) == ("mug", "hammer") and chosen(None, None, known) == known
    assert chosen(["milk"], 2, known) == ["milk"]
    with pytest.raises(SolidError, match="--only names spoon, expected some of mug, hammer, milk"):
        chosen(["spoon", "milk"], None, known)


def test_a_unit_that_meshes_cannot_have_is_named(tmp_path: Path) -> None:
    with pytest.raises(MeshObjectError, match="unit of the meshes is 'yard', expected one of m, cm"):
        make_mesh_solids([tmp_path], "yard", tmp_path)
