"""Pictures of objects have them where they say, and the table says what was counted."""

import numpy as np
from dense_grasp_bench.objects.measure import Figures, table
from dense_grasp_bench.objects.scenes import crowd, picture
from dense_grasp_bench.objects.shapes import make_object
from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.result_codes import Visibility
from dense_grasp_train.render.scene import wrist_camera


def seen_share(shot, mesh, pose):
    """Of the mesh's corners at a pose: how many are seen there, by the exact depth."""
    points = transform(pose, mesh.vertices[::7])
    nearest, inside = shot.camera.nearest_pixels(shot.camera.project(points))
    u, v = nearest[inside].T
    return (np.abs(shot.exact[v, u] - points[inside, 2]) < 0.003).sum() / len(points)


def test_a_picture_has_the_object_at_its_pose_and_a_sensor_s_depth():
    mesh = make_object("box")
    shot = picture(mesh, 1, 0)
    share = seen_share(shot, mesh, shot.poses[0])
    assert share > 0.1
    off = shot.poses[0].copy()
    off[:3, 3] += 0.2
    assert seen_share(shot, mesh, off) < share / 2
    measured = shot.depth[shot.mask]
    known = measured > 0
    assert known.mean() > 0.5 and np.median(np.abs(measured - shot.exact[shot.mask])[known]) < 0.01


def test_a_crowd_has_three_of_it_in_places_of_their_own():
    mesh = make_object("box")
    shot = crowd(mesh, [make_object("bracket")] * 3, 3, 0)
    assert len(shot.poses) == 3
    assert all(seen_share(shot, mesh, pose) > 0.1 for pose in shot.poses)
    places = np.array([pose[:3, 3] for pose in shot.poses])
    assert np.linalg.norm(places[:, None] - places[None], axis=2)[np.triu_indices(3, 1)].min() > 0.1


def test_the_table_counts():
    figures = Figures(
        found=[True, True, False],
        false_alarms=[False, True],
        turns=[1.0, 170.0],
        keypoints=[
            (0.001, True, Visibility.VISIBLE),
            (0.003, True, Visibility.VISIBLE),
            (np.nan, True, Visibility.UNKNOWN),
            (0.002, False, Visibility.HIDDEN),
            (0.002, False, Visibility.VISIBLE),
        ],
        mahalanobis=[3.0, 20.0],
        crowds=[(3, 2, 0), (3, 3, 1)],
    )
    values = [row.split(" | ")[1].strip(" |") for row in table(figures)]
    assert values == [
        *("66.7% of 3", "1 of 2", "50.0% of 2", "2.0 / 2.9 mm", "66.7% of 3", "50.0% of 2", "50.0% of 2"),
        *("5 of 6", "1 in 2 scenes"),
    ]
    assert table(Figures())[0] == "| pictures with the object: found | - |"


def test_the_camera_turns_on_its_mount_and_has_another_size():
    mesh = make_object("box")
    plain = picture(mesh, 1, 0)
    turned = picture(mesh, 1, 0, wrist_camera(424, 240), np.pi)
    assert turned.rgb.shape == (240, 424, 3) and turned.depth.shape == (240, 424)
    about_the_axis = plain.poses[0] @ np.linalg.inv(turned.poses[0])
    np.testing.assert_allclose(about_the_axis, np.diag([-1.0, -1.0, 1.0, 1.0]), atol=1e-6)
    assert seen_share(turned, mesh, turned.poses[0]) > 0.1


def test_the_table_counts_what_a_changed_camera_found():
    figures = Figures(changed_camera=[True, True, False, True], changed_camera_errors=[0.001, 0.031, 0.029])
    rows = [row.strip("| ").split(" | ") for row in table(figures)]
    assert rows[-2:] == [
        ["camera turned on its mount, pictures of another size than the scan's: found", "75.0% of 4"],
        ["... keypoints more than 30 mm off", "1 of 3"],
    ]
