"""What was found, as the page says it and draws it over the picture."""

from __future__ import annotations

import math
from collections.abc import Iterable

from dense_grasp_core.result_codes import MatchCode

from dense_grasp_interfaces.msg import KeypointMatch
from dense_grasp_ui.pictures.mark import Mark


def is_found(match: KeypointMatch) -> bool:
    """Whether it can be used."""
    return bool(match.code == MatchCode.OK)


def place_of(match: KeypointMatch) -> str:
    """The keypoint, with the number of its instance where equal objects are told apart, and that it is hidden."""
    number = f" of no. {match.instance}" if match.instance else ""
    return f"{match.keypoint}{number}{', hidden' if match.visibility == KeypointMatch.HIDDEN else ''}"


def sentence_of(match: KeypointMatch) -> str:
    """Code, score, distance and the answer's own sentence, in a line."""
    name = MatchCode(match.code).name if match.code in list(MatchCode) else str(match.code)
    far = f", {1e3 * match.depth:.0f} mm from the camera" if math.isfinite(match.depth) else ""
    agree = f", {match.support} points of the object agree" if match.support else ""
    return f"{place_of(match)}: {name} ({match.code}), score {match.score:.2f}{far}{agree}. {match.message}"


def marks_of(matches: Iterable[KeypointMatch]) -> list[Mark]:
    """What is drawn: every place that an answer names, also of a candidate that was not good enough."""
    return [
        Mark(
            match.u,
            match.v,
            f"{place_of(match)} {match.score:.2f}{'' if is_found(match) else ' ?'}",
            match.visibility == KeypointMatch.HIDDEN,
        )
        for match in matches
        if math.isfinite(match.u) and math.isfinite(match.v)
    ]
