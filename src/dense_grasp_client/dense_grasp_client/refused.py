"""An answer of the graph that is not OK."""

from __future__ import annotations

from typing import Any

from dense_grasp_core.errors import DenseGraspError


class Refused(DenseGraspError):
    """The graph answered, and not with OK. code: the constant of the service or action; the text is its sentence.
    answer: the whole of it, such as a result that says which points were found; None where there is no more.
    """

    def __init__(self, what: str, code: int, sentence: str, answer: Any = None):
        super().__init__(f"{what}: code {code}: {sentence}")
        self.code = code
        self.sentence = sentence
        self.answer = answer


def checked(answer: Any, what: str) -> Any:
    """The answer, when its code is OK (0 everywhere); raises Refused."""
    if answer.code != 0:
        raise Refused(what, answer.code, answer.message, answer)
    return answer
