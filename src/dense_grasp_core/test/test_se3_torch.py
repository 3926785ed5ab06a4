import numpy as np
import pytest
import torch
from dense_grasp_core.geometry import se3, se3_torch

ANGLES = [0.0, 1e-8, 1e-5, 0.99e-4, 1.01e-4, 1e-2, 0.7, 2.5, 3.1]


def tangents(seed=0):
    rng = np.random.default_rng(seed)
    axes = rng.normal(size=(len(ANGLES), 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    return torch.tensor(np.concatenate([rng.normal(size=axes.shape), axes * np.array(ANGLES)[:, None]], axis=1))


def test_same_as_numpy_in_a_batch():
    xi = tangents()
    motions = se3_torch.exp(xi)
    for one, motion in zip(xi.numpy(), motions.numpy(), strict=True):
        np.testing.assert_allclose(motion, se3.exp(one), atol=1e-12)
    np.testing.assert_allclose(se3_torch.log(motions).numpy(), xi.numpy(), atol=1e-9)
    np.testing.assert_allclose(
        (se3_torch.inverse(motions) @ motions).numpy(), np.tile(np.eye(4), (len(xi), 1, 1)), atol=1e-12
    )


@pytest.mark.parametrize("index", range(len(ANGLES)))
def test_gradients_match_finite_differences(index):
    xi = tangents()[index].clone().requires_grad_(True)
    assert torch.autograd.gradcheck(se3_torch.exp, (xi,), eps=1e-6, atol=1e-5)
    motion = se3_torch.exp(xi).detach()
    # finite differences leave SE(3) unless they move along it
    assert torch.autograd.gradcheck(
        lambda step: se3_torch.log(motion @ se3_torch.exp(step)),
        (torch.full((6,), 1e-3, dtype=torch.float64, requires_grad=True),),
        eps=1e-6,
        atol=1e-4,
    )


@pytest.mark.parametrize("angle", [0.0, np.pi - 1e-9, np.pi])
def test_gradient_of_log_is_finite_at_the_hard_places(angle):
    motion = se3_torch.exp(torch.tensor([0.1, 0.2, 0.3, angle, 0.0, 0.0], dtype=torch.float64))
    motion.requires_grad_(True)
    se3_torch.log(motion).norm().backward()
    assert motion.grad is not None and torch.isfinite(motion.grad).all()
    identity = torch.eye(4, dtype=torch.float64, requires_grad=True)
    (se3_torch.log(identity) ** 2).sum().backward()
    assert identity.grad is not None and torch.isfinite(identity.grad).all()


def test_kabsch_recovers_batched_motions_and_keeps_dtype():
    generator = torch.Generator().manual_seed(0)
    truth = se3_torch.exp(tangents(3))
    points = torch.randn(len(truth), 12, 3, generator=generator, dtype=torch.float64)
    found, residual = se3_torch.kabsch(points, se3_torch.transform(truth, points))
    np.testing.assert_allclose(found.numpy(), truth.numpy(), atol=1e-9)
    assert residual.max() < 1e-9
    single, _ = se3_torch.kabsch(points.float(), points.float())
    assert single.dtype == torch.float32


def test_kabsch_agrees_with_numpy_on_noisy_weighted_and_mirrored_points():
    rng = np.random.default_rng(4)
    source, target, weights = rng.normal(size=(9, 3)), rng.normal(size=(9, 3)), rng.uniform(0.1, 1, 9)
    for other in (target, source * [1, 1, -1]):
        expected, expected_residual = se3.kabsch(source, other, weights)
        found, residual = se3_torch.kabsch(torch.tensor(source), torch.tensor(other), torch.tensor(weights))
        np.testing.assert_allclose(found.numpy(), expected, atol=1e-9)
        assert float(residual) == pytest.approx(expected_residual)


def test_gradient_flows_through_kabsch_and_log():
    generator = torch.Generator().manual_seed(1)
    points = torch.randn(6, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    target = torch.randn(6, 3, generator=generator, dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda p: se3_torch.log(se3_torch.kabsch(p, target)[0]), (points,), eps=1e-6, atol=1e-4
    )
