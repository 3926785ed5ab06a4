"""Geometry and contents of the rendered pictures."""

import os
import subprocess
import sys

import numpy as np
import pytest
from dense_grasp_core.geometry import se3
from dense_grasp_sim.devices.camera import OVERVIEW, CameraRenderError, CellRenderer
from dense_grasp_sim.physics.simulator import Simulator
from dense_grasp_sim.world.cell_model import WRIST_INTRINSICS


@pytest.fixture(scope="module")
def renderer():
    made = CellRenderer()
    yield made
    made.close()


def test_table_points_have_the_depth_that_geometry_says(empty_cell: Simulator, renderer: CellRenderer) -> None:
    picture = renderer.render(empty_cell.snapshot())
    camera_from_base = se3.inverse(empty_cell.base_from_camera())
    points = np.array([[0.5, 0.0, 0.0], [0.36, 0.2, 0.0], [0.62, -0.25, 0.0]])
    seen = se3.transform(camera_from_base, points)
    for (u, v), z in zip(WRIST_INTRINSICS.project(seen), seen[:, 2]):
        assert WRIST_INTRINSICS.contains(u, v)
        assert picture.depth[round(v), round(u)] == pytest.approx(z, abs=2e-3)


def test_observation_pose_looks_down_on_the_workspace(empty_cell: Simulator) -> None:
    pose = empty_cell.base_from_camera()
    np.testing.assert_allclose(pose[:3, 3], [0.5, 0.0, 0.62], atol=0.02)
    np.testing.assert_allclose(pose[:3, 2], [0.0, 0.0, -1.0], atol=2e-3)


def test_silhouette_of_the_cap_is_where_its_truth_projects(cap_cell: Simulator, renderer: CellRenderer) -> None:
    # A ball of depth nearer than the table must appear inside the rim, and its bounding box match the projected rim.
    depth = renderer.render(cap_cell.snapshot()).depth
    rows, columns = np.nonzero(depth < cap_cell.base_from_camera()[2, 3] - 0.02)
    around = [cap_cell.truth("crown", u, 0.0) for u in np.linspace(0.25, 0.75, 21)]
    edge = cap_cell.truth("brim", 0.5, 1.0)
    us, vs = np.array([[t.u, t.v] for t in around]).T
    # brim to the left (base +y is the image's left), so the back of the rim is the rightmost point
    assert columns.max() == pytest.approx(us.max(), abs=2.5)
    assert columns.min() == pytest.approx(edge.u, abs=6)
    assert rows.min() == pytest.approx(vs.min(), abs=2.5)
    assert rows.max() == pytest.approx(vs.max(), abs=2.5)


def test_rim_depth_agrees_with_truth(cap_cell: Simulator, renderer: CellRenderer) -> None:
    depth = renderer.render(cap_cell.snapshot()).depth
    truth = cap_cell.truth("crown", 0.5, 0.0)
    column, row = round(truth.u), round(truth.v)
    assert truth.visible
    assert depth[row - 2 : row + 3, column - 2 : column + 3].min() == pytest.approx(truth.depth, abs=3e-3)


def test_hidden_points_are_not_visible(cap_cell: Simulator) -> None:
    assert not cap_cell.truth("button", 0.0, 1.0).visible  # underneath, crown down
    assert cap_cell.truth("inner_crown", 0.2, 0.9).visible


def test_colour_is_textured_and_views_differ(cap_cell: Simulator, renderer: CellRenderer) -> None:
    snapshot = cap_cell.snapshot()
    wrist, overview = renderer.render(snapshot).rgb, renderer.render(snapshot, OVERVIEW).rgb
    assert wrist.shape == overview.shape == (480, 640, 3)
    assert wrist.std() > 15 and overview.std() > 15
    assert np.abs(wrist.astype(int) - overview).mean() > 10


def test_new_scene_shows_the_new_cap(renderer: CellRenderer) -> None:
    simulator = Simulator()
    before = renderer.render(simulator.snapshot()).rgb
    simulator.set_scene(1002, pose_seed=1)
    after = renderer.render(simulator.snapshot()).rgb
    assert (np.abs(before.astype(int) - after).max(axis=2) > 40).mean() > 0.02


def test_missing_opengl_names_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(width: int, height: int) -> None:
        raise AttributeError("'NoneType' object has no attribute 'eglQueryString'")

    monkeypatch.setattr("mujoco.GLContext", broken)
    with pytest.raises(CameraRenderError, match="apt install libegl1 libegl-mesa0 libgl1-mesa-dri libgles2"):
        CellRenderer()


def test_cell_imports_where_egl_is_missing() -> None:
    code = (
        "import ctypes\n"
        "def refuse(name, *rest): raise OSError(name)\n"
        "ctypes.CDLL, kept = refuse, ctypes.CDLL\n"
        "import dense_grasp_sim\n"
        "ctypes.CDLL = kept\n"
        "from dense_grasp_sim.devices.camera import CellRenderer, CameraRenderError\n"
        "try: CellRenderer()\n"
        "except CameraRenderError as error: print('told:', error)\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "MUJOCO_GL"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert "told: cannot open an OpenGL context" in done.stdout, done.stderr
