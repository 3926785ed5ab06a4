import dataclasses

import numpy as np
import pytest
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import look_at, transform
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid
from dense_grasp_core.matching.locate import DescribedFrame, Limits, QueryError, WorkspaceBox, first_failure, locate
from dense_grasp_core.result_codes import MatchCode
from dense_grasp_core.store import Row

MODEL = "0123456789abcdef"
CAMERA = CameraModel(160, 120, 150.0, 150.0, 79.5, 59.5, (0.05, -0.02, 0.0, 0.0, 0.0))
BASE_FROM_CAMERA = look_at([0.5, 0.0, 0.6], [0.5, 0.0, 0.0], up=[1.0, 0.0, 0.0])
BOX = WorkspaceBox((0.3, -0.3, -0.01), (0.7, 0.3, 0.3))
LIMITS = Limits(temperature=-0.7, found_threshold=0.5, suppression_px=12, workspace=BOX)


def features():
    grid = np.random.default_rng(0).normal(size=(15, 20, 32))
    return (grid / np.linalg.norm(grid, axis=2, keepdims=True)).astype(np.float32)


def frame(grid=None, **changes):
    values = {
        "grid": DescriptorGrid.from_array(features() if grid is None else grid, 8, (120, 160)),
        "depth_m": np.full((120, 160), 0.6, np.float32),
        "camera": CAMERA,
        "stamp": 100.0,
        "model_id": MODEL,
        "base_from_camera": BASE_FROM_CAMERA,
    }
    return DescribedFrame(**{**values, **changes})


def row(u=91.0, v=67.0, **changes):
    taught = DescriptorGrid.from_array(features(), 8, (120, 160)).sample(u, v)
    return dataclasses.replace(Row(1, "cap", "contact", taught, MODEL, 0.0, u, v, b""), **changes)


def ask(frame, row, limits=LIMITS, **options):
    return locate(frame, row, limits, object_id="cap", keypoint="contact", **options)


def test_found_with_both_positions():
    match = ask(frame(), row())
    assert match.code == MatchCode.OK and match.ok
    assert (match.u, match.v) == pytest.approx((91, 67), abs=0.6)
    assert match.score == pytest.approx(1.0, abs=1e-4) and 0 < match.second_peak_ratio < 0.97
    assert match.depth == pytest.approx(0.6)
    np.testing.assert_allclose(match.position_camera, CAMERA.deproject([[match.u, match.v]], [0.6])[0])
    np.testing.assert_allclose(match.position_base, transform(BASE_FROM_CAMERA, match.position_camera))
    assert match.position_base[2] == pytest.approx(0.0, abs=1e-6), "depth 0.6 m below a camera 0.6 m up"
    assert match.model_id == MODEL and "cap/contact" in match.message


def test_plain_argmax_without_a_window():
    match = ask(frame(), row(), dataclasses.replace(LIMITS, soft_window_px=0))
    assert (match.u, match.v) == (91.0, 67.0)


def test_no_frame():
    match = ask(None, row())
    assert match.code == MatchCode.NO_FRAME and np.isnan([match.u, match.score, match.depth]).all()


def test_unknown_keypoint_even_without_a_frame():
    for some in (None, frame()):
        assert ask(some, None).code == MatchCode.UNKNOWN_KEYPOINT


@pytest.mark.parametrize("changes", [{"model_id": "f" * 16}, {"descriptor": np.zeros(16, np.float32)}])
def test_model_mismatch(changes):
    match = ask(frame(), row(**changes))
    assert match.code == MatchCode.MODEL_MISMATCH and np.isnan(match.score)


def test_low_score_is_not_found():
    stranger = np.zeros(32, np.float32)
    stranger[0] = -3.0
    match = ask(frame(), row(descriptor=stranger))
    assert match.code == MatchCode.LOW_SCORE
    assert match.score < 0.5 and "0.500" in match.message
    assert np.isfinite([match.u, match.v]).all(), "the best candidate is named, so that the operator can look at it"
    assert np.isnan(match.position_base).all()


def test_ambiguous_names_the_rival():
    grid = features()
    grid[2:5, 2:5] = grid[7:10, 10:13]
    match = ask(frame(grid), row())
    assert match.code == MatchCode.AMBIGUOUS
    assert match.second_peak_ratio > 0.97 and np.isfinite([match.u, match.v]).all() and "rival" in match.message


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_no_depth(value):
    match = ask(frame(depth_m=np.full((120, 160), value, np.float32)), row())
    assert match.code == MatchCode.NO_DEPTH
    assert np.isfinite(match.u) and np.isnan(match.depth) and np.isnan(match.position_camera).all()


def test_no_transform_still_tells_the_position_in_the_camera():
    match = ask(frame(base_from_camera=None), row())
    assert match.code == MatchCode.NO_TF and "100.000" in match.message
    assert np.isfinite(match.position_camera).all() and np.isnan(match.position_base).all()


def test_out_of_workspace_names_position_and_box():
    limits = dataclasses.replace(LIMITS, workspace=WorkspaceBox((0.3, -0.3, 0.1), (0.7, 0.3, 0.3)))
    match = ask(frame(), row(), limits)
    assert match.code == MatchCode.OUT_OF_WORKSPACE and np.isfinite(match.position_base).all()
    assert "0.100" in match.message
    assert ask(frame(), row(), dataclasses.replace(LIMITS, workspace=None)).ok


def test_a_kernel_at_hand_and_a_mask_are_used():
    some = frame()
    kernel = some.grid.kernel(row().descriptor, LIMITS.temperature)
    assert ask(some, row(), kernel=kernel) == ask(some, row())
    mask = np.zeros((120, 160), bool)
    assert ask(some, row(), mask=mask).code == MatchCode.LOW_SCORE
    mask[:30, :30] = True
    masked = ask(some, row(), dataclasses.replace(LIMITS, found_threshold=0.0), mask=mask)
    assert masked.u < 30 and masked.v < 30


def test_first_failure():
    good, bad = ask(frame(), row()), ask(None, row())
    assert first_failure([good, bad]) is bad and first_failure([good]) is None and first_failure([]) is None


@pytest.mark.parametrize("part", [{"depth_m": np.zeros((60, 80), np.float32)}, {"camera": CAMERA.scaled(2, 2)}])
def test_parts_of_different_images_are_refused(part):
    with pytest.raises(QueryError, match="expected"):
        frame(**part)


def test_workspace_box():
    assert BOX.contains((0.3, 0.3, 0.0)) and not BOX.contains((0.29, 0, 0)) and not BOX.contains((np.nan, 0, 0))
    with pytest.raises(QueryError, match="expected"):
        WorkspaceBox((1, 0, 0), (0, 1, 1))
