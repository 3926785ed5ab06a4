"""Locating one taught keypoint in one frame: descriptor, depth, camera, pose in; a Match with a code out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry import se3
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.depth import robust_depth
from dense_grasp_core.matching import peaks
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid
from dense_grasp_core.matching.scores import DEFAULT_SCORE, SCORES, MatchScore
from dense_grasp_core.result_codes import MatchCode
from dense_grasp_core.store import ModelMismatchError, Row, comparable_descriptors

Array = NDArray[np.float64]
_NAN = float("nan")


class QueryError(DenseGraspError):
    """A frame or limits whose parts do not belong together."""


@dataclass(frozen=True)
class WorkspaceBox:
    """Axis-aligned box in the base frame, metres, borders included."""

    minimum: tuple[float, float, float]
    maximum: tuple[float, float, float]

    def __post_init__(self) -> None:
        if not all(low <= high for low, high in zip(self.minimum, self.maximum, strict=True)):
            raise QueryError(f"workspace is {self.minimum}..{self.maximum} m, expected minimum <= maximum")

    def contains(self, point_base: ArrayLike) -> bool:
        """Whether the point (3,) lies inside; NaN never does."""
        point = np.asarray(point_base, dtype=float)
        return bool(np.all(point >= self.minimum) and np.all(point <= self.maximum))


@dataclass(frozen=True)
class DescribedFrame:
    """What belongs together of one instant.

    grid: descriptors. depth_m: (H, W) metres aligned to the colour image, not finite or 0 where unmeasured.
    camera: of the colour image. stamp: s. base_from_camera: (4, 4) at that stamp, None when TF has none.
    """

    grid: DescriptorGrid
    depth_m: NDArray[np.floating]
    camera: CameraModel
    stamp: float
    model_id: str
    base_from_camera: Array | None = None

    def __post_init__(self) -> None:
        size = (self.camera.height, self.camera.width)
        if self.grid.image_size != size or self.depth_m.shape != size:
            raise QueryError(
                f"descriptors are of an image {self.grid.image_size} and depth is {self.depth_m.shape}, "
                f"expected {size} (height, width) as the camera says"
            )


@dataclass(frozen=True)
class Limits:
    """What counts as found.

    temperature: t of Eq. 8. match_score: how descriptors are compared. found_threshold: least score.
    ambiguity_ratio: largest second-peak ratio. suppression_px: radius around the match in which no second peak is
    looked for. soft_window_px: half width of the soft-argmax window, 0 for the plain argmax.
    depth_radius_px, min_valid_depth: of `robust_depth`. workspace: None for no limit.
    """

    temperature: float = 0.0
    found_threshold: float = 0.5
    ambiguity_ratio: float = 0.97
    suppression_px: float = 40.0
    soft_window_px: int = 4
    depth_radius_px: int = 3
    min_valid_depth: float = 0.3
    workspace: WorkspaceBox | None = None
    match_score: MatchScore = SCORES[DEFAULT_SCORE]

    def score_image(self, grid: DescriptorGrid, descriptors: ArrayLike) -> NDArray[np.float32]:
        """(H, W) scores, 0..1, of the descriptors (K, D) of one keypoint. Raises MatchingError."""
        return self.match_score.image(grid, descriptors, self.temperature)


@dataclass(frozen=True)
class Match:
    """Answer to one query; the fields of KeypointMatch.msg.

    u, v: px, NaN without a match. score, second_peak_ratio: 0..1, NaN before the kernel was computed.
    depth: m. position_camera, position_base: (3,) m. NaN where unknown.
    """

    object_id: str
    keypoint: str
    code: MatchCode
    message: str
    u: float = _NAN
    v: float = _NAN
    score: float = _NAN
    second_peak_ratio: float = _NAN
    depth: float = _NAN
    position_camera: tuple[float, float, float] = (_NAN, _NAN, _NAN)
    position_base: tuple[float, float, float] = (_NAN, _NAN, _NAN)
    model_id: str = ""

    @property
    def ok(self) -> bool:
        """Whether the keypoint was found and its position is usable."""
        return self.code == MatchCode.OK


def locate(
    frame: DescribedFrame | None,
    row: Row | None,
    limits: Limits,
    *,
    object_id: str,
    keypoint: str,
    kernel: NDArray[np.float32] | None = None,
    mask: NDArray[np.bool_] | None = None,
) -> Match:
    """Finds `row` (None: the store has none) in `frame` (None: none has arrived): how old, the caller judges.

    The score is that of the most alike of the row's samples at each pixel.

    kernel: the row's kernel on this frame when the caller has it already (for a heatmap). mask: (H, W) bool
    of the pixels to look at. Never raises for what an image shows: every outcome has a code.
    """
    name = f"{object_id}/{keypoint}"
    if row is None:
        return Match(object_id, keypoint, MatchCode.UNKNOWN_KEYPOINT, f"the store has no {name}; teach it first")
    if frame is None:
        return Match(object_id, keypoint, MatchCode.NO_FRAME, "no synchronised colour, depth and descriptor frame yet")

    known: dict[str, object] = {"model_id": frame.model_id}

    def answer(code: MatchCode, message: str) -> Match:
        return Match(object_id, keypoint, code, message, **known)  # type: ignore[arg-type]

    try:
        samples = comparable_descriptors(row, frame.model_id, frame.grid.dimension)
    except ModelMismatchError as error:
        return answer(MatchCode.MODEL_MISMATCH, str(error))

    if kernel is None:
        kernel = limits.score_image(frame.grid, samples)
    peak = peaks.find(kernel, mask, limits.suppression_px)
    if peak is None:
        return answer(MatchCode.LOW_SCORE, f"{name} was not found: the mask leaves no pixel to look at")
    u, v = peak.u, peak.v
    if limits.soft_window_px > 0:
        u, v = peaks.soft_argmax(kernel, u, v, limits.soft_window_px)
    known.update(u=u, v=v, score=peak.score, second_peak_ratio=peak.second_peak_ratio)
    if not peak.score >= limits.found_threshold:
        return answer(
            MatchCode.LOW_SCORE,
            f"{name} was not found: best score {peak.score:.3f}, expected >= {limits.found_threshold:.3f}",
        )
    if peak.second_peak_ratio > limits.ambiguity_ratio:
        return answer(
            MatchCode.AMBIGUOUS,
            f"{name} at ({u:.1f}, {v:.1f}) px has a rival at ({peak.second_u:.0f}, {peak.second_v:.0f}) px "
            f"with {peak.second_peak_ratio:.3f} of its score, expected <= {limits.ambiguity_ratio:.3f}",
        )

    sample = robust_depth(frame.depth_m, u, v, limits.depth_radius_px, limits.min_valid_depth)
    point_camera = frame.camera.deproject([[u, v]], [_NAN if sample is None else sample.depth])[0]
    if sample is None or not np.isfinite(point_camera).all():
        return answer(
            MatchCode.NO_DEPTH,
            f"{name} at ({u:.1f}, {v:.1f}) px has no depth: expected >= {limits.min_valid_depth:.0%} valid "
            f"pixels within {limits.depth_radius_px} px",
        )
    known.update(depth=sample.depth, position_camera=_triple(point_camera))
    if frame.base_from_camera is None:
        return answer(
            MatchCode.NO_TF,
            f"no transform from the camera to the base at the stamp {frame.stamp:.3f} s of the image",
        )
    point_base = se3.transform(frame.base_from_camera, point_camera)
    known.update(position_base=_triple(point_base))
    if limits.workspace is not None and not limits.workspace.contains(point_base):
        return answer(
            MatchCode.OUT_OF_WORKSPACE,
            f"{name} is at {_text(point_base)} m in the base frame, expected within "
            f"{_text(limits.workspace.minimum)}..{_text(limits.workspace.maximum)} m",
        )
    return answer(MatchCode.OK, f"{name} found at {_text(point_base)} m in the base frame, score {peak.score:.3f}")


def first_failure(matches: list[Match]) -> Match | None:
    """The first match that is not OK, None when all are."""
    return next((match for match in matches if not match.ok), None)


def _triple(point: Array) -> tuple[float, float, float]:
    return float(point[0]), float(point[1]), float(point[2])


def _text(point: ArrayLike) -> str:
    return "(" + ", ".join("?" if math.isnan(x) else f"{x:.3f}" for x in np.asarray(point, dtype=float)) + ")"
