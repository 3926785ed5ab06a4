"""The limits of a match: what the operator chose, and what the network was calibrated with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from dense_grasp_core.descriptors.model_file import ModelInfo
from dense_grasp_core.descriptors.model_header import read_info
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.matching.locate import Limits
from dense_grasp_core.matching.scores import match_score

CALIBRATED = ("temperature", "found_threshold", "ambiguity_ratio")


class UncalibratedError(DenseGraspError):
    """A network that was not calibrated, so that nobody knows when its matches are to be believed."""


def calibrated(limits: Limits, chosen: dict[str, float], model: str, allow_uncalibrated: bool = False) -> Limits:
    """`limits` with the chosen values where they are numbers, and those of the file `model` where they are NaN.

    How descriptors are compared stands in the file alone; without a file it is Eq. 8. Raises ModelFileError for a file
    that cannot be read, UncalibratedError when a value is needed from a network that was not calibrated, unless
    `allow_uncalibrated`.
    """
    missing = [name for name in CALIBRATED if math.isnan(chosen[name])]
    if not model:
        if missing:
            raise UncalibratedError(
                f"parameter model is empty, expected the network's file, or {', '.join(missing)} set"
            )
        return replace(limits, **chosen)  # type: ignore[arg-type]
    limits = replace(limits, **chosen)  # type: ignore[arg-type]
    return _by_header(limits, read_info(model), missing, model, allow_uncalibrated, f"set {', '.join(missing)}, ")


def own_calibration(limits: Limits, info: ModelInfo, model: str, allow_uncalibrated: bool = False) -> Limits:
    """`limits` with what the header `info` of the file `model` says of scores: nothing that was chosen for another
    network holds for this one. Raises UncalibratedError as `calibrated`.
    """
    return _by_header(limits, info, CALIBRATED, model, allow_uncalibrated)


def _by_header(
    limits: Limits,
    info: ModelInfo,
    names: Sequence[str],
    model: str,
    allow_uncalibrated: bool,
    another_way: str = "",
) -> Limits:
    """`limits` with the header's way to compare descriptors and its values of these names."""
    if names and not info.is_calibrated and not allow_uncalibrated:
        raise UncalibratedError(
            f"the network {model} was not calibrated: train it without --no-calibration, {another_way}or set "
            "allow_uncalibrated to true (then a table without the object may be answered 'found')"
        )
    values = {name: float(getattr(info, name)) for name in names}
    return replace(limits, match_score=match_score(info.score), **values)  # type: ignore[arg-type]
