"""How a grasp ends without success: a code of GraspObject and a sentence, or a cancellation."""

from __future__ import annotations

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.result_codes import GraspCode


class GraspFailure(DenseGraspError):
    """A stage failed. `code` is GraspObject's (100 + KeypointMatch code for perception)."""

    def __init__(self, code: int, message: str):
        super().__init__(message)
        self.code = int(code)

    @property
    def name(self) -> str:
        """Name of the code, for logs."""
        try:
            return GraspCode(self.code).name
        except ValueError:
            return f"PERCEPTION+{self.code - GraspCode.PERCEPTION}"


class GraspCanceled(DenseGraspError):
    """The goal was canceled; whoever sees this first has nothing to clean up but its own action."""
