import numpy as np
import pytest
from dense_grasp_assets.cap.mesh import PART_NAMES, cap_point, make_cap
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_train.render.primitives import make_primitive
from dense_grasp_train.render.raycast import RayCaster, RenderError, RenderMesh, surface_coordinates

CAMERA = CameraModel(160, 120, 150.0, 152.0, 78.3, 60.9)
WHITE = np.full((4, 4, 3), 255, np.uint8)


def looking_down(height, x=0.0, y=0.0):
    pose = np.eye(4)
    pose[:3, :3] = np.diag([1.0, -1.0, -1.0])
    pose[:3, 3] = [x, y, height]
    return pose


def plain(vertices, faces):
    return RenderMesh(vertices, faces, np.zeros_like(vertices), np.zeros((len(vertices), 2)), WHITE)


def pixel_rays():
    u, v = np.meshgrid(np.arange(160.0), np.arange(120.0))
    return (u - CAMERA.cx) / CAMERA.fx, (v - CAMERA.cy) / CAMERA.fy


def test_depth_of_a_tilted_plane_is_exact():
    corners = np.array([[-2.0, -2, -0.4], [2, -2, 0.4], [2, 2, 0.4], [-2, 2, -0.4]])
    mesh = plain(corners, np.array([[0, 1, 2], [0, 2, 3]]))
    hits = RayCaster([mesh]).cast(CAMERA, looking_down(0.7))
    # The plane z = 0.2 x seen from (0, 0, 0.7): 0.7 - d = 0.2 d x.
    x, _ = pixel_rays()
    assert hits.depth == pytest.approx(0.7 / (1 + 0.2 * x), abs=1e-9)
    assert (hits.mesh == 0).all()


def test_depth_of_a_sphere_is_exact_to_its_facets():
    vertices, faces, _, _ = make_primitive("sphere", np.array([0.2, 0.2, 0.2]))
    hits = RayCaster([plain(vertices - [0, 0, 0.1], faces)]).cast(CAMERA, looking_down(0.6))
    x, y = pixel_rays()
    a, b, c = x**2 + y**2 + 1, -2 * 0.6, 0.6**2 - 0.1**2
    root = b**2 - 4 * a * c
    expected = (-b - np.sqrt(np.where(root > 0, root, np.nan))) / (2 * a)
    inner = root > 0.02
    assert np.abs(hits.depth[inner] - expected[inner]).max() < 0.003
    assert (hits.depth[root < 0] == 0).all()
    assert (hits.mesh[root < 0] == -1).all()


def test_nearest_mesh_wins_and_faces_count_within_it():
    square = np.array([[-1.0, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    near = plain(square * 0.05 + [0, 0, 0.2], faces)
    hits = RayCaster([plain(square, faces), near]).cast(CAMERA, looking_down(0.8))
    assert hits.mesh[61, 78] == 1 and hits.depth[61, 78] == pytest.approx(0.6)
    assert hits.mesh[5, 5] == 0 and hits.depth[5, 5] == pytest.approx(0.8)
    assert set(np.unique(hits.face)) == {0, 1}


def test_occlusion_sees_what_lies_along_the_ray():
    square = np.array([[-1.0, -1, 0.5], [1, -1, 0.5], [1, 1, 0.5], [-1, 1, 0.5]])
    caster = RayCaster([plain(square, np.array([[0, 1, 2], [0, 2, 3]]))])
    points = np.array([[0.0, 0, 0], [0, 0, 0], [3, 0, 0]])
    assert caster.occluded(points, np.array([[0.0, 0, 1], [0, 0, -1], [0, 0, 1]])).tolist() == [
        True,
        False,
        False,
    ]


def test_cap_points_project_onto_pixels_with_their_coordinates():
    cap = make_cap(4, 0.4)
    turn = np.diag([1.0, -1.0, -1.0])
    mesh = RenderMesh(
        cap.vertices @ turn.T, cap.faces, cap.normals @ turn.T, cap.uv, cap.texture, cap.part_id, cap.part_uv
    )
    camera = CameraModel(640, 480, 615, 615, 319.5, 239.5)
    pose = looking_down(0.6, 0.03, 0.01)
    hits = RayCaster([mesh]).cast(camera, pose)
    part, part_uv = surface_coordinates(hits, [mesh], 0)
    assert ((part >= 0) == (hits.mesh == 0)).all()
    rows, columns = np.nonzero(part >= 0)
    chosen = np.random.default_rng(0).choice(len(rows), 2000)
    rows, columns = rows[chosen], columns[chosen]
    for index in np.unique(part[rows, columns]):
        at = part[rows, columns] == index
        uv = part_uv[rows[at], columns[at]]
        world = cap_point(cap.params, PART_NAMES[index], uv[:, 0], uv[:, 1]) @ turn.T
        pixels = camera.project((world - pose[:3, 3]) @ pose[:3, :3])
        error = np.hypot(pixels[:, 0] - columns[at], pixels[:, 1] - rows[at])
        assert np.median(error) < 1.5, PART_NAMES[index]
        assert error.max() < 5.0, PART_NAMES[index]
    assert len(np.unique(part)) >= 4


def test_empty_and_broken_scenes_are_refused():
    with pytest.raises(RenderError, match="no triangles"):
        RayCaster([])
    broken = np.array([[0.0, 0, 0], [1, 0, 0], [0, np.nan, 0]])
    with pytest.raises(RenderError, match="finite"):
        RayCaster([plain(broken, np.array([[0, 1, 2]]))])
    square = plain(np.eye(3), np.array([[0, 1, 2]]))
    hits = RayCaster([square]).cast(CAMERA, looking_down(2.0))
    with pytest.raises(RenderError, match="part coordinates"):
        surface_coordinates(hits, [square], 0)
