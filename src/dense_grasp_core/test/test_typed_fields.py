"""Values of a YAML file in a dataclass: what is taken, and the sentence for what is not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml
from dense_grasp_core.typed_fields import ValueMismatch, filled


@dataclass(frozen=True)
class Inner:
    rate: float = 1.0


@dataclass(frozen=True)
class Outer:
    name: str = ""
    often: bool = False
    count: int = 1
    names: tuple[str, ...] = ()
    rows: tuple[tuple[float, float], ...] = ()
    point: tuple[float, float, float] = (0.0, 0.0, 0.0)
    inner: Inner = Inner()
    more: dict[str, Any] = field(default_factory=dict)


def test_values_become_the_types_of_the_fields():
    text = """
    {name: a, often: true, names: [b, c], rows: [[1, 2.5]], point: [1, 2, 3], inner: {rate: 1e-3}, more: {x: 1}}
    """
    assert filled(Outer, yaml.safe_load(text)) == Outer(
        "a", True, 1, ("b", "c"), ((1.0, 2.5),), (1.0, 2.0, 3.0), Inner(1e-3), {"x": 1}
    )


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"colour": "red"}, "colour is unknown, expected one of count, inner, more, name, names, often, point, rows"),
        ({"inner": {"speed": 1}}, "inner.speed is unknown, expected one of rate"),
        ({"inner": 3}, "inner is 3, expected keys and values"),
        ({"inner": {"rate": True}}, "inner.rate is true, expected a number"),
        ({"inner": {"rate": "fast"}}, "inner.rate is 'fast', expected a number"),
        ({"name": 3}, "name is 3, expected a text"),
        ({"often": 1}, "often is 1, expected true or false"),
        ({"count": 1.0}, "count is 1.0, expected a whole number"),
        ({"names": "b"}, "names is 'b', expected a list of texts"),
        ({"names": ["b", None]}, "names is empty, expected a text"),
        ({"rows": 1}, "rows is 1, expected a list of rows of 2 numbers"),
        ({"rows": [[1]]}, "rows is [1], expected 2 numbers"),
        ({"point": [1, 2]}, "point is [1, 2], expected 3 numbers"),
        ({"more": []}, "more is [], expected keys and values"),
    ],
)
def test_what_does_not_fit_is_named_with_what_was_expected(values, sentence):
    with pytest.raises(ValueMismatch) as caught:
        filled(Outer, values)
    assert str(caught.value) == sentence
