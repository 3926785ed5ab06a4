"""A mesh file that cannot be rendered as it says is refused with one sentence: file, material, remedy."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import made_meshes
import numpy as np
import pytest
from dense_grasp_train.data import generate
from dense_grasp_train.render.mesh_source import load_mesh, scale_to
from dense_grasp_train.render.meshes import gltf_file
from dense_grasp_train.render.meshes.files import find_meshes
from dense_grasp_train.render.meshes.part import MeshError

UV, pbr, picture = made_meshes.UV, made_meshes.pbr, made_meshes.picture
WRITERS = {".obj": made_meshes.obj, ".ply": made_meshes.ply, ".glb": made_meshes.glb, ".stl": made_meshes.stl}
OF_ONE = "newmtl one\nmap_Kd "
TEXTURED = {"materials": [pbr(texture=True, name="label")]}
WHITE = [(255, 255, 255)] * 6

FAULTS = [
    (
        ".obj",
        {"mtl": OF_ONE + "gone.png"},
        r"material 'one' in .*sheet\.mtl names the picture 'gone\.png', which is not in .*\(pictures "
        r"there: TWIN\.png, .*\): put it there or correct the name, or --untextured",
    ),
    (
        ".obj",
        {"mtl": OF_ONE + "half.png"},
        r"material 'one' .* names the picture 'half\.png', which is damaged or no picture \(45 bytes, "
        r".*\): replace it",
    ),
    (
        ".obj",
        {"mtl": OF_ONE + "twin.png"},
        r"'twin\.png', which could be any of .*TWIN\.png, .*Twin\.png: rename one",
    ),
    (
        ".obj",
        {"mtl": "newmtl one\nKd 0 0 0\nmap_Kd sheet.png"},
        "material 'one' .* multiplies its picture by Kd 0 0 0, which is black: set Kd 1 1 1",
    ),
    (
        ".obj",
        {"mtl": OF_ONE + "-t 0.1 0 0 sheet.png"},
        r"sheet\.mtl, material 'one': 'map_Kd -t 0\.1 0 0 sheet\.png' is not read: -t changes the picture",
    ),
    (
        ".obj",
        {"mtl": "newmtl one\nKd xyz 1 1 1"},
        r"material 'one': 'Kd xyz 1 1 1' is not read: write the colour as Kd R G B",
    ),
    (".obj", {"mtl": "newmtl one\nKd red"}, r"material 'one': 'Kd red' is not read"),
    (
        ".obj",
        {"mtl": OF_ONE + "sheet.png", "uv": None},
        r"face\(s\) of material 'one' have no texture coordinates .* 'sheet\.png': unwrap",
    ),
    (
        ".obj",
        {"mtl": "newmtl two\nKd 1 1 1"},
        r"uses material 'one', which its libraries lack \(they have 'two'\): correct",
    ),
    (
        ".obj",
        {"mtl": None, "head": "mtllib gone.mtl"},
        r"has its materials in 'gone\.mtl', which is not in .*--untextured "
        "renders it grey",
    ),
    (
        ".obj",
        {"mtl": "newmtl one\nKd 1 1 1", "left": None},
        "faces without a material has neither a picture nor a colour: give it one",
    ),
    (
        ".obj",
        {"mtl": None, "colours": [(1, 0, 0)] * 5 + [()]},
        "gives a colour to 5 of its 6 vertices, expected all or none",
    ),
    (
        ".ply",
        {"uv": UV, "texture": "gone.png"},
        r"names the picture 'gone\.png', which is not in .*--untextured",
    ),
    (".ply", {"uv": UV, "texture": "half.png"}, r"names the picture 'half\.png', which is damaged"),
    (
        ".ply",
        {"uv": UV, "texture": "a.png\ncomment TextureFile b.png"},
        r"names 2 pictures \(a\.png, b\.png\), expected "
        "one: write it as OBJ or GLB",
    ),
    (".ply", {"texture": "sheet.png"}, "names a picture and has no texture coordinates for it: unwrap it"),
    (
        ".ply",
        {"colours": [*WHITE[1:], (0, 0, 0)], "faces": ((1, 2, 3), (4, 5, 6))},
        "gives colours to its vertices and to its faces",
    ),
    (
        ".glb",
        TEXTURED | {"embedded": False, "images": [{"uri": "gone.png"}]},
        r"material 'label' has a picture 'gone\.png', which is not in "
        ".*--untextured",
    ),
    (
        ".glb",
        TEXTURED | {"data": picture()[:45]},
        "material 'label' has a picture inside the file, which is damaged or no picture",
    ),
    (
        ".glb",
        TEXTURED | {"textures": [{"extensions": {"KHR_texture_basisu": {"source": 0}}}]},
        "material 'label' has a picture of a kind that is not read: write its pictures as PNG",
    ),
    (
        ".glb",
        {"materials": [pbr((0, 0, 0), True)]},
        "material 0 multiplies its picture by 0 0 0, which is black",
    ),
    (
        ".glb",
        TEXTURED | {"uv": None},
        "material 'label' has a picture, and a primitive of it no TEXCOORD_0 for it: unwrap it",
    ),
    (
        ".glb",
        {"materials": [pbr((1, 0, 0))], "right": None},
        "a primitive without a material has neither a picture nor a colour",
    ),
    (
        ".glb",
        {"materials": [{}], "extensionsRequired": ["EXT_meshopt_compression"]},
        "needs the glTF extension EXT_meshopt_compression, which is not read: write it without",
    ),
    (".stl", {"words": [1 << 15, 0, 0, 0]}, "gives a colour to 1 of its 4 triangles, expected all or none"),
]


@pytest.fixture
def folder(tmp_path):
    inside = tmp_path / "meshes"
    inside.mkdir()
    (inside / "sheet.png").write_bytes(picture())
    (inside / "half.png").write_bytes(picture()[:45])
    for name in ("Twin.png", "TWIN.png"):
        (inside / name).write_bytes(picture())
    return inside


@pytest.mark.parametrize(("suffix", "made", "message"), FAULTS)
def test_a_fault_is_named_with_its_remedy(folder, suffix, made, message):
    path = WRITERS[suffix](folder / f"sheet{suffix}", **made)
    with pytest.raises(MeshError, match=message) as found:
        load_mesh(path)
    assert "sheet" in str(found.value) and "\n" not in str(found.value)
    if "--untextured" in str(found.value):
        assert (load_mesh(path, untextured=True).body.pictures[0].pixels == 255).all()


def test_a_buffer_in_a_file_that_is_not_there_is_named(folder):
    file = gltf_file.read_gltf_file(made_meshes.glb(folder / "sheet.glb", **TEXTURED))
    file.header["buffers"][0]["uri"] = "far/sheet.bin"
    path = folder / "sheet.gltf"
    path.write_text(json.dumps(file.header))
    with pytest.raises(MeshError, match=r"sheet\.gltf has its data in 'far/sheet\.bin', .*no \.bin file is there"):
        load_mesh(path)
    (folder / "other.bin").write_bytes(b"")
    with pytest.raises(MeshError, match=r"\.bin files there: other\.bin\)"):
        load_mesh(path, untextured=True)
    (folder / "sheet.bin").write_bytes(file.binary)
    assert len(load_mesh(path).body.faces) == 4


def test_draco_without_its_decoder_is_named(folder, monkeypatch):
    path = made_meshes.glb(folder / "sheet.glb", [{}])
    file = gltf_file.read_gltf_file(path)
    for primitive in file.header["meshes"][0]["primitives"]:
        primitive["extensions"] = {gltf_file.DRACO: {"bufferView": 0, "attributes": {"POSITION": 0}}}
    del file.header["accessors"][0]["bufferView"]  # the positions are in the extension alone, which is no Draco data
    path.write_bytes(gltf_file.glb_bytes(file.header, file.binary))
    with pytest.raises(MeshError, match=r"sheet\.glb: its Draco data .* cannot be decoded, is it damaged"):
        load_mesh(path)
    monkeypatch.setattr(gltf_file, "_has_draco", lambda: False)
    with pytest.raises(MeshError, match=r"sheet\.glb is compressed with Draco .*pip install DracoPy"):
        load_mesh(path)


@pytest.mark.parametrize("cut", [4, 30, 200, -20])
def test_a_file_that_is_cut_off_is_named(folder, cut):
    for suffix, writer in WRITERS.items():
        if suffix == ".obj" and cut < 0:
            continue  # the lines that are left are a whole file
        made = {".glb": TEXTURED, ".ply": {"colours": WHITE}, ".obj": {"mtl": OF_ONE + "sheet.png"}, ".stl": {}}[suffix]
        path = writer(folder / f"sheet{suffix}", **made)
        path.write_bytes(path.read_bytes()[:cut])
        with pytest.raises(MeshError, match=rf"sheet\{suffix}"):
            load_mesh(path)


def test_fans_sparse_numbers_and_other_suffixes_are_named(folder):
    path = made_meshes.glb(folder / "sheet.glb", [{}])
    file = gltf_file.read_gltf_file(path)
    fans = json.loads(json.dumps(file.header))
    fans["meshes"][0]["primitives"][0]["mode"] = 6
    path.write_bytes(gltf_file.glb_bytes(fans, file.binary))
    with pytest.raises(MeshError, match="triangle fans"):
        load_mesh(path)
    file.header["accessors"][0]["sparse"] = {"count": 1}
    path.write_bytes(gltf_file.glb_bytes(file.header, file.binary))
    with pytest.raises(MeshError, match="sparse accessors"):
        load_mesh(path)
    (folder / "sheet.dae").write_text("<COLLADA/>")
    with pytest.raises(MeshError, match=r"sheet\.dae is none of \.obj, .*write it as one of them"):
        load_mesh(folder / "sheet.dae")
    (folder / "sheet.off").write_text("OFF\n3 1 0\n0 0 0\n0.2 0 0\n0 0.2 0\n3 0 1 2 255 0 0\n")
    with pytest.raises(MeshError, match=r"sheet\.off has colours, which are not read from OFF: write it as PLY"):
        load_mesh(folder / "sheet.off")


@pytest.mark.parametrize(
    ("suffix", "made"),
    [
        (".obj", {"mtl": "newmtl one\nKd 1 0 0\nd 0.5"}),
        (".obj", {"mtl": OF_ONE + "sheet.png\nmap_d sheet.png"}),
        (".glb", {"materials": [pbr((1, 0, 0), name="one") | {"alphaMode": "BLEND"}]}),
        (".glb", {"materials": [pbr(texture=True, name="one") | {"alphaMode": "MASK"}]}),
    ],
)
def test_what_is_see_through_is_said_to_be_rendered_opaque(folder, suffix, made):
    assert load_mesh(WRITERS[suffix](folder / f"sheet{suffix}", **made)).see_through == ("material 'one'",)
    opaque = {".obj": {"mtl": "newmtl one\nKd 1 0 0\nd 1.0\nTr 0"}, ".glb": {"materials": [pbr((1, 0, 0))]}}[suffix]
    assert not load_mesh(WRITERS[suffix](folder / f"sheet{suffix}", **opaque)).see_through


def test_models_of_shapenet_without_a_mesh_are_named(tmp_path, capsys):
    whole, empty = tmp_path / "02946921" / "whole", tmp_path / "02946921" / "empty"
    for path in (whole, empty):
        path.mkdir(parents=True)
    made_meshes.obj(whole / "model.obj", "newmtl one\nKd 1 0 0\nd 0.5")
    options = ["--views", "1", "--size", "160x120", "--jobs", "1", "--quiet", "--category", "02946921"]
    assert generate.main(["--out", str(tmp_path / "set"), "--shapenet", str(tmp_path), *options]) == 0
    said = capsys.readouterr().err
    assert f"{empty} is left out, it has no models/model_normalized.obj" in said
    assert said.count("material 'one' is see-through, it is rendered opaque") == 1


def test_a_picture_that_changed_is_noticed_on_resume(folder, capsys):
    path = made_meshes.obj(folder / "sheet.obj", OF_ONE + "sheet.png")
    (folder / "mug.fbx").write_bytes(b"Kaydara")
    (folder / "half.png").unlink()
    options = ["--views", "1", "--size", "160x120", "--jobs", "1", "--quiet", "--meshes", str(folder)]
    command = ["--out", str(folder.parent / "set"), *options]
    assert generate.main(command) == 0
    assert "mug.fbx is left out, it is none of .obj, .glb" in capsys.readouterr().err
    assert generate.main(command) == 0
    made_meshes.obj(path, OF_ONE + "-clamp on sheet.png")
    assert generate.main(command) == 1
    assert "holds a data set of other settings (looks" in capsys.readouterr().err


def coloured(path: Path, size: float) -> Path:
    """A square of that side, all of one colour."""
    corners = [(0, 0, 0), (size, 0, 0), (size, size, 0), (0, size, 0)]
    path.write_text("".join(f"v {x} {y} {z} 1 0 0\n" for x, y, z in corners) + "f 1 2 3 4\n")
    return path


def test_the_unit_is_asked_for_by_name(tmp_path):
    path = coloured(tmp_path / "mug.obj", 100)
    with pytest.raises(MeshError, match=r"mug\.obj has a diagonal of 141.* is its unit mm \(--mesh-unit\)\?"):
        load_mesh(path)
    assert np.ptp(load_mesh(path, 0.001).body.vertices[:, 0]) == pytest.approx(0.1)


def test_siblings_keep_their_sizes(tmp_path):
    small, large = coloured(tmp_path / "a.obj", 60), coloured(tmp_path / "b.obj", 200)
    scale = scale_to(find_meshes([small, large]), 0.2 * 2**0.5)
    sides = [np.ptp(load_mesh(path, scale).body.vertices[:, 0]) for path in (small, large)]
    assert sides == pytest.approx([0.06, 0.2])


def test_generate_takes_a_unit_or_a_size(tmp_path, capsys):
    paths = [str(coloured(tmp_path / name, side)) for name, side in (("a.obj", 60), ("b.obj", 200))]
    options = ["--views", "2", "--views-per-scene", "1", "--size", "160x120", "--jobs", "1", "--quiet"]
    for number, scale in enumerate((["--mesh-unit", "mm"], ["--mesh-size", "0.2828427"])):
        root = tmp_path / str(number)
        assert generate.main(["--out", str(root), "--meshes", *paths, *scale, *options]) == 0
        infos = json.loads((root / "models/models_info.json").read_text())
        assert [infos[key]["size_x"] for key in ("1", "2")] == pytest.approx([60, 200], abs=1e-3)
        assert json.loads((root / "manifest.json").read_text())["mesh_scale"] == pytest.approx(0.001)
    with pytest.raises(SystemExit):
        generate.main(["--out", str(tmp_path / "c"), "--meshes", *paths, "--mesh-unit", "mm", "--mesh-size", "0.2"])
    assert generate.main(["--out", str(tmp_path / "c"), "--mesh-size", "0.2", *options]) == 1
    assert "--mesh-size is for --meshes and --shapenet" in capsys.readouterr().err
    flat = tmp_path / "flat.stl"
    flat.write_bytes(b"flat".ljust(80) + struct.pack("<I12fH", 1, *([0.0] * 12), 0))
    assert generate.main(["--out", str(tmp_path / "c"), "--meshes", str(flat), "--mesh-size", "0.2", *options]) == 1
    assert "flat.stl has a diagonal of 0" in capsys.readouterr().err
