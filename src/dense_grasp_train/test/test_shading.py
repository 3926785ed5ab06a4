import numpy as np
import pytest
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_train.render.primitives import make_primitive
from dense_grasp_train.render.raycast import RayCaster, RenderMesh
from dense_grasp_train.render.shading import Exposure, Lighting, TablePlane, expose, shade
from dense_grasp_train.render.surface_colour import Picture, sample_picture

CAMERA = CameraModel(160, 120, 150.0, 150.0, 79.5, 59.5)
POSE = np.array([[1.0, 0, 0, 0], [0, -1, 0, 0], [0, 0, -1, 0.8], [0, 0, 0, 1]])
TABLE = TablePlane(np.full((8, 8, 3), 200, np.uint8), 0.3, 0.2)
BACKDROP = np.full((120, 160, 3), 17, np.uint8)


def render(lighting, table=TABLE, seed=0):
    vertices, faces, normals, uv = make_primitive("box", np.array([0.1, 0.1, 0.1]))
    box = RenderMesh(vertices, faces, normals, uv, np.full((4, 4, 3), 120, np.uint8))
    caster = RayCaster([box])
    hits = caster.cast(CAMERA, POSE)
    return shade(CAMERA, POSE, caster, hits, lighting, table, BACKDROP, np.random.default_rng(seed))


def sun(direction, ambient=0.2, occlusion_rays=0):
    return Lighting(direction, (0.8, 0.8, 0.8), (ambient,) * 3, 0.0, 0.0, occlusion_rays=occlusion_rays)


def test_table_fills_the_depth_and_stays_behind_the_box():
    _, depth = render(sun((0, 0, 1)))
    assert depth[2, 2] == pytest.approx(0.8, abs=1e-9)
    assert depth[60, 80] == pytest.approx(0.7, abs=1e-9)
    _, bare = render(sun((0, 0, 1)), table=None)
    assert bare[2, 2] == 0


def test_light_falls_by_the_cosine():
    overhead, _ = render(sun((0, 0, 1)))
    slanted, _ = render(sun((0, np.sin(1.0), np.cos(1.0))))
    assert overhead[60, 80, 0] == pytest.approx(120 * (0.8 + 0.2), rel=1e-3)
    assert slanted[60, 80, 0] == pytest.approx(120 * (0.8 * np.cos(1.0) + 0.2), rel=1e-3)


def test_shadow_falls_away_from_the_light():
    image, _ = render(sun((1, 0, 1)))
    # The box reaches from -5 to 5 cm, its shadow from there to -15 cm; 150 px at 0.8 m.
    shadowed, free = image[60, 80 - 19, 0], image[60, 80 + 19, 0]
    assert shadowed == pytest.approx(200 * 0.2, rel=0.02)
    assert free == pytest.approx(200 * (0.2 + 0.8 * np.sqrt(0.5)), rel=0.02)


def test_corners_see_less_sky():
    image, _ = render(Lighting((0, 0, 1), (0, 0, 0), (1, 1, 1), 0.0, 0.0, occlusion=1.0, occlusion_rays=64))
    assert image[60, 80 + 13, 0] < 0.9 * image[60, 150, 0]


def test_backdrop_shows_where_nothing_is_hit():
    image, _ = render(sun((0, 0, 1)), table=None)
    assert (image[2, 2] == 17).all()


def test_texture_rows_count_from_the_bottom():
    texture = np.zeros((2, 2, 3), np.uint8)
    texture[0, 0] = 90
    shown = sample_picture(Picture(texture), np.array([[0.25, 0.75], [0.25, 0.25]]))
    assert shown[:, 0].tolist() == [90, 0]


def test_exposure_brightens_and_repeats():
    image = np.full((30, 40, 3), 100, np.float32)
    plain = Exposure(1.0, 1.0, (1, 1, 1), 0.0, 0.0, 0.0)
    assert (expose(image, plain, np.random.default_rng(0)) == 100).all()
    bright = Exposure(2.0, 1.0, (1, 1, 1), 0.0, 0.0, 0.0)
    assert (expose(image, bright, np.random.default_rng(0)) == 200).all()
    noisy = Exposure(1.0, 1.0, (1, 1, 1), 0.5, 0.02, 0.2)
    first, second = (expose(image, noisy, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, second) and first.std() > 1
