"""The job folder: what it says of a scene, and answers that are missing, damaged or of another size."""

from __future__ import annotations

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_train.render.external.job import (
    read_picture,
    table_mesh,
    write_job,
)
from dense_grasp_train.render.raycast import RayCaster, RenderError, RenderMesh
from dense_grasp_train.render.scene import compose_scene, draw_camera_pose, wrist_camera
from dense_grasp_train.render.shading import Lighting, TablePlane, shade
from dense_grasp_train.render.srgb import linear_from_srgb, srgb_from_linear
from dense_grasp_train.render.surface_colour import Picture

CAMERA = wrist_camera(96, 64)


def test_srgb_and_linear_light_undo_each_other():
    values = np.arange(256)
    np.testing.assert_allclose(srgb_from_linear(linear_from_srgb(values)), values, atol=1e-3)
    assert linear_from_srgb(np.array(255)) == 1.0 and linear_from_srgb(np.array(128)) == pytest.approx(0.2159, abs=1e-4)


def test_a_job_holds_the_scene(tmp_path):
    drawn = (compose_scene(0, index, (0, 1)) for index in range(20))
    scene = next(scene for scene in drawn if scene.table is not None and len(scene.meshes) > 1)
    poses = [draw_camera_pose(scene, view, np.random.default_rng(view)) for view in range(2)]
    write_job(tmp_path, scene, CAMERA, poses, 4, 7, 1)
    job = json.loads((tmp_path / "job.json").read_text())
    assert (job["width"], job["height"], job["fx"], job["cx"], job["cy"]) == (96, 64, CAMERA.fx, 47.5, 31.5)
    assert (job["samples"], job["seed"], job["threads"]) == (4, 7, 1)
    np.testing.assert_allclose(job["poses"], poses)
    assert len(job["meshes"]) == len(scene.meshes) + 1 and job["meshes"][-1]["pictures"][0]["wrap"] == "repeat"
    for number, mesh in enumerate(scene.meshes):
        arrays = np.load(tmp_path / f"mesh_{number}.npz")
        np.testing.assert_allclose(arrays["vertices"], mesh.vertices, atol=1e-7)
        np.testing.assert_array_equal(arrays["faces"], mesh.faces)
        (picture,) = job["meshes"][number]["pictures"]
        assert picture["wrap"] == "clamp"
        texture = cv2.imread(str(tmp_path / picture["file"]))[..., ::-1]
        np.testing.assert_array_equal(texture, mesh.texture)


def test_vertex_colours_go_as_linear_light_instead_of_a_texture(tmp_path):
    scene = compose_scene(0, 0, (0,))
    body = scene.meshes[0]
    coloured = replace(body, colours=np.full((len(body.vertices), 3), 128, np.float32))
    write_job(tmp_path, replace(scene, meshes=(coloured,), table=None), CAMERA, [np.eye(4)], 4, 0, 1)
    assert np.load(tmp_path / "mesh_0.npz")["colours"][0] == pytest.approx([0.2159, 0.2159, 0.2159, 1.0], abs=1e-4)
    assert json.loads((tmp_path / "job.json").read_text())["meshes"] == [{"pictures": []}]


def test_pictures_of_several_materials_go_with_their_wrap_and_factors(tmp_path):
    scene = compose_scene(0, 0, (0,))
    body = scene.meshes[0]
    pictures = tuple(
        Picture(np.full((2, 2, 3), value, np.uint8), (w, w)) for value, w in ((9, "repeat"), (99, "mirror"))
    )
    which = np.arange(len(body.faces)) % 2
    tint = np.full((len(body.vertices), 3), 0.5, np.float32)
    several = replace(body, pictures=pictures, picture_of_face=which, tint=tint)
    write_job(tmp_path, replace(scene, meshes=(several,), table=None), CAMERA, [np.eye(4)], 4, 0, 1)
    (spec,) = json.loads((tmp_path / "job.json").read_text())["meshes"]
    assert [(cv2.imread(str(tmp_path / p["file"]))[0, 0, 0], p["wrap"]) for p in spec["pictures"]] == [
        (9, "repeat"),
        (99, "mirror"),
    ]
    arrays = np.load(tmp_path / "mesh_0.npz")
    np.testing.assert_array_equal(arrays["picture_of_face"], which)
    assert arrays["colours"][0].tolist() == [0.5, 0.5, 0.5, 1.0]
    mixed = replace(body, pictures=(Picture(pictures[0].pixels, ("repeat", "clamp")),))
    with pytest.raises(RenderError, match="goes on by repeat along u and by clamp along v"):
        write_job(tmp_path, replace(scene, meshes=(mixed,), table=None), CAMERA, [np.eye(4)], 4, 0, 1)


def test_the_table_s_mesh_has_the_texture_where_the_ray_caster_has_it():
    y, x = np.mgrid[:256, :256] / 256.0
    smooth = 127 + 60 * np.sin(2 * np.pi * x) + 60 * np.cos(4 * np.pi * y)
    table = TablePlane(np.repeat(smooth[..., None], 3, 2).astype(np.uint8), 0.37, 0.8)
    far = np.array([[50.0, 50, -9], [51, 50, -9], [50, 51, -9]])
    speck = RenderMesh(far, np.array([[0, 1, 2]]), np.ones((3, 3)), np.zeros((3, 2)), table.texture)
    light = Lighting((0, 0, 1), (0, 0, 0), (1, 1, 1), 0.1, 0.0, occlusion=0.0, occlusion_rays=0)
    pose = np.diag([1.0, -1.0, -1.0, 1.0])
    pose[:3, 3] = 0.1, 0.2, 0.6
    images = []
    for meshes, plane in (([speck], table), ([speck, table_mesh(table)], None)):
        caster = RayCaster(meshes)
        hits = caster.cast(CAMERA, pose)
        backdrop = np.zeros((64, 96, 3), np.uint8)
        images.append(shade(CAMERA, pose, caster, hits, light, plane, backdrop, np.random.default_rng(0)))
    # The ray caster reads the plane half a texel aside: at most 3 of 255 here.
    assert np.abs(images[0][0] - images[1][0]).max() < 3.5 and np.ptp(images[0][0]) > 150
    np.testing.assert_allclose(images[0][1], images[1][1], atol=1e-9)


def test_a_camera_with_distortion_is_refused(tmp_path):
    bent = CameraModel(96, 64, 90, 90, 47, 31, (0.1, 0, 0, 0, 0))
    with pytest.raises(RenderError, match=r"distortion is \(0\.1"):
        write_job(tmp_path, compose_scene(0, 0, (0,)), bent, [], 4, 0, 1)


def test_answers_that_cannot_be_used_are_named(tmp_path):
    path = tmp_path / "view_000000.npz"
    with pytest.raises(RenderError, match=r"view_000000\.npz was not rendered"):
        read_picture(tmp_path, 0, CAMERA)
    good = {"light": np.zeros((64, 96, 4), np.float32), "depth": np.zeros((64, 96), np.float32)}
    np.savez(path, **good)
    assert read_picture(tmp_path, 0, CAMERA).light.shape == (64, 96, 4)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(RenderError, match="cannot be read"):
        read_picture(tmp_path, 0, CAMERA)
    for wrong in ({"light": np.zeros((64, 96, 3))}, {"depth": np.zeros((6, 9))}, {"depth": good["depth"] * np.nan}):
        np.savez(path, **{**good, **wrong})
        with pytest.raises(RenderError, match=r"expected finite \(64, 96, 4\) and \(64, 96\)"):
            read_picture(tmp_path, 0, CAMERA)
