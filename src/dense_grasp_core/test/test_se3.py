import numpy as np
import pytest
from dense_grasp_core.geometry import se3
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

settings.register_profile("core", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("core")

tangents = st.tuples(
    arrays(float, 6, elements=st.floats(-1, 1)), st.sampled_from([0.0, 1e-9, 1e-5, 1e-3, 0.3, 1.8])
).map(lambda pair: np.concatenate([pair[0][:3], pair[0][3:] * pair[1]]))


def random_motion(rng, angle=None):
    axis = rng.normal(size=3)
    axis /= np.linalg.norm(axis)
    motion = np.eye(4)
    motion[:3, :3] = Rotation.from_rotvec(axis * (rng.uniform(0, np.pi) if angle is None else angle)).as_matrix()
    motion[:3, 3] = rng.normal(size=3)
    return motion


@given(tangents)
def test_log_inverts_exp(xi):
    if np.linalg.norm(xi[3:]) < np.pi - 1e-6:
        np.testing.assert_allclose(se3.log(se3.exp(xi)), xi, atol=1e-9)


@pytest.mark.parametrize("angle", [0.0, 1e-12, 1e-6, 0.99e-4, 1.01e-4, 0.5, 3.0, np.pi - 1e-7, np.pi])
def test_exp_inverts_log_at_every_angle(angle):
    motion = random_motion(np.random.default_rng(1), angle)
    np.testing.assert_allclose(se3.exp(se3.log(motion)), motion, atol=1e-7)


@given(tangents, tangents, tangents)
def test_group_axioms(a, b, c):
    x, y, z = se3.exp(a), se3.exp(b), se3.exp(c)
    np.testing.assert_allclose((x @ y) @ z, x @ (y @ z), atol=1e-12)
    np.testing.assert_allclose(x @ se3.inverse(x), np.eye(4), atol=1e-12)
    np.testing.assert_allclose(se3.inverse(x @ y), se3.inverse(y) @ se3.inverse(x), atol=1e-12)
    np.testing.assert_allclose(x[:3, :3] @ x[:3, :3].T, np.eye(3), atol=1e-12)
    assert np.linalg.det(x[:3, :3]) == pytest.approx(1.0)


@given(tangents)
def test_exp_solves_its_differential_equation(xi):
    generator = np.zeros((4, 4))
    generator[:3, :3], generator[:3, 3] = se3.hat(xi[3:]), xi[:3]
    step = 1e-6
    slope = (se3.exp(xi * (1 + step)) - se3.exp(xi * (1 - step))) / (2 * step)
    np.testing.assert_allclose(slope, generator @ se3.exp(xi), atol=1e-7)


@given(tangents)
def test_quaternion_round_trip_and_scipy_agree(xi):
    motion = se3.exp(xi)
    quaternion = se3.to_quaternion(motion)
    assert quaternion[3] >= 0
    np.testing.assert_allclose(se3.from_quaternion(quaternion, motion[:3, 3]), motion, atol=1e-12)
    expected = Rotation.from_matrix(motion[:3, :3]).as_quat()
    assert abs(expected @ quaternion) == pytest.approx(1.0)


@pytest.mark.parametrize("angle", [-3.0, 0.0, 0.5])
def test_the_angle_about_z_is_that_of_the_turn_beneath_a_tilt(angle):
    turn, tilt = se3.exp([0, 0, 0, 0, 0, angle]), se3.exp([0, 0, 0, 0.4, 0.0, 0.0])
    assert se3.angle_about_z((turn @ tilt)[:3, :3]) == pytest.approx(angle)


def test_from_quaternion_normalises():
    np.testing.assert_allclose(se3.from_quaternion([0, 0, 2, 2]), se3.exp([0, 0, 0, 0, 0, np.pi / 2]), atol=1e-12)


@pytest.mark.parametrize("count", [3, 4, 30])
def test_kabsch_recovers_a_motion(count):
    rng = np.random.default_rng(count)
    motion, points = random_motion(rng), rng.normal(size=(count, 3))
    found, residual = se3.kabsch(points, se3.transform(motion, points))
    np.testing.assert_allclose(found, motion, atol=1e-10)
    assert residual < 1e-10


def test_kabsch_never_reflects():
    rng = np.random.default_rng(5)
    points = rng.normal(size=(10, 3)) * [1, 1, 0.05]
    mirrored = points * [1, 1, -1]
    found, residual = se3.kabsch(points, mirrored)
    assert np.linalg.det(found[:3, :3]) == pytest.approx(1.0)
    assert residual > 0.01


def test_kabsch_weights_silence_an_outlier_and_residual_is_metric():
    rng = np.random.default_rng(6)
    motion, points = random_motion(rng), rng.normal(size=(8, 3))
    target = se3.transform(motion, points)
    target[0] += 5.0
    found, _ = se3.kabsch(points, target, weights=[0, 1, 1, 1, 1, 1, 1, 1])
    np.testing.assert_allclose(found, motion, atol=1e-10)
    square = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]], float)
    _, residual = se3.kabsch(square, square * 1.01)
    assert residual == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (np.zeros((2, 3)), np.zeros((2, 3))),
        (np.zeros((4, 2)), np.zeros((4, 2))),
        (np.eye(3), np.eye(4)[:, :3]),
        (np.array([[0, 0, 0], [1, 0, 0], [np.nan, 0, 1.0]]), np.eye(3)),
        (np.outer(np.arange(5.0), [1, 2, 3]), np.outer(np.arange(5.0), [1, 2, 3])),
    ],
)
def test_kabsch_refuses_what_determines_no_motion(source, target):
    with pytest.raises(se3.GeometryError, match="expected"):
        se3.kabsch(source, target)


def test_look_at_puts_the_target_on_the_optical_axis():
    world_from_camera = se3.look_at([0.5, 0.1, 0.7], [0.4, -0.2, 0.0])
    target = se3.transform(se3.inverse(world_from_camera), [0.4, -0.2, 0.0])
    np.testing.assert_allclose(target[:2], 0, atol=1e-12)
    assert target[2] > 0
    assert world_from_camera[2, 1] < 0, "image down (y) must point to the floor"
    assert np.linalg.det(world_from_camera[:3, :3]) == pytest.approx(1.0)
    with pytest.raises(se3.GeometryError):
        se3.look_at([0, 0, 1], [0, 0, 0])


@pytest.mark.parametrize("bad", [np.eye(3), np.full((4, 4), np.nan)])
def test_wrong_motions_are_refused(bad):
    for function in (se3.log, se3.inverse, se3.to_quaternion):
        with pytest.raises(se3.GeometryError):
            function(bad)
