"""How a taught descriptor is compared with those of an image: one file a score, and one line in SCORES.

A network's header names the score that it was trained and calibrated for (`ModelInfo.score`).
"""

from __future__ import annotations

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.matching.scores.cosine import COSINE
from dense_grasp_core.matching.scores.gaussian import GAUSSIAN
from dense_grasp_core.matching.scores.score import MatchScore

__all__ = ["DEFAULT_SCORE", "SCORES", "MatchScore", "UnknownScoreError", "match_score"]

#: Equation 8 of the paper; of networks whose header names none.
DEFAULT_SCORE = GAUSSIAN.name
#: A new score: its file beside these, and a line here.
SCORES: dict[str, MatchScore] = {score.name: score for score in (GAUSSIAN, COSINE)}


class UnknownScoreError(DenseGraspError):
    """The name of a score that is not registered."""


def match_score(name: str) -> MatchScore:
    """The score of that name. Raises UnknownScoreError, which lists those that there are."""
    if name not in SCORES:
        raise UnknownScoreError(f"score is {name!r}, expected one of {', '.join(SCORES)}")
    return SCORES[name]
