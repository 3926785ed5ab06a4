"""What a parameter may be, said once: for the node that declares it, the launch files, the tests and the operator."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dense_grasp_core.errors import DenseGraspError

LARGEST_INTEGER = 2**63 - 1
_SHOWN = 160  # characters of a value in a sentence
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
#: kind of text: (pattern, how it is called)
TEXTS = {
    "text": (r"[^\x00-\x1f\x7f]*", "text on one line"),
    "lines": (r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*", "text"),
    "name": (
        rf"(~/|/)?{_NAME}(/{_NAME})*",
        "a ROS name: letters, digits and _ between slashes, no part begins with a digit",
    ),
    "frame": (r"[^\s/\x00-\x1f\x7f][^\s\x00-\x1f\x7f]*", "a frame's name: no spaces, no slash in front"),
    "prefix": (r"[A-Za-z0-9_]*", "letters, digits and _"),
}
_LONGEST_TEXT = 4096


class ParameterError(DenseGraspError):
    """A parameter whose value cannot be used. name: the parameter's; value: as it was given."""

    def __init__(self, name: str, value: object, expected: str):
        self.name, self.value, self.expected = name, value, expected
        super().__init__(f"parameter {name} is {shown(value)}, expected {expected}")


def shown(value: object) -> str:
    """A value as a sentence shows it; long ones are cut."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(list(value) if isinstance(value, tuple) else value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."


@dataclass(frozen=True)
class ParameterSpec:
    """One parameter of a node. Its type is the default's: bool, int, float, str, or a tuple of numbers for a list.

    low, high: the ends of the range, of each element in a list; every number has both. low_open, high_open: whether the
    end itself is refused. zero, nan: what 0 or NaN stands for, where it is allowed beside the range.
    options: the texts that are allowed. text: which kind of text, a key of TEXTS. required: an empty text is refused,
    though it is the default. count: elements of a list; multiple_of: they come in groups of so many; zeros: what a list
    (or its group) of zeros stands for. boxes: groups of centre x, y, z and edge lengths x, y, z.
    changeable: while the node runs; otherwise it is read at the start only.
    """

    name: str
    default: Any
    description: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False
    zero: str = ""
    nan: str = ""
    options: tuple[str, ...] = ()
    text: str = "text"
    required: bool = False
    count: int | None = None
    multiple_of: int = 1
    zeros: str = ""
    boxes: bool = False
    changeable: bool = False

    def __post_init__(self) -> None:
        numeric = isinstance(self.default, (int, float, tuple)) and not isinstance(self.default, bool)
        if numeric and (self.low is None or self.high is None):
            raise ValueError(f"parameter {self.name} needs both ends of its range")
        if not self.required:
            self.check(self.default)

    @property
    def kind(self) -> type:
        """bool, int, float, str or list."""
        return list if isinstance(self.default, tuple) else type(self.default)

    @property
    def value(self) -> Any:
        """The default as a node declares it: a list is a list of floats."""
        return [float(item) for item in self.default] if self.kind is list else self.default

    @property
    def expected(self) -> str:
        """What its value must be, in words: the second half of "parameter x is y, expected ..."."""
        if self.kind is bool:
            return "true or false"
        if self.kind is str:
            return self._expected_text()
        numbers = self._expected_number()
        return self._expected_list(numbers) if self.kind is list else numbers

    def check(self, value: object) -> Any:
        """The value as the parameter's type; a whole number is taken for a float. Raises ParameterError."""
        checked = self._checked(value)
        if checked is None:
            raise ParameterError(self.name, value, self.expected)
        return checked

    def _checked(self, value: object) -> Any:
        if self.kind is bool:
            return value if isinstance(value, bool) else None
        if self.kind is str:
            return value if isinstance(value, str) and self._text_fits(value) else None
        if self.kind is list:
            return self._checked_list(value)
        return self._checked_number(value)

    def _text_fits(self, value: str) -> bool:
        if self.options:
            return value in self.options
        if not value:
            return not self.required and self.default == ""
        if self.text != "lines" and len(value) > _LONGEST_TEXT:
            return False
        return re.fullmatch(TEXTS[self.text][0], value) is not None

    def _checked_number(self, value: object) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        if self.kind is int:
            return value if isinstance(value, int) and self._inside(value) else None
        try:
            number = float(value)
        except OverflowError:
            return None
        if math.isnan(number):
            return number if self.nan else None
        return number if self._inside(number) else None

    def _inside(self, number: float) -> bool:
        assert self.low is not None and self.high is not None
        if not math.isfinite(number):
            return False
        if self.zero and number == 0:
            return True
        above = number > self.low if self.low_open else number >= self.low
        below = number < self.high if self.high_open else number <= self.high
        return above and below

    def _checked_list(self, value: object) -> list[float] | None:
        if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
            return None
        items = list(value)
        if not items or len(items) % self.multiple_of or (self.count is not None and len(items) != self.count):
            return None
        if any(isinstance(item, bool) or not isinstance(item, (int, float)) for item in items):
            return None
        if self.zeros and all(item == 0 for item in items):
            return [0.0] * len(items)
        if not all(self._inside(item) for item in items):
            return None
        if self.boxes and any(item <= 0 for i, item in enumerate(items) if i % 6 >= 3):
            return None
        return [float(item) for item in items]

    def _expected_text(self) -> str:
        if self.options:
            return "one of " + ", ".join(option or '""' for option in self.options)
        words = TEXTS[self.text][1]
        return f'{words}; "" for the default' if self.default == "" and not self.required else f"{words}, not empty"

    def _expected_number(self) -> str:
        assert self.low is not None and self.high is not None
        unit = f" {self.unit}" if self.unit else ""
        number = "a whole number" if self.kind is int else "numbers" if self.kind is list else "a number"
        low = f"above {self.low:g}" if self.low_open else f"from {self.low:g}"
        high = f"below {self.high:g}" if self.high_open else f"at most {self.high:g}"
        ends = f"{low} to {self.high:g}" if not self.low_open and not self.high_open else f"{low} and {high}"
        words = f"{number} {ends}{unit}"
        words += f"; 0: {self.zero}" if self.zero else ""
        return words + (f"; .nan: {self.nan}" if self.nan else "")

    def _expected_list(self, numbers: str) -> str:
        many = f"{self.count} " if self.count is not None else ""
        groups = f", a multiple of {self.multiple_of} of them" if self.multiple_of > 1 else ""
        boxes = ", six a box: its centre x, y, z and its edge lengths x, y, z above 0" if self.boxes else ""
        return f"{many}{numbers}{groups}{boxes}" + (f"; all 0: {self.zeros}" if self.zeros else "")


def by_name(specs: Sequence[ParameterSpec]) -> dict[str, ParameterSpec]:
    """The specifications by name. Raises ValueError when two have the same."""
    found = {spec.name: spec for spec in specs}
    if len(found) != len(specs):
        twice = sorted({spec.name for spec in specs if sum(spec.name == other.name for other in specs) > 1})
        raise ValueError(f"declared twice: {', '.join(twice)}")
    return found


def check_changes(
    node_name: str, changes: Mapping[str, object], specs: Mapping[str, ParameterSpec], keep: Callable[[str], bool]
) -> tuple[dict[str, Any], str]:
    """New values for a running node: those that can be taken, and why they cannot ("" when all can).

    keep: names that are not the node's own, such as use_sim_time, and are left to others.
    """
    taken = {}
    changeable = [name for name, spec in specs.items() if spec.changeable]
    for name, value in changes.items():
        spec = specs.get(name)
        if spec is None:
            if keep(name):
                continue
            return {}, f"{node_name} has no parameter {name}"
        if not spec.changeable:
            return {}, (
                f"{name} is read at the start only; restart {node_name} to change it "
                f"(while it runs: {', '.join(changeable) or 'none'})"
            )
        try:
            taken[name] = spec.check(value)
        except ParameterError as error:
            return {}, str(error)
    return taken, ""
