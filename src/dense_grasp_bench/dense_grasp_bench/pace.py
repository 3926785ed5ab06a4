"""The simulated cell's clock, slowed while the machine is too busy for the nodes that follow it."""

from __future__ import annotations

from typing import Any

from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter

from dense_grasp_bench.graph_client import GraphClient, stamp_seconds

SLOWEST = 0.2  # the camera of a slower clock brings too few images by the wall's


class Pace:
    """Keeps descriptor images fresh by the cell's clock, as a camera and a computer of their own would.

    What nodes and tests wait for is counted in seconds of that clock. On a machine with other loads an image is then
    seconds old before it is described; a slower clock gives everybody the time they would have had.

    late, early: age in s of the cell's clock above which the clock is slowed, below which it is let go again.
    """

    def __init__(self, client: GraphClient, late: float = 0.7, early: float = 0.35):
        self._client, self._late, self._early = client, late, early
        self._setter = client.node.create_client(SetParameters, "sim_cell/set_parameters")
        self._answer: Any = None
        self.factor = 1.0
        client.on_descriptors(self._look)

    def _look(self, message: Any) -> None:
        """In the client's thread, so it waits for nothing."""
        age = stamp_seconds(self._client.now()) - stamp_seconds(message.header.stamp)
        wanted = next_factor(self.factor, age, self._late, self._early)
        if (wanted == self.factor and age <= self._late) or not self._setter.service_is_ready():
            return
        if self._answer is not None and not self._answer.done():
            return
        self.factor = wanted
        request = SetParameters.Request(parameters=[Parameter("real_time_factor", value=wanted).to_parameter_msg()])
        self._answer = self._setter.call_async(request)


def next_factor(factor: float, age: float, late: float, early: float) -> float:
    """Simulated seconds per second, SLOWEST..1, after an image of this age in s."""
    if age > late:
        return max(SLOWEST, 0.5 * factor)
    if age < early:
        return min(1.0, 1.25 * factor)
    return factor
