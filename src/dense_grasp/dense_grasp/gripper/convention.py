"""How grippers of one convention are commanded: an entry of the registry of adapters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dense_grasp_core.grasping.interfaces import Gripper
from rclpy.node import Node

from dense_grasp.gripper.action_runner import GripperSettings


@dataclass(frozen=True)
class Convention:
    """make(node, namespaces, settings, callback_group): the adapter; the first namespace that answers counts.

    action: type of the action that the record calls command. Both raise GripperRecordError where this machine's
    packages lack the convention's interfaces, which are imported when one of them is called.
    """

    make: Callable[[Node, Sequence[str], GripperSettings, Any], Gripper]
    action: Callable[[], Any]
