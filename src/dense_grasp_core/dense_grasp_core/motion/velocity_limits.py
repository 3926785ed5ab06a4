"""How fast a joint may move near the ends of its way: FR3's velocity limits depend on the position.

    highest(q) = max(0, -offset + sqrt(2 deceleration (upper - q)))
    lowest(q)  = min(0,  offset - sqrt(2 deceleration (q - lower)))

The robot stops with joint_velocity_violation beyond them. Formula and numbers: Franka's "Robot and interface
specifications", limits for Franka Research 3; the same in libfranka's rate_limiting.h. From system image 5.9 on the
robot's own description carries the numbers (element position_based_velocity_limits), and those count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dense_grasp_core.motion.urdf import RobotModelError, parse_urdf

Array = np.ndarray
ELEMENT = "position_based_velocity_limits"
#: rad/s that libfranka itself keeps from these limits.
TOLERANCE = 1e-3
#: rad/s that a joint may at least have where a motion begins or ends: nearer to its end it would creep for seconds.
CREEP = 0.02


@dataclass(frozen=True)
class PositionBasedVelocityLimits:
    """Limits of each joint, (J,): `lower`, `upper` rad where its way ends, `offset` rad/s, `deceleration` rad/s^2."""

    lower: Array
    upper: Array
    offset: Array
    deceleration: Array

    def highest(self, positions: Array) -> Array:
        """Largest allowed velocity (..., J) rad/s, 0 or more, at positions (..., J)."""
        return _speed(self.upper - positions, self.offset, self.deceleration)

    def lowest(self, positions: Array) -> Array:
        """Smallest allowed velocity (..., J) rad/s, 0 or less, at positions (..., J)."""
        return -_speed(positions - self.lower, self.offset, self.deceleration)

    def share(self, positions: Array, velocities: Array, tolerance: float = 0.0) -> Array:
        """Velocities (..., J) as shares of what is allowed at positions (..., J) less `tolerance` rad/s.

        Where nothing is allowed, 1e-3 rad/s count as all of it: a joint at rest there is not told to be quite still.
        """
        limit = np.where(velocities > 0.0, self.highest(positions), -self.lowest(positions))
        return np.abs(velocities) / np.maximum(limit - tolerance, TOLERANCE)

    def reachable(self) -> tuple[Array, Array]:
        """Lowest and highest positions (J,) rad at which a joint may still move outwards, if only slowly."""
        rest = (self.offset + CREEP) ** 2 / (2.0 * self.deceleration)
        return self.lower + rest, self.upper - rest


def _speed(left: Array, offset: Array, deceleration: Array) -> Array:
    return np.maximum(0.0, np.sqrt(2.0 * deceleration * np.maximum(0.0, left)) - offset)


_FR3 = PositionBasedVelocityLimits(
    lower=np.array([-2.7501, -1.7918, -2.9065, -3.0481, -2.8101, 0.54092, -3.0196]),
    upper=np.array([2.7501, 1.7918, 2.9065, -0.1458, 2.8101, 4.5205, 3.0196]),
    offset=np.array([0.30, 0.20, 0.20, 0.30, 0.35, 0.35, 0.35]),
    deceleration=np.array([6.0, 2.585, 3.5, 4.0, 17.0, 5.5, 17.0]),
)
#: Limits of the arms whose description may lack them. FP3 and FR3v2 are the same arm to libfranka; Panda (FER) has
#: constant velocity limits.
BY_ROBOT_TYPE = {"fr3": _FR3, "fr3v2": _FR3, "fp3": _FR3}


def near_ends(urdf: str, names: Sequence[str], robot_type: str) -> PositionBasedVelocityLimits | None:
    """The limits of the joints `names` (J,): the description's, else those of the robot type, None for constant ones.

    Raises RobotModelError for a description that has them for some of the joints only, or numbers that are none.
    """
    joints = {joint.get("name"): joint for joint in parse_urdf(urdf).findall("joint")}
    found = {name: joints[name].find(ELEMENT) for name in names if name in joints}
    missing = [name for name in names if found.get(name) is None]
    if len(missing) == len(names):
        known = BY_ROBOT_TYPE.get(robot_type)
        return known if known is not None and len(known.lower) == len(names) else None
    if missing:
        raise RobotModelError(f"robot description has <{ELEMENT}> for some joints but none for {', '.join(missing)}")
    rows = []
    for name in names:
        limit, element = joints[name].find("limit"), found[name]
        rows.append(
            [
                _number(name, limit, "lower"),
                _number(name, limit, "upper"),
                _number(name, element, "velocity_offset", least=0.0),
                _number(name, element, "deceleration_limit", least=1e-3),
            ]
        )
    lower, upper, offset, deceleration = np.array(rows).T
    return PositionBasedVelocityLimits(lower, upper, offset, deceleration)


def _number(joint: str, element: object, key: str, least: float = -np.inf) -> float:
    text = "" if element is None else element.get(key, "")  # type: ignore[attr-defined]
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value) or value < least:
        expected = "a number" if least == -np.inf else f"a number of at least {least:g}"
        raise RobotModelError(f"{key} of {joint} is {text!r}, expected {expected}")
    return value
