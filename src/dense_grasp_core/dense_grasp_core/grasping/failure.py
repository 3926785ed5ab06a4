"""How a goal of the arm fails: a code of its action and a sentence."""

from __future__ import annotations

from dense_grasp_core.errors import DenseGraspError


class GraspFailure(DenseGraspError):
    """A stage failed. `code`: a GraspCode, PlaceCode or ScanCode by the goal's action; perception: 100 + MatchCode."""

    def __init__(self, code: int, message: str):
        super().__init__(message)
        self.code = int(code)
