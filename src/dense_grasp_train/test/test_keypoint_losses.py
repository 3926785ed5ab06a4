"""Every loss against a value worked out by hand, and its gradient against a direction that must hold."""

from __future__ import annotations

import math

import pytest
import torch
from dense_grasp_core.geometry import se3_torch
from dense_grasp_train.losses import keypoint_losses
from dense_grasp_train.losses.nt_xent import cell_centres


def rotation_z(angle: float) -> torch.Tensor:
    c, s = math.cos(angle), math.sin(angle)
    return torch.tensor([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)


def motion(rotation: torch.Tensor, translation: list[float]) -> torch.Tensor:
    out = torch.eye(4, dtype=torch.float64)
    out[:3, :3] = rotation
    out[:3, 3] = torch.tensor(translation, dtype=torch.float64)
    return out[None]


def test_silhouette_is_minus_log_of_the_probability_on_the_object():
    probability = torch.tensor([[[[0.25, 0.75]], [[1.0, 0.0]]]])
    mask = torch.tensor([[[1.0, 0.0]]])
    assert keypoint_losses.silhouette_loss(probability, mask).item() == pytest.approx(
        (math.log(4.0) + 0.0) / 2, abs=1e-6
    )


def test_silhouette_far_off_the_object_stays_finite():
    value = keypoint_losses.silhouette_loss(torch.tensor([[[[0.0, 1.0]]]]), torch.tensor([[[1.0, 0.0]]]))
    assert value.item() == pytest.approx(-math.log(1e-12), rel=1e-5)


def test_variance_of_two_equal_peaks_is_half_their_distance_squared():
    probability = torch.tensor([[[[0.5, 0.0, 0.5]]]])
    grid = cell_centres(1, 3, 10.0)
    expectation = torch.tensor([[[14.5, 4.5]]])
    assert keypoint_losses.variance_loss(probability, grid, expectation).item() == pytest.approx(100.0)


def test_separation_counts_ordered_pairs_inside_the_margin():
    positions = torch.tensor([[[0.0, 0.0], [3.0, 0.0], [100.0, 0.0]]])
    # only the pair at distance 3: (25 - 9) twice, over 3^2
    assert keypoint_losses.separation_loss(positions, 5.0).item() == pytest.approx(2 * 16 / 9)


def test_separation_pushes_apart():
    positions = torch.tensor([[[0.0, 0.0], [3.0, 0.0]]], requires_grad=True)
    keypoint_losses.separation_loss(positions, 5.0).backward()
    assert positions.grad[0, 0, 0] > 0 and positions.grad[0, 1, 0] < 0


def test_deprojection_inverts_the_pinhole():
    matrix = torch.tensor([[[600.0, 0.0, 320.0], [0.0, 500.0, 240.0], [0.0, 0.0, 1.0]]])
    points = keypoint_losses.deproject(torch.tensor([[[380.0, 190.0]]]), torch.tensor([[0.5]]), matrix)
    assert torch.allclose(points, torch.tensor([[[0.05, -0.05, 0.5]]]))


def test_consistency_is_zero_for_the_true_motion_and_huber_for_an_offset():
    points_a = torch.randn(2, 5, 3, dtype=torch.float64)
    b_from_a = motion(rotation_z(0.3), [0.1, 0.2, 0.3]).repeat(2, 1, 1)
    points_b = se3_torch.transform(b_from_a, points_a)
    assert keypoint_losses.consistency_loss(points_a, points_b, b_from_a).item() == pytest.approx(0.0, abs=1e-12)
    near = keypoint_losses.consistency_loss(points_a, points_b + torch.tensor([0.3, 0.0, 0.0]), b_from_a).item()
    far = keypoint_losses.consistency_loss(points_a, points_b + torch.tensor([3.0, 0.0, 0.0]), b_from_a).item()
    assert near == pytest.approx(0.5 * 0.09 / 3)
    assert far == pytest.approx((3.0 - 0.5) / 3)


def test_predicted_motion_finds_a_known_one_and_never_a_mirror():
    points_a = torch.randn(1, 24, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    truth = motion(rotation_z(2.0), [0.4, -0.2, 0.1])
    assert torch.allclose(
        keypoint_losses.predicted_motion(points_a, se3_torch.transform(truth, points_a)), truth, atol=1e-9
    )
    mirrored = keypoint_losses.predicted_motion(points_a, points_a * torch.tensor([1.0, 1.0, -1.0]))
    assert torch.det(mirrored[0, :3, :3]).item() == pytest.approx(1.0)


def test_predicted_motion_of_coinciding_points_has_a_finite_gradient_with_noise():
    points = torch.zeros(1, 8, 3, requires_grad=True)
    generator = torch.Generator().manual_seed(1)
    keypoint_losses.predicted_motion(points, points.detach(), noise=1e-3, generator=generator).sum().backward()
    assert torch.isfinite(points.grad).all()


def test_pose_gradient_turns_the_keypoints_towards_the_truth():
    points_a = torch.randn(1, 8, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    truth = motion(rotation_z(0.4), [0.1, 0.0, 0.2])
    start = se3_torch.transform(motion(rotation_z(0.1), [0.0, 0.0, 0.0]), points_a).requires_grad_()
    before = keypoint_losses.relative_pose_loss(truth, keypoint_losses.predicted_motion(points_a, start))
    before.backward()
    with torch.no_grad():
        after = keypoint_losses.relative_pose_loss(
            truth, keypoint_losses.predicted_motion(points_a, start - 0.1 * start.grad)
        )
    assert after < before


def test_relative_pose_loss_is_the_geodesic_norm():
    truth = motion(rotation_z(0.5), [0.3, 0.0, 0.0])
    assert keypoint_losses.relative_pose_loss(truth, truth).item() == pytest.approx(0.0, abs=1e-9)
    turned = truth @ motion(rotation_z(0.2), [0.0, 0.0, 0.0])
    assert keypoint_losses.relative_pose_loss(truth, turned).item() == pytest.approx(0.2, abs=1e-9)
    shifted = truth @ motion(rotation_z(0.0), [0.0, 0.0, 0.4])
    assert keypoint_losses.relative_pose_loss(truth, shifted).item() == pytest.approx(0.4, abs=1e-9)


def test_depth_anchor_ignores_missing_depth():
    depth = torch.tensor([[1.0, 5.0]], requires_grad=True)
    measured = torch.tensor([[1.5, float("nan")]])
    value = keypoint_losses.depth_anchor_loss(depth, measured, torch.tensor([[True, False]]))
    assert value.item() == pytest.approx(0.125)
    value.backward()
    assert depth.grad.tolist() == [[pytest.approx(-0.5), 0.0]]
