"""An answer of the graph that is not OK."""

from __future__ import annotations

from dense_grasp_core.errors import DenseGraspError


class Refused(DenseGraspError):
    """The graph answered, and not with OK. code: the constant of the service or action; the text is its sentence."""

    def __init__(self, what: str, code: int, sentence: str):
        super().__init__(f"{what}: code {code}: {sentence}")
        self.code = code
        self.sentence = sentence
