"""Messages that no well-behaved node sends: for every topic that the graph listens to, from its type's own fields."""

from __future__ import annotations

import importlib
import math
import random
from typing import Any

from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from rclpy.qos import QoSProfile
from tf2_msgs.msg import TFMessage

NUMBERS = (math.nan, math.inf, -math.inf, 0.0, -1.0, 1e308, 1e-308)
#: A link on a fixed joint, whose transform is published once.
FIXED_LINK = "fr3_hand"
TEXTS = ("", "x" * 2000, "../../etc", FIXED_LINK, "\N{SNOWMAN}", "rgb8", "16UC1", "float16")
SIZES = (0, 1, 3, 17, 640, 65535, 2**31)
LONGEST = 64
#: /clock has a trouble of its own, and what says what happened in the launch is nobody's business.
LEFT_ALONE = ("/clock", "/rosout", "/parameter_events")


def message_class(name: str) -> Any:
    """The class of a message type: "sensor_msgs/msg/Image", "sensor_msgs/Image", or that of an action's feedback."""
    package, _, kind = name.partition("/")
    if kind.startswith("action/"):
        action, _, part = kind.removeprefix("action/").rpartition("_")
        return getattr(getattr(importlib.import_module(f"{package}.action"), action).Impl, part)
    return getattr(importlib.import_module(f"{package}.msg"), kind.rpartition("/")[2])


def nasty_message(kind: Any, rng: random.Random, depth: int = 0) -> Any:
    """A message of class `kind` with drawn values in every field, nested ones included."""
    message = kind()
    for name, type_name in kind.get_fields_and_field_types().items():
        try:
            setattr(message, name, _value(type_name, getattr(message, name), rng, depth))
        except (AssertionError, ValueError, OverflowError, TypeError):
            continue  # rclpy itself refuses to send such a value: the default stays
    return message


def _value(type_name: str, default: Any, rng: random.Random, depth: int) -> Any:
    if isinstance(default, bool):
        return rng.random() < 0.5
    if isinstance(default, int):
        return rng.choice(SIZES) % (256 if "8" in type_name else 2**31)
    if isinstance(default, float):
        return rng.choice(NUMBERS)
    if isinstance(default, str):
        return rng.choice(TEXTS)
    if hasattr(default, "get_fields_and_field_types"):
        return nasty_message(type(default), rng, depth + 1)
    return _sequence(type_name, default, rng, depth)


def _sequence(type_name: str, default: Any, rng: random.Random, depth: int) -> Any:
    element = type_name.split("<")[-1].split(">")[0].split("[")[0].split(",")[0].strip()
    length = len(default) or rng.choice((0, 1, 3, LONGEST))
    if element in ("double", "float"):
        return [rng.choice(NUMBERS) for _ in range(length)]
    if element.startswith(("int", "uint")) or element in ("octet", "byte"):
        return [rng.choice(SIZES) % 128 for _ in range(length)]
    if element == "string":
        return [rng.choice(TEXTS) for _ in range(length)]
    if "/" in element and depth < 4:
        return [nasty_message(message_class(element), rng, depth + 1) for _ in range(min(length, 3))]
    return default


def broken_transform(parent: str, child: str, rng: random.Random) -> TFMessage:
    """A transform between two frames of the tree that is no transform: infinite, not a number, or without rotation."""
    message = TransformStamped(child_frame_id=child)
    message.header.frame_id = parent
    message.transform.translation.x = rng.choice((math.nan, math.inf, 0.0))
    message.transform.rotation.w = rng.choice((math.nan, 0.0, 1.0))
    return TFMessage(transforms=[message])


def _leave_fixed_link_alone(message: TFMessage) -> None:
    """Whoever publishes its transform again is believed by all of TF from then on."""
    for transform in message.transforms:
        if transform.child_frame_id == FIXED_LINK:
            transform.child_frame_id = "somebody's"


class HostileSender:
    """Publishes such messages on topics that somebody listens to."""

    def __init__(self, node: Node):
        self._node = node
        self._publishers: dict[str, tuple[Any, Any]] = {}

    def topics(self) -> list[str]:
        """Topics with a listener, and of a type that this machine knows."""
        names = (name for name, _ in self._node.get_topic_names_and_types())
        return sorted(name for name in names if name not in LEFT_ALONE and self._node.count_subscribers(name))

    def send(self, topic: str, rng: random.Random, stamp: Any, count: int = 10) -> None:
        """Send `count` messages, half of them with the present stamp where there is one."""
        publisher, kind = self._publisher(topic)
        for number in range(count):
            message = nasty_message(kind, rng)
            if isinstance(message, TFMessage):
                _leave_fixed_link_alone(message)
            if number % 2 and hasattr(message, "header"):
                message.header.stamp = stamp
            publisher.publish(message)

    def send_transform(self, parent: str, child: str, rng: random.Random, stamp: Any) -> None:
        """Send a broken transform between two frames that exist."""
        message = broken_transform(parent, child, rng)
        message.transforms[0].header.stamp = stamp
        self._publisher("/tf")[0].publish(message)

    def send_exactly(self, topic: str, message: Any) -> None:
        """Send this message."""
        self._publisher(topic)[0].publish(message)

    def _publisher(self, topic: str) -> tuple[Any, Any]:
        if topic not in self._publishers:
            kind = message_class(dict(self._node.get_topic_names_and_types())[topic][0])
            self._publishers[topic] = (self._node.create_publisher(kind, topic, QoSProfile(depth=10)), kind)
        return self._publishers[topic]
