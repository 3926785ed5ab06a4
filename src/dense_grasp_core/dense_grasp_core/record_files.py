"""Records in YAML files: those that lie beside a module are shipped, and one may be like another of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.typed_fields import ValueMismatch, filled

R = TypeVar("R")


class RecordFiles:
    """The records of one kind. folder: where the shipped ones lie, each named after its file.

    what: "gripper", in sentences. fault: what a filled record says that cannot be, "" when nothing. error: raised.
    """

    def __init__(
        self, what: str, kind: type[R], folder: Path, fault: Callable[[Any], str], error: type[DenseGraspError]
    ):
        self._what, self._kind, self._folder = what, kind, folder
        self._fault, self._error = fault, error

    def shipped(self) -> tuple[str, ...]:
        """Names of the records that come with the package."""
        return tuple(sorted(path.stem for path in self._folder.glob("*.yaml")))

    def named(self, name: str) -> Any:
        """The record of a shipped name, or in a file of one's own (.yaml). Raises the error."""
        if name in self.shipped():
            return self.read(self._folder / f"{name}.yaml")
        if name.endswith(".yaml"):
            return self.read(Path(name))
        raise self._error(
            f"{self._what} is {name!r}, expected one of {', '.join(self.shipped())}, or the path of a record (.yaml)"
        )

    def read(self, path: Path) -> Any:
        """The record in a file, named after it. Raises the error, which names the file and the field."""
        record = f"{self._what} record {path}"
        content = self._content(path)
        wanted = [field.name for field in fields(self._kind) if field.name != "name"]  # type: ignore[arg-type]
        missing, unknown = [n for n in wanted if n not in content], [str(n) for n in content if n not in wanted]
        if missing or unknown:
            faults = [f"lacks {', '.join(missing)}"] * bool(missing)
            faults += [f"has unknown {', '.join(unknown)}"] * bool(unknown)
            raise self._error(f"{record} {' and '.join(faults)}, expected {', '.join(wanted)}")
        try:
            value = filled(self._kind, {"name": path.stem, **content})
        except ValueMismatch as error:
            raise self._error(f"{record}: {error}") from error
        fault = self._fault(value)
        if fault:
            raise self._error(f"{record}: {fault}")
        return value

    def _content(self, path: Path) -> dict[str, Any]:
        """The fields in a file, with those of the record that it is like."""
        record = f"{self._what} record {path}"
        try:
            content = yaml.safe_load(path.read_text())
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise self._error(f"{record} cannot be read: {error}") from error
        if not isinstance(content, dict):
            raise self._error(f"{record} is {content!r:.60}, expected the fields of a record")
        like = content.pop("like", None)
        if like is None:
            return content
        if like not in self.shipped() or path == self._folder / f"{like}.yaml":
            others = ", ".join(name for name in self.shipped() if name != path.stem)
            raise self._error(f"{record}: like is {like!r}, expected one of {others}")
        return {**self._content(self._folder / f"{like}.yaml"), **content}
