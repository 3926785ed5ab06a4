"""The terms of the objective by name: one file a term, and one line here.

A term declares its default weight, the settings that it reads and what it needs to do anything; configuration, ranges,
the check for settings that do nothing, the methods and the model card follow from that.
"""

from __future__ import annotations

from collections.abc import Iterable

from dense_grasp_train.losses.term import LossTerm, Setting
from dense_grasp_train.losses.terms.consistency import CONSISTENCY
from dense_grasp_train.losses.terms.depth_anchor import DEPTH_ANCHOR
from dense_grasp_train.losses.terms.found import FOUND
from dense_grasp_train.losses.terms.localisation import LOCALISATION
from dense_grasp_train.losses.terms.nt_xent import NT_XENT
from dense_grasp_train.losses.terms.pose import POSE
from dense_grasp_train.losses.terms.separation import SEPARATION
from dense_grasp_train.losses.terms.silhouette import SILHOUETTE
from dense_grasp_train.losses.terms.variance import VARIANCE

__all__ = ["TERMS", "LossTerm", "Setting", "keys_of", "settings_of", "terms_of"]

_SHIPPED = (
    *(SILHOUETTE, VARIANCE, SEPARATION, CONSISTENCY, POSE, DEPTH_ANCHOR),
    *(NT_XENT, LOCALISATION, FOUND),
)
TERMS: dict[str, LossTerm] = {term.name: term for term in _SHIPPED}


def terms_of(kinds: tuple[str, ...]) -> list[LossTerm]:
    """Those that learn one of ``kinds``, in the registry's order."""
    return [term for term in TERMS.values() if term.learns in kinds]


def settings_of(terms: Iterable[LossTerm]) -> list[Setting]:
    """Each setting of these terms once."""
    return list({setting.name: setting for term in terms for setting in term.settings}.values())


def keys_of(kinds: tuple[str, ...]) -> frozenset[str]:
    """Keys of a configuration that the terms of ``kinds`` read: weights and settings."""
    names = [name for term in terms_of(kinds) for name in (term.name, *(setting.name for setting in term.settings))]
    return frozenset(f"losses.{name}" for name in names)
