from dataclasses import replace

import cv2
import numpy as np
import pytest
from dense_grasp_core.geometry.camera import CameraError, CameraModel
from dense_grasp_core.geometry.lens import Lens

DISTORTIONS = [
    (),
    (0.0, 0.0, 0.0, 0.0, 0.0),
    (0.12, -0.25, 0.001, -0.0007, 0.1),
    (-0.3, 0.1, 0.002, 0.003),
    (0.4, -0.2, 0.0005, -0.0003, 0.02, 0.55, -0.1, 0.01),
]


def camera(distortion=()):
    return CameraModel(640, 480, 615.0, 611.0, 321.5, 238.25, distortion)


@pytest.mark.parametrize("distortion", DISTORTIONS)
def test_project_inverts_deproject_over_the_whole_image(distortion):
    model = camera(distortion)
    u, v = np.meshgrid(np.linspace(0, 639, 17), np.linspace(0, 479, 13))
    pixels = np.stack([u.ravel(), v.ravel()], axis=1)
    depth = np.linspace(0.2, 3.0, len(pixels))
    points = model.deproject(pixels, depth)
    np.testing.assert_allclose(points[:, 2], depth)
    np.testing.assert_allclose(model.project(points), pixels, atol=1e-6)


@pytest.mark.parametrize("distortion", DISTORTIONS)
def test_projection_is_opencvs(distortion):
    model = camera(distortion)
    points = np.random.default_rng(0).uniform([-0.4, -0.3, 0.8], [0.4, 0.3, 2.0], (50, 3))
    expected, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), model.matrix, np.array(distortion, float))
    np.testing.assert_allclose(model.project(points), expected.reshape(-1, 2), atol=1e-9)


def test_principal_point_looks_straight_ahead():
    np.testing.assert_allclose(camera().deproject([[321.5, 238.25]], [0.6]), [[0, 0, 0.6]])
    np.testing.assert_allclose(camera().project([[0.1, -0.2, 2.0]]), [[321.5 + 615 * 0.05, 238.25 - 611 * 0.1]])


def test_points_behind_and_unknown_depth_are_nan():
    assert np.isnan(camera().project([[0.1, 0.1, -1.0], [0, 0, 0]])).all()
    assert np.isnan(camera().deproject([[10, 10]], [np.nan])).all()


def test_scaled_camera_sees_the_same_points_at_resized_pixels():
    model, half = camera((0.1, -0.1, 0.0, 0.0, 0.0)), camera((0.1, -0.1, 0.0, 0.0, 0.0)).scaled(0.5, 0.5)
    assert (half.width, half.height) == (320, 240)
    pixels = model.project([[0.1, 0.05, 0.9]])
    np.testing.assert_allclose(half.project([[0.1, 0.05, 0.9]]), (pixels + 0.5) * 0.5 - 0.5)


def test_from_camera_info_reads_ros_fields():
    model = CameraModel.from_camera_info(640, 480, [615, 0, 320, 0, 611, 240, 0, 0, 1], [0.1, 0, 0, 0, 0])
    assert (model.fx, model.fy, model.cx, model.cy, model.distortion[0]) == (615, 611, 320, 240, 0.1)
    assert model.contains(-0.5, 479.4) and not model.contains(639.5, 0) and not model.contains(float("nan"), 0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: CameraModel(0, 480, 1, 1, 0, 0),
        lambda: CameraModel(640, 480, 0.0, 600.0, 320, 240),
        lambda: CameraModel(640, 480, float("nan"), 600.0, 320, 240),
        lambda: CameraModel(640, 480, 600.0, 600.0, 320, 240, (0.1, 0.2, 0.3)),
        lambda: CameraModel.from_camera_info(640, 480, [1.0] * 8),
        lambda: CameraModel.from_camera_info(640, 480, [0.0] * 9),
        lambda: CameraModel.from_camera_info(640, 480, [1.0] * 9, [0] * 4, "thin_prism"),
        lambda: CameraModel.from_camera_info(640, 480, K, [0.1] * 5, "equidistant"),
        lambda: camera().deproject([[1, 2, 3]], [1]),
        lambda: camera().project([[1, 2]]),
    ],
)
def test_bad_parameters_are_named(make):
    with pytest.raises(CameraError, match="expected"):
        make()


K = [8.0, 0.0, 3.5, 0.0, 9.0, 2.5, 0.0, 0.0, 1.0]
IDENTITY = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
P = [8.0, 0.0, 3.5, 0.0, 0.0, 9.0, 2.5, 0.0, 0.0, 0.0, 1.0, 0.0]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"r": [0.0] * 9, "p": [0.0] * 12},
        {"r": IDENTITY, "p": P},
        {"d": [0.1, 0, 0, 0, 0], "p": [7.0, *P[1:]]},
        {"roi": (0, 0, 8, 6), "binning": (1, 1)},
    ],
)
def test_a_whole_camera_info_is_the_sensors_camera(more):
    camera = CameraModel.from_camera_info(8, 6, K, **more)
    assert (camera.width, camera.height, camera.fx, camera.cy) == (8, 6, 8.0, 2.5)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"k": [8.0, 0.5, *K[2:]]}, "skew"),
        ({"r": [0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]}, "R is .*identity"),
        ({"r": [float("nan"), *IDENTITY[1:]]}, "R is .*identity"),
        ({"p": [*P[:3], -40.0, *P[4:]]}, "baseline"),
        ({"p": [float("inf"), *P[1:]]}, "baseline|P has"),
        ({"p": [7.0, *P[1:]]}, "P has fx .*7.0.*without distortion"),
        ({"roi": (4, 0, 6, 6)}, "6x6 px at .4, 0."),
        ({"binning": (3, 1)}, "3x1, expected divisors of 8x6"),
    ],
)
def test_what_the_model_does_not_cover_is_refused(change, text):
    with pytest.raises(CameraError, match=text):
        CameraModel.from_camera_info(8, 6, **{"k": K, **change})


def test_points_of_a_binned_part_are_those_of_the_sensor():
    whole = CameraModel.from_camera_info(8, 6, K)
    part = CameraModel.from_camera_info(8, 6, K, roi=(2, 0, 4, 6), binning=(2, 3))
    # Pixel (0, 0) of the part is the mean of the sensor's columns 2, 3 and rows 0, 1, 2.
    np.testing.assert_allclose(part.deproject([[0, 0]], [0.5]), whole.deproject([[2.5, 1.0]], [0.5]))


def test_a_fisheye_lens_is_opencvs():
    coefficients = (0.05, -0.02, 0.004, 0.001)
    model = CameraModel.from_camera_info(640, 480, [300, 0, 321, 0, 301, 238, 0, 0, 1], coefficients, "equidistant")
    points = np.random.default_rng(0).uniform([-0.8, -0.7, 0.5], [0.8, 0.7, 2.0], (50, 3))
    expected, _ = cv2.fisheye.projectPoints(
        points[:, None], np.zeros(3), np.zeros(3), model.matrix, np.array(coefficients)
    )
    pixels = model.project(points)
    np.testing.assert_allclose(pixels, expected.reshape(-1, 2), atol=1e-9)
    np.testing.assert_allclose(model.deproject(pixels, points[:, 2]), points, atol=1e-7)


def test_a_fisheye_lens_without_coefficients_is_none_without_distortion():
    bare = CameraModel.from_camera_info(640, 480, [300, 0, 320, 0, 300, 240, 0, 0, 1], [0.0] * 5, "equidistant")
    assert bare.distorts and not bare.undistorted().distorts
    np.testing.assert_allclose(bare.project([[1.0, 0.0, 1.0]]), [[320 + 300 * np.pi / 4, 240]])


def test_the_inverse_model_goes_from_the_pixel_to_the_direction():
    """By hand, as librealsense's rs2_deproject_pixel_to_point writes it; coefficients of a D455."""
    k1, k2, p1, p2, k3 = coefficients = (-0.0565, 0.0682, 0.00037, 0.00069, -0.0218)
    model = replace(camera(coefficients), lens=Lens.INVERSE_BROWN_CONRADY)
    x, y = (610.0 - model.cx) / model.fx, (30.0 - model.cy) / model.fy
    r2 = x * x + y * y
    f = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
    expected = [x * f + 2 * p1 * x * y + p2 * (r2 + 2 * x * x), y * f + 2 * p2 * x * y + p1 * (r2 + 2 * y * y), 1]
    np.testing.assert_allclose(model.rays([[610.0, 30.0]]), [expected], atol=1e-12)
    np.testing.assert_allclose(model.project(model.deproject([[610.0, 30.0]], [0.5])), [[610.0, 30.0]], atol=1e-6)
    plain = camera(coefficients).deproject([[610.0, 30.0]], [0.5])
    assert np.linalg.norm(model.deproject([[610.0, 30.0]], [0.5]) - plain) > 0.002
    assert model.scaled(0.5, 0.5).lens is Lens.INVERSE_BROWN_CONRADY
