"""The terms of a step with their weights."""

from __future__ import annotations

from torch import Tensor

from dense_grasp_train.losses.step_inputs import StepInputs
from dense_grasp_train.losses.terms import terms_of


def weighted_terms(inputs: StepInputs, kinds: tuple[str, ...], step: int) -> tuple[dict[str, Tensor], dict[str, float]]:
    """Unweighted scalars of the terms of ``kinds`` that have a weight, in the registry's order, and their weights."""
    values: dict[str, Tensor] = {}
    weights: dict[str, float] = {}
    for term in terms_of(kinds):
        weight = inputs.options.weight(term.name)
        value = term.value(inputs) if weight > 0 else None
        if value is not None:
            values[term.name] = value
            weights[term.name] = weight * term.share_at(inputs.options, step)
    return values, weights
