"""A user's meshes become objects, or a message that names the file and the cause."""

from __future__ import annotations

import json

import numpy as np
import pytest
import trimesh
from dense_grasp_assets.cap.export import save_obj
from dense_grasp_assets.cap.mesh import make_cap
from dense_grasp_train.data import generate
from dense_grasp_train.data.dataset import ViewDataset
from dense_grasp_train.data.view_loader import to_view
from dense_grasp_train.render.mesh_source import load_mesh, scale_to
from dense_grasp_train.render.meshes.files import find_meshes, find_shapenet
from dense_grasp_train.render.meshes.part import MeshError
from dense_grasp_train.render.surface_colour import vertex_colours
from PIL import Image

OPTIONS = ["--views", "4", "--views-per-scene", "2", "--size", "320x240", "--jobs", "1", "--quiet"]


def coloured_box(path, size=0.2):
    """A closed box whose vertices have the colours of the corners of the RGB cube."""
    box = trimesh.creation.box([size] * 3)
    box.visual.vertex_colors = np.uint8(255 * (box.vertices > 0))
    box.export(path)
    return path


def textured_sheet(path, repeat=1.0):
    """A square of 0.2 m with a picture, red on the left and blue on the right."""
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[:, :4, 0] = picture[:, 4:, 2] = 255
    vertices = np.array([[0, 0, 0], [0.2, 0, 0], [0.2, 0.2, 0], [0, 0.2, 0]])
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1.0]]) * repeat
    material = trimesh.visual.material.SimpleMaterial(Image.fromarray(picture), diffuse=[255] * 4)
    visual = trimesh.visual.TextureVisuals(uv=uv, material=material)
    trimesh.Trimesh(vertices, [[0, 1, 2], [0, 2, 3]], visual=visual, process=False).export(path)
    return path


@pytest.mark.parametrize("suffix", [".ply", ".glb", ".obj"])
def test_vertex_colours_are_read(tmp_path, suffix):
    found = load_mesh(coloured_box(tmp_path / f"box{suffix}"))
    assert found.open_edges == 0
    red = vertex_colours(found.body)[:, 0] > 128
    assert (found.body.vertices[red, 0] > 0.09).all() and (found.body.vertices[~red, 0] < -0.09).all()


def test_face_colours_keep_to_their_faces(tmp_path):
    box = trimesh.creation.box([0.2] * 3)
    normals = np.round(box.face_normals)
    box.visual.face_colors = np.uint8(100 * (normals + 1))
    box.export(tmp_path / "box.ply")
    found = load_mesh(tmp_path / "box.ply")
    assert found.open_edges == 0
    corners = found.body.vertices[found.body.faces]
    expected = 100 * (np.round(np.cross(*(corners[:, [1, 2]] - corners[:, [0]]).swapaxes(0, 1)) / 0.04) + 1)
    np.testing.assert_array_equal(found.body.colours[found.body.faces], np.repeat(expected[:, None], 3, axis=1))


@pytest.mark.parametrize("suffix", [".glb", ".obj"])
def test_textures_are_read_the_right_way_up(tmp_path, suffix):
    (tmp_path / "meshes").mkdir()
    found = load_mesh(textured_sheet(tmp_path / "meshes" / f"sheet{suffix}"))
    body = found.body
    (shown,) = body.pictures
    assert found.open_edges == 4 and body.colours is None and shown.wrap == ("repeat", "repeat")
    left = body.vertices[:, 0] < 0.1
    assert (body.uv[left, 0] < 0.5).all() and (shown.pixels[:, 0] == [255, 0, 0]).all()


def test_size_is_scaled(tmp_path):
    path = coloured_box(tmp_path / "box.ply", size=230.0)
    with pytest.raises(MeshError, match=r"box\.ply has a diagonal of 398.* mm .*--mesh-unit.*--mesh-size"):
        load_mesh(path)
    body = load_mesh(path, scale_to(find_meshes([path]), 0.3)).body
    assert np.linalg.norm(np.ptp(body.vertices, axis=0)) == pytest.approx(0.3)


def test_unusable_meshes_are_named(tmp_path):
    plain = tmp_path / "plain.ply"
    trimesh.creation.box([0.2] * 3).export(plain)
    with pytest.raises(MeshError, match=r"plain\.ply has neither a texture nor vertex colours"):
        load_mesh(plain)
    assert len(np.unique(load_mesh(plain, untextured=True).body.colours, axis=0)) == 1
    (tmp_path / "half.glb").write_bytes(b"glTF half")
    with pytest.raises(MeshError, match=r"half\.glb cannot be read"):
        load_mesh(tmp_path / "half.glb")
    points = tmp_path / "points.ply"
    trimesh.PointCloud(np.random.default_rng(0).random((9, 3))).export(points)
    with pytest.raises(MeshError, match=r"points\.ply"):
        load_mesh(points)
    (tmp_path / "nan.obj").write_text("v 0 0 0\nv nan 0 0\nv 0 1 0\nf 1 2 3\n")
    with pytest.raises(MeshError, match=r"nan\.obj"):
        load_mesh(tmp_path / "nan.obj")


def lose_texture(folder):
    next(folder.glob("*.png")).unlink()


def halve_texture(folder):
    path = next(folder.glob("*.png"))
    path.write_bytes(path.read_bytes()[:45])


def lose_material(folder):
    next(folder.glob("*.mtl")).unlink()


def halve_mesh(folder):
    path = folder / "sheet.obj"
    path.write_text(path.read_text()[:-12].replace("vt ", "# "))


def empty_mesh(folder):
    (folder / "sheet.obj").write_bytes(b"")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lose_texture, r"sheet\.obj: material .* names the picture .*, which is not in "),
        (lose_material, r"sheet\.obj has its materials in .*, which is not in "),
        (halve_texture, r"sheet\.obj: material .* names the picture .*, which is damaged .*truncated"),
        (halve_mesh, r"sheet\.obj"),
        (empty_mesh, r"sheet\.obj"),
    ],
)
def test_a_mesh_that_lost_a_part_is_named(tmp_path, damage, message):
    path = textured_sheet(tmp_path / "sheet.obj")
    assert load_mesh(path).body.pictures[0].pixels.shape[:2] == (8, 8)
    damage(tmp_path)
    with pytest.raises(MeshError, match=message):
        load_mesh(path)


def test_folders_and_shapenet_categories_are_found(tmp_path):
    first = tmp_path / "02954340" / "aaa" / "models"
    second = tmp_path / "02954340" / "bbb"
    for folder in (first, second):
        folder.mkdir(parents=True)
    save_obj(make_cap(0, 0.2), first / "model_normalized.obj")
    save_obj(make_cap(1, 0.2), second / "model.obj")
    found = find_shapenet(tmp_path, "02954340")
    assert [mesh.path.name for mesh in found] == ["model_normalized.obj", "model.obj"]
    assert len(found[0].sha256) == 64 and found[0].sha256 != found[1].sha256
    with pytest.raises(MeshError, match=r"category is .02691156., expected a folder of .*: 02954340"):
        find_shapenet(tmp_path, "02691156")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MeshError, match="holds no model"):
        find_shapenet(tmp_path, "empty")
    with pytest.raises(MeshError, match="holds no mesh"):
        find_meshes([tmp_path / "empty"])
    assert find_meshes([second]) == found[1:]


def test_views_of_meshes_are_made_and_resumed(tmp_path, capsys):
    coloured_box(tmp_path / "box.ply")
    (tmp_path / "more").mkdir()
    textured_sheet(tmp_path / "more" / "sheet.obj")
    root = tmp_path / "set"
    command = ["--out", str(root), "--meshes", str(tmp_path / "box.ply"), str(tmp_path / "more"), *OPTIONS]
    assert generate.main(command) == 0
    assert "sheet.obj has holes (4 open edges)" in capsys.readouterr().err
    data = ViewDataset(root)
    assert data.by_object() == {1: [0, 1], 2: [2, 3]}
    assert not list(root.rglob("coord")) and data.manifest["source"] == "mesh"
    assert json.loads((root / "models/models_info.json").read_text())["1"]["diameter"] == pytest.approx(346.4, abs=0.1)
    box = trimesh.load(root / "models/obj_000001.ply", process=False)
    assert len(np.unique(box.visual.vertex_colors[:, :3], axis=0)) == 8
    view = data[0]
    assert view.part is None and view.cap_seed is None
    v, u = np.nonzero(view.mask)
    points = view.camera.deproject(np.stack([u, v], 1), view.depth[v, u])
    points = (points - view.camera_from_object[:3, 3]) @ view.camera_from_object[:3, :3]
    assert np.abs(np.abs(points).max(1) - 0.1).max() < 2e-3
    assert generate.main([*command, "--mesh-size", "0.3"]) == 1
    assert "mesh_scale 1.0 instead of 0.866" in capsys.readouterr().err
    box = (tmp_path / "box.ply").read_bytes()
    (tmp_path / "box.ply").write_bytes(box.replace(b"end_header", b"comment changed\nend_header", 1))
    assert generate.main(command) == 1
    assert "data set of other settings (meshes" in capsys.readouterr().err


def test_a_bad_mesh_leaves_no_data_set(tmp_path, capsys):
    coloured_box(tmp_path / "box.ply")
    (tmp_path / "half.glb").write_bytes(b"glTF half")
    meshes = [str(tmp_path / name) for name in ("box.ply", "half.glb")]
    assert generate.main(["--out", str(tmp_path / "set"), "--meshes", *meshes, *OPTIONS]) == 1
    assert "half.glb cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "set").exists()
    assert generate.main(["--out", str(tmp_path / "set"), "--shapenet", str(tmp_path), *OPTIONS]) == 1
    assert "--shapenet and --category belong together" in capsys.readouterr().err


def test_places_without_surface_coordinates_are_the_objects_points(tmp_path):
    coloured_box(tmp_path / "box.ply")
    assert generate.main(["--out", str(tmp_path / "set"), "--meshes", str(tmp_path / "box.ply"), *OPTIONS]) == 0
    views = [view for loaded in ViewDataset(tmp_path / "set") if (view := to_view(loaded)) is not None]
    assert views
    for view in views:
        place = view.place[view.mask].astype(float)
        assert np.abs(np.abs(place[:, :3]).max(1) - 0.1).max() < 2e-3 and (place[:, 3] == 1).all()
