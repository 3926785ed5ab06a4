"""Settings of all nodes that follow in the same scope."""

from __future__ import annotations

from typing import Any

from launch import Action, LaunchContext, SomeSubstitutionsType
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions
from launch_ros.parameters import evaluate_parameter_dict


class SetParameter(Action):
    """Give all nodes that follow a parameter; their own parameters come after it."""

    def __init__(self, name: SomeSubstitutionsType, value: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.value = value

    def execute(self, context: LaunchContext) -> None:
        """Remember it in the scope."""
        name = perform_substitutions(context, self.name)
        known = context.launch_configurations.setdefault("global_params", [])
        known.extend(evaluate_parameter_dict(context, {name: self.value}).items())


class SetUseSimTime(SetParameter):
    """Set use_sim_time."""

    def __init__(self, value: Any, **kwargs: Any) -> None:
        super().__init__("use_sim_time", value, **kwargs)


class SetRemap(Action):
    """Give all nodes that follow a remapping; their own remappings come after it."""

    def __init__(self, src: SomeSubstitutionsType, dst: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.src = normalize_to_list_of_substitutions(src)
        self.dst = normalize_to_list_of_substitutions(dst)

    def execute(self, context: LaunchContext) -> None:
        """Remember it in the scope."""
        pair = perform_substitutions(context, self.src), perform_substitutions(context, self.dst)
        context.launch_configurations.setdefault("ros_remaps", []).append(pair)


class PushRosNamespace(Action):
    """Put the nodes that follow below a namespace."""

    def __init__(self, namespace: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.namespace = normalize_to_list_of_substitutions(namespace)

    def execute(self, context: LaunchContext) -> None:
        """Remember it in the scope."""
        base = context.launch_configurations.get("ros_namespace")
        joined = join_namespace(base, perform_substitutions(context, self.namespace))
        context.launch_configurations["ros_namespace"] = joined


def join_namespace(base: str | None, namespace: str | None) -> str:
    """Return a namespace below a base; an absolute one stands alone."""
    if not namespace:
        return base or ""
    if namespace.startswith("/") or not base:
        return namespace if namespace == "/" else namespace.rstrip("/")
    return f"{base.rstrip('/')}/{namespace.rstrip('/')}"
