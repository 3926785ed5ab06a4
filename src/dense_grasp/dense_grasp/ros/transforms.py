"""tf2's buffer and listener, with room for a long search and a check at the door."""

from __future__ import annotations

import tf2_ros
from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time
from tf2_msgs.msg import TFMessage

#: s. Localisation stamps its transforms up to 1 s ahead on purpose, and a simulated clock may be read late.
MOST_AHEAD_S = 2.0
#: s. A scanned object is searched for in one image, and placed and planned for at that image's stamp: on a slow machine
#: that is longer than the ten seconds of tf2's default.
KEPT_S = 60.0


def transform_buffer() -> tf2_ros.Buffer:
    """Frames of the last KEPT_S s."""
    return tf2_ros.Buffer(Duration(seconds=KEPT_S))


class TransformListener(tf2_ros.TransformListener):
    """Ignores transforms stamped far ahead of the node's clock.

    tf2 keeps some seconds before the newest stamp of a frame. One message from the future, by a clock that is set
    wrong or by anybody on the network, thereby hides every good transform of its frame for as long as the node runs.
    """

    def __init__(self, buffer: tf2_ros.Buffer, node: Node):
        self._warned: set[str] = set()
        super().__init__(buffer, node)

    def callback(self, data: TFMessage) -> None:
        """Store the transforms of a message on /tf that may be true."""
        now = self.node.get_clock().now()
        if now.nanoseconds > 0:  # a simulated clock that has not begun says nothing about stamps
            data = TFMessage(transforms=[one for one in data.transforms if self._may_be_true(one, now)])
        super().callback(data)

    def _may_be_true(self, transform: TransformStamped, now: Time) -> bool:
        ahead = (Time.from_msg(transform.header.stamp, clock_type=now.clock_type) - now).nanoseconds * 1e-9
        if ahead <= MOST_AHEAD_S:
            return True
        child = transform.child_frame_id
        if child not in self._warned:
            self._warned.add(child)
            self.node.get_logger().warning(
                f"transform {transform.header.frame_id} <- {child} is stamped {ahead:.1f} s ahead of the clock, "
                f"expected at most {MOST_AHEAD_S:g} s: ignored; synchronise the clock of the machine that publishes it"
            )
        return False
