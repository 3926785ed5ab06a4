"""What can be asked of a buffer, and how further message types learn to be transformed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.time import Time

_NO_WAIT = Duration()


class TypeException(Exception):
    """No transformation is registered for a type."""

    def __init__(self, errstr: str) -> None:
        super().__init__(errstr)
        self.errstr = errstr


class NotImplementedException(Exception):
    """A buffer lacks a lookup."""

    def __init__(self) -> None:
        self.errstr = "CanTransform or LookupTransform not implemented"
        super().__init__(self.errstr)


class TransformRegistration:
    """Functions (object, TransformStamped) -> object by type; filled by packages such as tf2_geometry_msgs."""

    _functions: ClassVar[dict[type, Callable[[Any, TransformStamped], Any]]] = {}

    def add(self, key: type, callback: Callable[[Any, TransformStamped], Any]) -> None:
        """Register the function for a type."""
        self._functions[key] = callback

    def get(self, key: type) -> Callable[[Any, TransformStamped], Any]:
        """Return the function for a type; TypeException if there is none."""
        if key not in self._functions:
            raise TypeException(f"Type {key} is not loaded or supported")
        return self._functions[key]


class BufferInterface:
    """Base of buffers: transforms stamped objects by the lookups of the subclass."""

    def __init__(self) -> None:
        self.registration = TransformRegistration()

    def transform(
        self,
        object_stamped: Any,
        target_frame: str,
        timeout: Duration = _NO_WAIT,
        new_type: type | None = None,
    ) -> Any:
        """Return a stamped object in the target frame, at its own stamp."""
        if new_type is not None:
            raise NotImplementedError("the tf2_ros stand-in of dense_grasp converts no types; install ROS's tf2_ros")
        header = object_stamped.header
        transform = self.registration.get(type(object_stamped))
        return transform(object_stamped, self.lookup_transform(target_frame, header.frame_id, header.stamp, timeout))

    def lookup_transform(
        self, target_frame: str, source_frame: str, time: Time, timeout: Duration = _NO_WAIT
    ) -> TransformStamped:
        """Return target_frame from source_frame."""
        raise NotImplementedException()

    def can_transform(self, target_frame: str, source_frame: str, time: Time, timeout: Duration = _NO_WAIT) -> Any:
        """Return whether the lookup would succeed."""
        raise NotImplementedException()
