import numpy as np
import pytest
from dense_grasp_train.render.scene import compose_scene, draw_camera_pose, render_view, wrist_camera

CAPS = (0, 1)
CAMERA = wrist_camera(320, 240)


@pytest.fixture(scope="module")
def scenes():
    return [compose_scene(3, index, CAPS) for index in range(30)]


def test_caps_take_turns_and_poses_have_their_shares(scenes):
    assert [scene.cap_seed for scene in scenes[:4]] == [0, 1, 0, 1]
    share = np.mean([scene.pose == "crown_down" for scene in scenes])
    assert 0.35 < share < 0.85
    assert {scene.pose for scene in scenes} == {"crown_down", "crown_up", "tilted"}


def test_pose_names_say_where_the_crown_points(scenes):
    for scene in scenes:
        up = scene.world_from_object[2, 2]
        assert np.linalg.det(scene.world_from_object[:3, :3]) == pytest.approx(1.0)
        if scene.pose == "crown_down":
            assert up < -0.75
        elif scene.pose == "crown_up":
            assert up > 0.75


def test_nothing_sinks_into_the_table(scenes):
    for scene in scenes:
        assert all(mesh.vertices[:, 2].min() > -1e-9 for mesh in scene.meshes)


def test_even_views_look_down_and_odd_ones_aslant(scenes):
    rng = np.random.default_rng(0)
    for view in (0, 1):
        down = np.array([-draw_camera_pose(scenes[0], view, rng)[2, 2] for _ in range(50)])
        tilt = np.degrees(np.arccos(down))
        assert (tilt.max() < 15.01) if view == 0 else (tilt.min() > 14.99 and tilt.max() < 50.01)


def test_caps_stand_and_cameras_look_from_aside_as_asked():
    scenes = [compose_scene(3, index, CAPS, pose_shares=(0.0, 1.0, 0.0), tilt_deg=80.0) for index in range(6)]
    assert {scene.pose for scene in scenes} == {"crown_up"}
    rng = np.random.default_rng(0)
    down = np.array([-draw_camera_pose(scenes[0], 1, rng)[2, 2] for _ in range(50)])
    assert 60.0 < np.degrees(np.arccos(down)).max() < 80.01


def test_camera_pose_is_a_rotation_at_a_wrist_camera_s_distance(scenes):
    rng = np.random.default_rng(1)
    for _ in range(20):
        pose = draw_camera_pose(scenes[1], 1, rng)
        assert pose[:3, :3].T @ pose[:3, :3] == pytest.approx(np.eye(3), abs=1e-12)
        assert np.linalg.det(pose[:3, :3]) == pytest.approx(1.0)
        distance = np.linalg.norm(pose[:3, 3] - scenes[1].meshes[0].vertices.mean(axis=0))
        assert 0.3 < distance < 1.0


def test_view_is_repeatable_and_shows_the_cap(scenes):
    first, second = (render_view(scenes[2], CAMERA, 3, 2, 1) for _ in range(2))
    assert np.array_equal(first.rgb, second.rgb) and np.array_equal(first.depth, second.depth)
    assert first.mask_visible.mean() > 0.02
    assert not (first.mask_visible & ~first.mask_whole).any()
    assert ((first.part >= 0) == first.mask_visible).all()
    assert (first.depth[first.mask_visible] > 0.2).all()


def test_two_views_agree_on_the_object():
    scene = compose_scene(3, 0, CAPS)
    a, b = (render_view(scene, CAMERA, 3, 0, view) for view in (0, 1))
    rows, columns = np.nonzero(a.mask_visible)
    chosen = np.random.default_rng(0).choice(len(rows), 3000)
    rows, columns = rows[chosen], columns[chosen]
    points = CAMERA.deproject(np.stack([columns, rows], 1), a.depth[rows, columns])
    b_from_a = b.camera_from_object @ np.linalg.inv(a.camera_from_object)
    moved = points @ b_from_a[:3, :3].T + b_from_a[:3, 3]
    pixels = np.rint(CAMERA.project(moved)).astype(int)
    inside = ((pixels >= 0) & (pixels < [CAMERA.width, CAMERA.height])).all(axis=1)
    u, v = pixels[inside].T
    visible = b.mask_visible[v, u] & (np.abs(b.depth[v, u] - moved[inside, 2]) < 0.002)
    assert visible.sum() > 200
    same = a.part[rows, columns][inside][visible] == b.part[v, u][visible]
    assert same.mean() > 0.95
    gap = a.part_uv[rows, columns][inside][visible][same] - b.part_uv[v, u][visible][same]
    gap[:, 0] = (gap[:, 0] + 0.5) % 1.0 - 0.5
    # One pixel is about 2 mm here, a hundredth of a part.
    assert np.median(np.abs(gap)) < 0.01
