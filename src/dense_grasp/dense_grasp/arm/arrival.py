"""Is the arm where its trajectory ends? A controller may say so and be wrong: tolerances unset, gains too soft."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.motion.interfaces import Trajectory
from dense_grasp_core.result_codes import GraspCode

from dense_grasp.ros.waiting import Deadline, StopCheck, wait_in_callback

Array = np.ndarray
#: s of wall clock in which an arm whose controller is done may still settle.
SETTLE_TIMEOUT = 1.0


def check_arrival(
    trajectory: Trajectory,
    positions: Callable[[], Array],
    tolerance: float,
    tcp_pose: Callable[[Array], Array],
    stop: StopCheck | None = None,
    settle_timeout: float = SETTLE_TIMEOUT,
) -> None:
    """Returns when every joint is within `tolerance` rad of the trajectory's end.

    `positions()`: present positions (J,) rad by joint states newer than the motion; tcp_pose: base_from_tcp (4, 4).
    Raises GraspFailure NOT_AT_GOAL with the worst joint, and what `positions` raises; Canceled.
    """
    present = positions()

    def there() -> bool:
        nonlocal present
        present = positions()
        return bool(np.max(np.abs(present - trajectory.end)) <= tolerance)

    if wait_in_callback(there, Deadline(settle_timeout), stop):
        return
    apart = np.abs(present - trajectory.end)
    worst = int(np.argmax(apart))
    off = 1000.0 * float(np.linalg.norm(tcp_pose(present)[:3, 3] - tcp_pose(trajectory.end)[:3, 3]))
    raise GraspFailure(
        GraspCode.NOT_AT_GOAL,
        f"the controller says that the motion is done, but {trajectory.joint_names[worst]} is at {present[worst]:.4f}"
        f" rad, {apart[worst]:.4f} from {trajectory.end[worst]:.4f}, where the trajectory ends (goal_tolerance "
        f"is {tolerance:g}); the tool centre point is {off:.0f} mm off. Check the controller's goal constraints and "
        "gains, and the load that the robot is told of",
    )
