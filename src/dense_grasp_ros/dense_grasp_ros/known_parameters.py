"""The parameters of every node that is installed, to refuse a key that none of them knows.

A package names its nodes in the entry point group `dense_grasp.parameters`: the node's name, and the tuple of its
ParameterSpecs.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from importlib.metadata import entry_points

from dense_grasp_core.parameters import ParameterError, ParameterSpec, by_name

from dense_grasp_ros.parameter_files import (
    Override,
    ParameterFileError,
    check_readable,
    is_rclpys,
    node_name,
    overrides_of,
)

GROUP = "dense_grasp.parameters"
#: How alike a section's name must be to one of our nodes' to be taken for a mistake rather than another's node.
ALIKE = 0.75
#: A calibration tool's result: what to do with it.
TRANSFORM = "transform."

Known = Mapping[str, Mapping[str, ParameterSpec]]


@cache
def known_nodes() -> Known:
    """The specifications of every node by the node's name and the parameter's; none where no package names any."""
    return {entry.name: by_name(entry.load()) for entry in entry_points(group=GROUP)}


def nearest(name: str, names: Iterable[str], alike: float = 0.6) -> str:
    """The most similar of `names`, or "" when none is similar."""
    return next(iter(difflib.get_close_matches(name, sorted(names), 1, alike)), "")


def suggestion(name: str, names: Iterable[str]) -> str:
    """ ", did you mean ...?" for a name that does not exist, or "" when none is similar."""
    found = nearest(name, names)
    return f", did you mean {found}?" if found else ""


def check_override(override: Override, known: Known, own: Collection[str] = (), strict: bool = False) -> None:
    """Raises ParameterFileError for a setting that reaches none of the nodes.

    own: further names of the node that reads it. strict: a section for a node that is not ours is refused, too.
    """
    check_readable(override)
    if is_rclpys(override.name):
        return
    everybody = {name for specs in known.values() for name in specs}
    nodes = [*known, *own]
    if override.for_all:
        _check_name(override, everybody, "any node")
    elif override.node in known:
        _check_name(override, known[override.node], override.node)
    elif override.node in own:
        _check_name(override, everybody, "any node")
    else:
        alike = nearest(override.node, nodes, ALIKE)
        if alike or strict:
            raise ParameterFileError(
                f"{override.source}: there is no node {override.section}"
                + (f", did you mean {alike}?" if alike else f", expected /** or one of {', '.join(sorted(known))}")
            )


def _check_name(override: Override, names: Collection[str], whose: str) -> None:
    if override.name in names:
        return
    if override.name.startswith(TRANSFORM):
        raise ParameterFileError(
            f"{override.source}: {override.name} is no parameter of {whose}: write the transform as "
            "xyz: [x, y, z] in metres and quaternion: [x, y, z, w], both of parent_from_child"
        )
    raise ParameterFileError(
        f"{override.source}: {override.name} is no parameter of {whose}{suggestion(override.name, names)}"
    )


def check_arguments(name: str, arguments: Sequence[str]) -> None:
    """Raises ParameterFileError for the first setting of a process' arguments that no node knows or can read.

    name: the node's own. Where no installed package names its parameters nothing is refused here: what a node declares
    is all that is known.
    """
    known = known_nodes()
    if not known:
        return
    own = {name, node_name(arguments, name)}
    for override in overrides_of(arguments):
        check_override(override, known, own)


def explained(error: Exception, name: str, arguments: Sequence[str]) -> str:
    """The error's sentence, with the place where the parameter was set that it is about."""
    if not isinstance(error, ParameterError):
        return str(error)
    own = {name, node_name(arguments, name)}
    try:
        overrides = overrides_of(arguments)
    except ParameterFileError:
        return str(error)
    sources = [o.source for o in overrides if o.name == error.name and (o.for_all or o.node in own)]
    return f"{sources[-1]}: {error}" if sources else str(error)
