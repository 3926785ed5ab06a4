"""The simulated cell's clock, slowed while the machine is too busy for the nodes that follow it."""

from __future__ import annotations

import os
from typing import Any

from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter

from dense_grasp_bench.graph_client import GraphClient, stamp_seconds

CAMERA_RATE = 5.0  # Hz, as in config/sim.yaml
MOST_LOAD = 2.5  # a core: two processes that test, and the nodes of a cell
SLOWEST = 0.2  # the camera of a slower clock brings too few images by the wall's


class Pace:
    """Keeps descriptor images fresh by the cell's clock, as a camera and a computer of their own would.

    What nodes and tests wait for is counted in seconds of that clock. On a machine with other loads an image is then
    seconds old before it is described; a slower clock gives everybody the time they would have had.

    late, early: age in s of the cell's clock above which the clock is slowed, below which it is let go again. fastest:
    simulated seconds per second at most; what is above 1 is for a machine without other loads: time-outs by the cell's
    clock are that much shorter by the wall's. The camera then takes fewer images a simulated second, so that by the
    wall's clock as many have to be described.
    """

    def __init__(self, client: GraphClient, late: float = 0.7, early: float = 0.35, fastest: float = 1.0):
        self._client, self._late, self._early, self._fastest = client, late, early, fastest
        self._setter = client.node.create_client(SetParameters, "sim_cell/set_parameters")
        self._answer: Any = None
        self.factor = 1.0
        client.on_descriptors(self._look)

    def _look(self, message: Any) -> None:
        """In the client's thread, so it waits for nothing."""
        age = stamp_seconds(self._client.now()) - stamp_seconds(message.header.stamp)
        fastest = self._fastest if has_room(os.getloadavg()[0], os.cpu_count() or 1) else min(1.0, self._fastest)
        wanted = next_factor(self.factor, age, self._late, self._early, fastest)
        if (wanted == self.factor and age <= self._late) or not self._setter.service_is_ready():
            return
        if self._answer is not None and not self._answer.done():
            return
        self.factor = wanted
        values = {"real_time_factor": wanted}
        if self._fastest > 1.0:
            values["camera_rate"] = CAMERA_RATE / max(1.0, wanted)
        parameters = [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
        request = SetParameters.Request(parameters=parameters)
        self._answer = self._setter.call_async(request)


def has_room(load: float, cores: int) -> bool:
    """Whether this load average leaves a cell's nodes about as much as they would have for themselves."""
    return load <= MOST_LOAD * cores


def next_factor(factor: float, age: float, late: float, early: float, fastest: float = 1.0) -> float:
    """Simulated seconds per second, SLOWEST..fastest, after an image of this age in s."""
    factor = min(factor, fastest)
    if age > late:
        return max(SLOWEST, 0.5 * factor)
    if age < early:
        return min(fastest, 1.25 * factor)
    return factor
