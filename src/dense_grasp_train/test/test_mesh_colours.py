"""What is rendered of a mesh file is what the file says: each way of giving a colour, alone and in pairs.

Every file shows the sheet of `made_meshes`; the colours in the table are worked out by hand.
"""

from __future__ import annotations

import made_meshes
import numpy as np
import pytest
import trimesh
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_train.render.mesh_source import load_mesh
from dense_grasp_train.render.meshes.part import MeshError
from dense_grasp_train.render.raycast import RayCaster
from dense_grasp_train.render.shading import Lighting, shade
from PIL import Image

QUARTERS, UV, pbr, picture = made_meshes.QUARTERS, made_meshes.UV, made_meshes.pbr, made_meshes.picture
glb, obj, ply, stl = made_meshes.glb, made_meshes.obj, made_meshes.ply, made_meshes.stl

(RED, GREEN), (BLUE, YELLOW) = QUARTERS.tolist()  # of the picture: top left, top right, bottom left, bottom right
PICTURE = (RED, GREEN, BLUE, YELLOW)
TWICE = [(2 * u, 2 * v) for u, v in UV]
WHITE = (255, 255, 255)


def four(left, right=None):
    """The colours at the four places where the left half and the right half have one each."""
    right = left if right is None else right
    return left, right, left, right


def halved(colours):
    return tuple(tuple(channel / 2 for channel in colour) for colour in colours)


def rendered(path, untextured=False, places=((0.25, 0.75), (0.75, 0.75), (0.25, 0.25), (0.75, 0.25))):
    """Pixels at places (u, v) of the sheet, origin at its bottom left, under light that leaves colours as they are."""
    body = load_mesh(path, untextured=untextured).body
    camera = CameraModel(65, 65, 60.0, 60.0, 32.0, 32.0)
    above = np.diag([1.0, -1.0, -1.0, 1.0])
    above[:3, 3] = 0.1, 0.1, 0.2
    caster = RayCaster([body])
    hits = caster.cast(camera, above)
    even = Lighting((0, 0, 1), (0, 0, 0), (1, 1, 1), 0, 0, occlusion=0.0, occlusion_rays=0)
    light, _ = shade(camera, above, caster, hits, even, None, np.zeros((65, 65, 3), np.uint8), np.random.default_rng(0))
    assert (hits.mesh == 0).mean() > 0.8
    return np.array([light[round(32 - 60 * (v - 0.5)), round(32 + 60 * (u - 0.5))] for u, v in places])


OBJ = {
    "Kd": ({"mtl": "newmtl one\nKd 0.2 0.4 0.6"}, four((51, 102, 153))),
    "Kd white": ({"mtl": "newmtl one\nKd 1 1 1"}, four(WHITE)),
    "Kd of one value": ({"mtl": "newmtl one\nKd 0.6"}, four((153, 153, 153))),
    "two Kd": (
        {"mtl": "newmtl one\nKd 1 0 0\nnewmtl two\n\tKd 0 0 1", "right": "two"},
        four((255, 0, 0), (0, 0, 255)),
    ),
    "picture": ({"mtl": "newmtl one\nmap_Kd sheet.png"}, PICTURE),
    "picture and Kd": ({"mtl": "newmtl one\nKd 0.5 0.5 0.5\nmap_Kd sheet.png"}, halved(PICTURE)),
    "picture and Kd beside another material": (
        {"mtl": "newmtl one\nKd 0.5 0.5 0.5\nmap_Kd sheet.png\nnewmtl two\nKd 0 1 0", "right": "two"},
        (halved([RED])[0], (0, 255, 0), halved([BLUE])[0], (0, 255, 0)),
    ),
    "the same picture with two Kd": (
        {"mtl": "newmtl one\nKd 0.5 0.5 0.5\nmap_Kd sheet.png\nnewmtl two\nmap_Kd sheet.png", "right": "two"},
        (halved([RED])[0], GREEN, halved([BLUE])[0], YELLOW),
    ),
    "picture repeated": ({"mtl": "newmtl one\nmap_Kd sheet.png", "uv": TWICE}, None),
    "picture repeated beside another material": (
        {"mtl": "newmtl one\nmap_Kd sheet.png\nnewmtl two\nKd 0 1 0", "right": "two", "uv": TWICE},
        None,
    ),
    "picture clamped": (
        {"mtl": "newmtl one\nmap_Kd -clamp on sheet.png", "uv": [(2 * u + 1, v) for u, v in UV]},
        (GREEN, GREEN, YELLOW, YELLOW),
    ),
    "vertex colours": (
        {"mtl": None, "left": None, "right": None, "colours": [(0.2, 0.4, 0.6)] * 6, "uv": None},
        four((51, 102, 153)),
    ),
    "vertex colours in bytes": (
        {"mtl": None, "left": None, "right": None, "colours": [(51, 102, 153)] * 6},
        four((51, 102, 153)),
    ),
    "vertex colours beside coordinates": (
        {"mtl": None, "left": None, "right": None, "colours": [(0.2, 0.4, 0.6)] * 6},
        four((51, 102, 153)),
    ),
    "vertex colours beside Kd": ({"mtl": "newmtl one\nKd 0.8 0.8 0.8", "colours": [(1, 0, 0)] * 6}, four((255, 0, 0))),
    "vertex colours beside a picture": ({"mtl": "newmtl one\nmap_Kd sheet.png", "colours": [(1, 0, 0)] * 6}, PICTURE),
    "vertex colours and a library that is not there": (
        {"mtl": None, "head": "mtllib gone.mtl", "colours": [(1, 0, 0)] * 6},
        four((255, 0, 0)),
    ),
    "options before the name": ({"mtl": "newmtl one\nmap_Kd -s 1 1 1 -o 0 0 0 -mm 0 1 -bm 1 sheet.png"}, PICTURE),
    "a scale before the name": ({"mtl": "newmtl one\nmap_Kd -s 2 2 sheet.png"}, None),
    "an offset before the name": ({"mtl": "newmtl one\nmap_Kd -o 0.5 0 0 sheet.png"}, (GREEN, RED, YELLOW, BLUE)),
    "another case": ({"mtl": "newmtl one\nmap_Kd SHEET.PNG"}, PICTURE),
    "backslashes": ({"mtl": "newmtl one\nmap_Kd .\\sheet.png"}, PICTURE),
    "a path of another machine": ({"mtl": "newmtl one\nmap_Kd C:\\Users\\me\\Sheet.png"}, PICTURE),
    "a name with a space": ({"mtl": "newmtl one\nmap_Kd -s 1 1 1 my sheet.png"}, PICTURE),
    "a name with %20": ({"mtl": "newmtl one\nmap_Kd my%20sheet.png"}, PICTURE),
    "a folder above": ({"mtl": "newmtl one\nmap_Kd ../Textures\\far.png"}, PICTURE),
    "a name in quotes": ({"mtl": 'newmtl one\nmap_Kd "sheet.png"'}, PICTURE),
    "no name after map_Kd": ({"mtl": "newmtl one\nKd 1 0 0\nmap_Kd"}, four((255, 0, 0))),
    "the library in other case": ({"mtl": "newmtl one\nKd 1 0 0", "head": "mtllib .\\SHEET.MTL"}, four((255, 0, 0))),
    "two libraries": (
        {"mtl": "newmtl one\nKd 1 0 0", "head": "mtllib sheet.mtl\nmtllib other.mtl", "right": "other"},
        four((255, 0, 0), (0, 0, 255)),
    ),
    "two libraries in a line": (
        {"mtl": "newmtl one\nKd 1 0 0", "head": "mtllib sheet.mtl other.mtl", "right": "other"},
        four((255, 0, 0), (0, 0, 255)),
    ),
}

PLY = {
    "vertex colours": ({"colours": [(51, 102, 153)] * 6}, four((51, 102, 153))),
    "vertex colours, fractions": ({"colours": [(0.2, 0.4, 0.6)] * 6, "kind": "float"}, four((51, 102, 153))),
    "vertex colours, words": ({"colours": [(13107, 26214, 39321)] * 6, "kind": "ushort"}, four((51, 102, 153))),
    "white vertices": ({"colours": [WHITE] * 6}, four(WHITE)),
    "face colours": ({"faces": ((255, 0, 0), (0, 0, 255))}, four((255, 0, 0), (0, 0, 255))),
    "vertex colours beside white faces": (
        {"colours": [(51, 102, 153)] * 6, "faces": (WHITE, WHITE)},
        four((51, 102, 153)),
    ),
    "face colours beside white vertices": (
        {"colours": [WHITE] * 6, "faces": ((255, 0, 0), (0, 0, 255))},
        four((255, 0, 0), (0, 0, 255)),
    ),
    "vertex colours beside coordinates": ({"colours": [(51, 102, 153)] * 6, "uv": UV}, four((51, 102, 153))),
    "vertex colours beside coordinates of faces": (
        {"colours": [(51, 102, 153)] * 6, "uv": UV, "by_face": True},
        four((51, 102, 153)),
    ),
    "picture": ({"uv": UV, "texture": "sheet.png"}, PICTURE),
    "picture by faces": ({"uv": UV, "texture": "sheet.png", "by_face": True}, PICTURE),
    "picture in other case": ({"uv": UV, "texture": "Sheet.PNG"}, PICTURE),
    "picture repeated": ({"uv": TWICE, "texture": "sheet.png"}, None),
    "picture beside vertex colours": ({"colours": [(9, 9, 9)] * 6, "uv": UV, "texture": "sheet.png"}, PICTURE),
    "picture beside face colours": ({"faces": ((9, 9, 9), (1, 1, 1)), "uv": UV, "texture": "sheet.png"}, PICTURE),
}

# Linear light of 0.5 is sRGB 188 (0.7354); a picture's channel c times 0.5 is srgb(linear(c) / 2): 200 -> 146.7,
# 40 -> 26.9.
DIMMED = tuple(tuple({200: 146.7, 40: 26.9}[channel] for channel in colour) for colour in PICTURE)
HALF = (0.5, 0.5, 0.5)
CLAMP, MIRROR = ([{"wrapS": mode, "wrapT": mode}] for mode in (33071, 33648))
BYTES = np.array([(255 * u, 255 * (1 - v)) for u, v in UV], np.uint8)  # 0.5 becomes 127 / 255
GLB = {
    "factor": ({"materials": [pbr(HALF)]}, four((188, 188, 188))),
    "factor white": ({"materials": [pbr((1, 1, 1))]}, four(WHITE)),
    "a material that leaves all to the defaults": ({"materials": [{}]}, four(WHITE)),
    "two factors": ({"materials": [pbr((1, 0, 0)), pbr((0, 0, 1))], "right": 1}, four((255, 0, 0), (0, 0, 255))),
    "picture": ({"materials": [pbr(texture=True)]}, PICTURE),
    "picture beside the file": ({"materials": [pbr(texture=True)], "embedded": False}, PICTURE),
    "picture beside the file, with %20": (
        {"materials": [pbr(texture=True)], "embedded": False, "images": [{"uri": "my%20sheet.png"}]},
        PICTURE,
    ),
    "picture and factor": ({"materials": [pbr(HALF, True)]}, DIMMED),
    "picture and factor beside another material": (
        {"materials": [pbr(HALF, True), pbr((0, 1, 0))], "right": 1},
        (DIMMED[0], (0, 255, 0), DIMMED[2], (0, 255, 0)),
    ),
    "picture repeated": ({"materials": [pbr(texture=True)], "uv": TWICE}, None),
    "picture repeated beside another material": (
        {"materials": [pbr(texture=True), pbr((0, 1, 0))], "right": 1, "uv": TWICE},
        None,
    ),
    "picture clamped": (
        {
            "materials": [pbr(texture=True)],
            "uv": [(2 * u + 1, v) for u, v in UV],
            "textures": [{"source": 0, "sampler": 0}],
            "samplers": CLAMP,
        },
        (GREEN, GREEN, YELLOW, YELLOW),
    ),
    "picture mirrored": (
        {
            "materials": [pbr(texture=True)],
            "uv": [(u + 1, v) for u, v in UV],
            "textures": [{"source": 0, "sampler": 0}],
            "samplers": MIRROR,
        },
        (GREEN, RED, YELLOW, BLUE),
    ),
    "second coordinates": (
        {
            "materials": [pbr(texture=True, texCoord=1)],
            "uv": [(0.1, 0.9)] * 6,
            "more": {"TEXCOORD_1": np.array([(u, 1 - v) for u, v in UV], np.float32)},
        },
        PICTURE,
    ),
    "coordinates in bytes": ({"materials": [pbr(texture=True)], "uv": BYTES}, PICTURE),
    "picture moved": (
        {"materials": [pbr(texture=True, extensions={"KHR_texture_transform": {"offset": [0.5, 0]}})]},
        (GREEN, RED, YELLOW, BLUE),
    ),
    # Turned by a quarter counter-clockwise, the coordinates take the sheet's top left to the picture's bottom left.
    "picture turned": (
        {
            "materials": [
                pbr(texture=True, extensions={"KHR_texture_transform": {"rotation": np.pi / 2, "offset": [0, 1]}})
            ]
        },
        (BLUE, RED, YELLOW, GREEN),
    ),
    "picture made smaller": (
        {"materials": [pbr(texture=True, extensions={"KHR_texture_transform": {"scale": [2, 2]}})]},
        None,
    ),
    "specular and glossiness": (
        {"materials": [{"extensions": {"KHR_materials_pbrSpecularGlossiness": {"diffuseFactor": [*HALF, 1]}}}]},
        four((188, 188, 188)),
    ),
    "picture in WebP": (
        {
            "materials": [pbr(texture=True)],
            "textures": [{"extensions": {"EXT_texture_webp": {"source": 0}}}],
        },
        PICTURE,
    ),
    "vertex colours": (
        {"left": None, "right": None, "colours": np.full((6, 3), 0.5, np.float32)},
        four((188, 188, 188)),
    ),
    "vertex colours in bytes": (
        {"left": None, "right": None, "colours": np.full((6, 4), 51, np.uint8)},  # 0.2, sRGB 123.6
        four((123.6, 123.6, 123.6)),
    ),
    "vertex colours in words": (
        {"left": None, "right": None, "colours": np.full((6, 4), 13107, np.uint16)},
        four((123.6, 123.6, 123.6)),
    ),
    "vertex colours and coordinates": (
        {"materials": [pbr()], "colours": np.full((6, 3), 0.5, np.float32)},
        four((188, 188, 188)),
    ),
    "vertex colours and factor": (  # 0.25, sRGB 137
        {"materials": [pbr(HALF)], "colours": np.full((6, 3), 0.5, np.float32)},
        four((137, 137, 137)),
    ),
    "vertex colours and picture": (
        {"materials": [pbr(texture=True)], "colours": np.full((6, 3), 0.5, np.float32)},
        DIMMED,
    ),
    "vertex colours, picture and factor": (
        {"materials": [pbr((1, 1, 0), True)], "colours": np.full((6, 3), 0.5, np.float32)},
        tuple((*colour[:2], 0) for colour in DIMMED),
    ),
}

OWN = 1 << 15
STL = {  # 31 of 31 is 255; 12 of 31 is 98.7
    "VisCAM, SolidView": ({"words": [OWN | 31 << 10] * 2 + [OWN | 12] * 2}, four((255, 0, 0), (0, 0, 98.7))),
    "Magics": (
        {"words": [31, 31, OWN, OWN], "header": b"COLOR=\x0a\x14\x1e\xff"},
        four((255, 0, 0), (10, 20, 30)),
    ),
}
TABLE = [
    pytest.param(writer, suffix, made, colours, id=f"{suffix[1:]}: {name}")
    for writer, suffix, rows in ((obj, ".obj", OBJ), (ply, ".ply", PLY), (glb, ".glb", GLB), (stl, ".stl", STL))
    for name, (made, colours) in rows.items()
]
EIGHTHS = ((0.125, 0.375), (0.375, 0.375), (0.125, 0.125), (0.375, 0.125))


@pytest.fixture
def folder(tmp_path):
    """A folder with the pictures and the second library that the files name."""
    inside = tmp_path / "meshes"
    for name in ("sheet.png", "my sheet.png"):
        inside.mkdir(exist_ok=True)
        (inside / name).write_bytes(picture())
    (tmp_path / "textures").mkdir()
    (tmp_path / "textures" / "far.png").write_bytes(picture())
    (inside / "other.mtl").write_text("newmtl other\nKd 0 0 1\n")
    return inside


@pytest.mark.parametrize(("writer", "suffix", "made", "colours"), TABLE)
def test_what_is_rendered_is_what_the_file_says(folder, writer, suffix, made, colours):
    path = writer(folder / f"sheet{suffix}", **made)
    if colours is None:  # the picture twice along both sides: each quarter of the sheet shows all of it
        np.testing.assert_allclose(rendered(path, places=EIGHTHS), PICTURE, atol=1.0)
        shifted = tuple((u, v + 0.5) for u, v in EIGHTHS)
        np.testing.assert_allclose(rendered(path, places=shifted), PICTURE, atol=1.0)
    else:
        np.testing.assert_allclose(rendered(path), colours, atol=1.0)


def test_colours_blend_between_vertices_as_each_format_has_it(folder):
    """Halfway from black to white: sRGB in OBJ and PLY, linear light in glTF, where 0.5 is 188."""
    ends = [0, 0.5, 1, 0, 0.5, 1]
    middle = ((0.5, 0.5),)
    of_obj = obj(folder / "a.obj", None, None, None, colours=[(x, x, x) for x in ends])
    of_glb = glb(folder / "a.glb", left=None, right=None, colours=np.repeat(np.float32(ends)[:, None], 3, 1))
    np.testing.assert_allclose(rendered(of_obj, places=middle), [(127.5,) * 3], atol=1.0)
    np.testing.assert_allclose(rendered(of_glb, places=middle), [(188,) * 3], atol=1.0)


def test_references_from_the_end_count_what_was_read_so_far(tmp_path):
    path = tmp_path / "two.obj"
    half = "v {0} 0 0\nv {1} 0 0\nv {1} 0.2 0\nv {0} 0.2 0\nusemtl {2}\nf -4 -3 -2 -1\n"
    path.write_text("mtllib two.mtl\n" + half.format(0, 0.1, "red") + half.format(0.1, 0.2, "blue"))
    (tmp_path / "two.mtl").write_text("newmtl red\nKd 1 0 0\nnewmtl blue\nKd 0 0 1\n")
    np.testing.assert_allclose(rendered(path), four((255, 0, 0), (0, 0, 255)), atol=1.0)


def test_a_grey_picture_of_16_bit_is_not_clipped(folder):
    Image.fromarray(np.full((4, 4), 128 * 257, np.uint16)).save(folder / "grey.png")
    path = obj(folder / "sheet.obj", "newmtl one\nmap_Kd grey.png")
    np.testing.assert_allclose(rendered(path), four((128, 128, 128)), atol=1.0)


def test_draco_is_decoded(folder):
    pytest.importorskip("DracoPy", reason="DracoPy is in requirements/train.in")
    plain = trimesh.load_scene(glb(folder / "plain.glb", [pbr((1, 0, 0)), pbr((0, 0, 1))], right=1))
    data = plain.export(file_type="glb", extension_draco=True)
    assert b"KHR_draco_mesh_compression" in data
    (folder / "draco.glb").write_bytes(data)
    np.testing.assert_allclose(rendered(folder / "draco.glb"), four((255, 0, 0), (0, 0, 255)), atol=1.0)


@pytest.mark.parametrize(
    ("suffix", "made"),
    [
        (".stl", {}),
        (".ply", {}),
        (".ply", {"uv": UV}),
        (".glb", {"left": None, "right": None}),
        (".obj", {"mtl": None, "left": None, "right": None}),
    ],
)
def test_a_file_that_says_nothing_of_its_colour_is_grey_when_asked(folder, suffix, made):
    path = {".stl": stl, ".ply": ply, ".glb": glb, ".obj": obj}[suffix](folder / f"sheet{suffix}", **made)
    with pytest.raises(MeshError, match=rf"sheet\{suffix} has neither a texture nor .*--untextured"):
        load_mesh(path)
    np.testing.assert_allclose(rendered(path, untextured=True), four((190, 190, 190)), atol=1.0)
