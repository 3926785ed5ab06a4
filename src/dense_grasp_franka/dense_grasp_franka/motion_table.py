"""A trajectory as the robot takes it: one joint position a millisecond, smooth enough for the robot's own checks.

Franka's control interface wants a position every millisecond and refuses a motion whose speed, acceleration or jerk is
over its limits (libfranka, "Limits in the joint space"). Trajectories of planners have steps in their acceleration. So
the sampled trajectory goes through two moving averages: they keep every bound that it had and make its jerk finite.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.motion.trajectory_goal import Points
from numpy.typing import NDArray
from scipy.interpolate import BPoly
from scipy.ndimage import maximum_filter1d

from dense_grasp_franka.motion import Motion

Array = NDArray[np.float64]

RATE = 1000  # Hz, fixed by the robot
SMOOTHING = 20  # ms, length of each of the two moving averages
BLENDING = 500  # ms in which a difference between the commanded position and the first point is taken back
STOPPING_MS = tuple(range(100, 725, 25))  # lengths of a stop that are considered
LONGEST = 600.0  # s


class MotionTableError(DenseGraspError):
    """A trajectory that the robot would refuse."""


@dataclass(frozen=True)
class JointLimits:
    """What the robot allows a commanded motion: (7,) rad/s, rad/s2, rad/s3 each, `share` of which is used."""

    velocity: Array
    acceleration: Array
    jerk: Array
    share: float = 0.95

    @classmethod
    def fr3(cls) -> JointLimits:
        """Franka Research 3 (libfranka 0.21, rate_limiting.h); near the end of a joint's range it is less."""
        return cls(np.array([2.62, 2.62, 2.62, 2.62, 5.26, 4.18, 5.26]), np.full(7, 10.0), np.full(7, 5000.0))


def motion_through(points: Points, commanded: Array, limits: JointLimits | None = None) -> Motion:
    """What is sent to the robot, from rest at `commanded` (7,) rad. Raises MotionTableError."""
    table = motion_table(points, commanded, limits)
    return Motion(table, stop_lengths(table, limits))


def motion_table(points: Points, commanded: Array, limits: JointLimits | None = None) -> Array:
    """Positions (N, 7) rad, one a millisecond, from rest at `commanded` (7,) to rest in the last point.

    Linear, cubic or quintic between the points by what they carry, as joint_trajectory_controller does it.
    Raises MotionTableError when it is too long, or too fast for the robot.
    """
    duration = float(points.times[-1])
    if duration > LONGEST:
        raise MotionTableError(f"the trajectory lasts {duration:.1f} s, expected at most {LONGEST:.0f}")
    table = _blend(_sample(points), np.asarray(commanded, dtype=float))
    for _ in range(2):
        table = _moving_average(table, SMOOTHING)
    reason = why_refused(table, limits or JointLimits.fr3())
    if reason:
        raise MotionTableError(f"the robot would refuse the trajectory: {reason}")
    return table


def why_refused(table: Array, limits: JointLimits) -> str:
    """The first limit that a motion (N, 7), which begins and ends at rest, breaks; empty when it keeps them all."""
    whole = np.vstack([np.repeat(table[:1], 3, axis=0), table, np.repeat(table[-1:], 3, axis=0)])
    kinds = (("speed", "rad/s", limits.velocity), ("acceleration", "rad/s2", limits.acceleration))
    for order, (what, unit, limit) in enumerate((*kinds, ("jerk", "rad/s3", limits.jerk)), 1):
        size = np.abs(np.diff(whole, order, axis=0)) * float(RATE) ** order
        step, joint = np.unravel_index(int(np.argmax(size / limit)), size.shape)
        if size[step, joint] > limits.share * limit[joint]:
            return (
                f"{what} of joint {joint + 1} is {size[step, joint]:.2f} {unit} after {step / RATE:.3f} s, "
                f"expected at most {limits.share * limit[joint]:.2f}"
            )
    return ""


def stop_lengths(table: Array, limits: JointLimits | None = None) -> NDArray[np.int64]:
    """How long (ms) a stop on the path of a motion (N, 7) takes at least from each of its rows: (N,).

    A stop slows the motion's own time down from 1 to 0 by r(t) = (1 + cos(pi t / T)) / 2. The chain rule bounds what
    becomes of the joints: acceleration q'' + q' r', jerk q''' + 3 q'' r' + q' r''.
    """
    allowed = limits or JointLimits.fr3()
    whole = np.vstack([np.repeat(table[:1], 3, axis=0), table])
    speed, gain, jerk = (np.abs(np.diff(whole, n, axis=0))[3 - n :] * float(RATE) ** n for n in (1, 2, 3))
    lengths = np.full(len(table), STOPPING_MS[-1])
    for length in reversed(STOPPING_MS[:-1]):
        # r reaches no farther than half its length along the path
        q1, q2, q3 = (_greatest_ahead(values, length // 2 + 1) for values in (speed, gain, jerk))
        r1, r2 = 0.5 * np.pi * RATE / length, 0.5 * (np.pi * RATE / length) ** 2
        fits = (q2 + q1 * r1 <= allowed.share * allowed.acceleration).all(axis=1)
        fits &= (q3 + 3.0 * q2 * r1 + q1 * r2 <= allowed.share * allowed.jerk).all(axis=1)
        lengths[fits] = length
    return lengths


def _greatest_ahead(values: Array, length: int) -> Array:
    """Greatest of each row and the `length` rows after it, by column."""
    size = 2 * length + 1
    return np.asarray(maximum_filter1d(values, size, axis=0, origin=-length, mode="constant"))


def _sample(points: Points) -> Array:
    times = np.asarray(points.times, dtype=float)
    if len(times) == 1:
        return np.array(points.positions, dtype=float)
    given = [values for values in (points.positions, points.velocities, points.accelerations) if values is not None]
    polynomial = BPoly.from_derivatives(times, np.stack(given, axis=1))
    samples = np.arange(0.0, times[-1], 1.0 / RATE)
    return np.vstack([polynomial(samples), points.positions[-1:]])


def _blend(table: Array, commanded: Array) -> Array:
    """Begin at the commanded position: the robot holds that one, the trajectory was planned from the measured one."""
    offset = commanded - table[0]
    length = max(BLENDING, len(table))
    table = np.vstack([table, np.repeat(table[-1:], length - len(table), axis=0)]) if np.any(offset) else table
    u = np.clip(np.arange(len(table)) / BLENDING, 0.0, 1.0)
    fade = 1.0 - u**3 * (10.0 - 15.0 * u + 6.0 * u**2)
    return table + fade[:, None] * offset


def _moving_average(table: Array, length: int) -> Array:
    """Mean of `length` neighbours; at rest before the beginning and after the end, so `length` rows longer."""
    padded = np.vstack([np.repeat(table[:1], length, axis=0), table, np.repeat(table[-1:], length, axis=0)])
    sums = np.cumsum(np.vstack([np.zeros((1, padded.shape[1])), padded - table[0]]), axis=0)
    return table[0] + (sums[length:] - sums[:-length]) / length
