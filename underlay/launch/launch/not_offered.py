"""Answers for the parts of upstream's interface that this stand-in leaves out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def not_offered(module: str) -> Callable[[str], Any]:
    """Return a module's __getattr__ that names a class of upstream that is missing here."""

    def getattr_of_module(name: str) -> Any:
        if name[:1].isupper():
            package = module.split(".")[0]
            raise NotImplementedError(
                f"the {package} stand-in of dense_grasp does not offer {module}.{name}; "
                f"underlay/README.md lists what it offers, ROS's {package} has the rest"
            )
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return getattr_of_module
