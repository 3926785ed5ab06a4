"""Whether this machine can serve the operator's page."""

from __future__ import annotations

from importlib.util import find_spec

PACKAGE = "dense_grasp_ui"
TOOLKIT = "nicegui"


def page_lacks() -> str:
    """Why bringup starts no operator's page, with what to do; "" when it can. Imports nothing."""
    if find_spec(PACKAGE) is None:
        return f"no operator's page: package {PACKAGE} is not built; the cell runs without it (make setup builds it)"
    if find_spec(TOOLKIT) is None:
        return (
            f"no operator's page: Python package {TOOLKIT} is not installed; the cell runs without it "
            "(pip install nicegui, in the version of requirements/python.lock)"
        )
    return ""
