"""Text that is known only when a launch file runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class Substitution:
    """Base of substitutions."""

    def describe(self) -> str:
        """Return a description for people."""
        return f"{type(self).__name__}()"

    def perform(self, context: LaunchContext) -> str:
        """Return the text."""
        raise NotImplementedError(f"{type(self).__name__} has no perform()")


SomeSubstitutionsType = str | Substitution | Iterable[str | Substitution]


class SubstitutionFailure(RuntimeError):
    """A substitution has no value."""


class TextSubstitution(Substitution):
    """Text as it is."""

    def __init__(self, *, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"TextSubstitution expected text of type str, got {type(text).__name__}")
        self.text = text

    def describe(self) -> str:
        """Return the text in quotes."""
        return f"'{self.text}'"

    def perform(self, context: LaunchContext) -> str:
        """Return the text."""
        return self.text


def normalize_to_list_of_substitutions(subs: Any) -> list[Substitution]:
    """Return text, a substitution or a list of them as a list of substitutions."""
    if isinstance(subs, (str, Substitution)):
        return [_normalize(subs)]
    if isinstance(subs, Iterable):
        return [_normalize(sub) for sub in subs]
    raise TypeError(f"expected text, a Substitution or a list of them, got {subs!r}")


def _normalize(sub: Any) -> Substitution:
    if isinstance(sub, Substitution):
        return sub
    if isinstance(sub, str):
        return TextSubstitution(text=sub)
    # Jazzy's launch refuses paths and lists within lists; a launch file that works here must work there.
    raise TypeError(f"expected text or a Substitution in the list, got {sub!r}")


def perform_substitutions(context: LaunchContext, subs: Any) -> str:
    """Return the texts of substitutions, joined."""
    return "".join(sub.perform(context) for sub in normalize_to_list_of_substitutions(subs))
