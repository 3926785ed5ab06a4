"""Judges what was observed of a cell: pure functions from observations to lines of a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from dense_grasp_core.cameras.record import CameraRecord
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.depth import DEPTH_ENCODINGS
from dense_grasp_ros.images import COLOUR_ENCODINGS
from dense_grasp_ros.shared_parameters import SYNC_TOLERANCE
from sensor_msgs.msg import CameraInfo

from dense_grasp.perception.messages import NANOSECONDS, camera_from_info

#: A camera further from the hand than this, m, or looking this much away from the approach (cosine) is doubtful.
FARTHEST_CAMERA = 0.4
LEAST_COSINE = 0.5


@dataclass(frozen=True)
class Check:
    """One line: what was looked at, whether it is fine, what was seen, and what to do when it is not."""

    name: str
    ok: bool
    seen: str
    remedy: str = ""


@dataclass(frozen=True)
class Arrival:
    """Seconds between a message's stamp and its arrival by the machine's clock and by /clock, None without one."""

    age_system: float
    age_simulated: float | None = None


@dataclass
class Stream:
    """What came on one topic. stamps: ns, in order of arrival."""

    topic: str
    stamps: list[int] = field(default_factory=list)
    last: Any = None
    arrivals: list[Arrival] = field(default_factory=list)

    def add(self, stamp: int, message: Any, system: int | None = None, simulated: int | None = None) -> None:
        """Note one message. system, simulated: ns, what the machine's clock and /clock say when it arrives."""
        self.stamps.append(stamp)
        self.last = message
        if system is not None:
            ticked = None if simulated is None else 1e-9 * (simulated - stamp)
            self.arrivals.append(Arrival(1e-9 * (system - stamp), ticked))


def rate_of(stamps: Sequence[int]) -> float:
    """Messages per second of their own clock; 0 for fewer than two."""
    if len(stamps) < 2 or stamps[-1] <= stamps[0]:
        return 0.0
    return (len(stamps) - 1) / ((stamps[-1] - stamps[0]) * 1e-9)


def check_image(name: str, stream: Stream, encodings: Iterable[str], remedy: str) -> Check:
    """An image stream: there, and in an encoding that the nodes read."""
    if stream.last is None:
        return Check(name, False, f"nothing on {stream.topic}", remedy)
    image = stream.last
    text = f"{image.width}x{image.height} {image.encoding}, {rate_of(stream.stamps):.1f} Hz, {image.header.frame_id}"
    if image.encoding not in encodings:
        return Check(name, False, text, f"encoding must be one of {', '.join(encodings)}")
    return Check(name, True, text)


def check_camera(
    colour: Stream, depth: Stream, info: Stream, camera: CameraRecord, sync_tolerance: int = 0
) -> list[Check]:
    """Colour, depth and camera_info, each alone and together. sync_tolerance: ns between stamps of one picture."""
    running = (
        f"start {camera.package} with {camera.align_advice} {camera.sync_advice}, compare the topics with "
        f"config/camera.yaml, whose camera is {camera.name}"
    )
    checks = [
        check_image("colour image", colour, COLOUR_ENCODINGS, running),
        check_image("aligned depth", depth, DEPTH_ENCODINGS, running),
        _check_info(info, running),
    ]
    if colour.last is not None and depth.last is not None:
        checks.append(_check_alignment(colour.last, depth.last, camera))
        checks.append(_check_stamps(colour, depth, info, camera, sync_tolerance))
    return checks


def check_joints(stream: Stream, seen: set[str], arm: Sequence[str], fingers: Sequence[str]) -> Check:
    """All joints of arm and hand arrive."""
    if not seen:
        return Check("joint states", False, f"nothing on {stream.topic}", "start the robot's joint_state_broadcaster")
    missing = [name for name in (*arm, *fingers) if name not in seen]
    if missing:
        remedy = "check robot_type and prefix in config/robot.yaml; fingers come from the gripper's driver"
        return Check("joint states", False, f"no {', '.join(missing)}", remedy)
    return Check("joint states", True, f"{len(arm) + len(fingers)} joints, {rate_of(stream.stamps):.0f} Hz")


def check_hand_eye(hand_from_camera: np.ndarray) -> Check:
    """Is hand_from_optical (4, 4) plausible: near the hand, looking where the hand points? What is plausible may still
    be wrong: the table tells.
    """
    distance = float(np.linalg.norm(hand_from_camera[:3, 3]))
    cosine = float(hand_from_camera[2, 2])
    text = f"camera {distance:.3f} m from the hand, {np.degrees(np.arccos(np.clip(cosine, -1, 1))):.0f} deg off"
    if distance > FARTHEST_CAMERA or cosine < LEAST_COSINE:
        return Check(
            "hand-eye", False, text, "is the transform in config/hand_eye.yaml inverted, or of another camera?"
        )
    return Check("hand-eye", True, text)


def table(checks: Sequence[Check]) -> str:
    """The lines, aligned, with a remedy under each that failed."""
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        lines.append(f"{'OK  ' if check.ok else 'FAIL'}  {check.name:<{width}}  {check.seen}")
        if not check.ok and check.remedy:
            lines.append(f"      {'':<{width}}  -> {check.remedy}")
    return "\n".join(lines)


def _check_info(info: Stream, remedy: str) -> Check:
    if info.last is None:
        return Check("camera_info", False, f"nothing on {info.topic}", remedy)
    message: CameraInfo = info.last
    try:
        camera = camera_from_info(message)
    except DenseGraspError as error:
        return Check("camera_info", False, str(error), "calibrate the camera")
    return Check("camera_info", True, f"fx {camera.fx:.1f}, fy {camera.fy:.1f}, {message.distortion_model}")


def _apart(stamps: np.ndarray, stamp: int) -> int:
    """ns to the nearest of the stamps."""
    return int(np.min(np.abs(stamps - stamp), initial=np.iinfo(np.int64).max))


def _check_alignment(colour: Any, depth: Any, camera: CameraRecord) -> Check:
    remedy = f"depth must be aligned to colour: {camera.align_advice}, and its topic in config/camera.yaml"
    if (colour.width, colour.height) != (depth.width, depth.height):
        text = f"depth {depth.width}x{depth.height}, colour {colour.width}x{colour.height}"
        return Check("depth aligned", False, text, remedy)
    if colour.header.frame_id != depth.header.frame_id:
        return Check("depth aligned", False, f"frames {depth.header.frame_id}, {colour.header.frame_id}", remedy)
    return Check("depth aligned", True, "same size and frame as colour")


def _check_stamps(colour: Stream, depth: Stream, info: Stream, camera: CameraRecord, tolerance: int) -> Check:
    infos, depths = set(info.stamps), np.array(depth.stamps, dtype=np.int64)
    common = [stamp for stamp in set(colour.stamps) & infos if _apart(depths, stamp) <= tolerance]
    most = max(1, min(len(colour.stamps), len(depth.stamps), len(info.stamps)))
    same = f"stamps within {tolerance / 1e6:g} ms" if tolerance else "the same stamp"
    text = f"{len(common)} of {most} images with depth and camera_info of {same}"
    if 2 * len(common) < most:
        remedy = f"start {camera.package} with {camera.sync_advice}"
        apart = [_apart(depths, stamp) for stamp in infos]
        largest = float(SYNC_TOLERANCE.high or 0.0) * NANOSECONDS
        if apart and (typical := float(np.median(apart))) <= largest:
            remedy += f"; or, depth being {typical / 1e6:.2g} ms away, set sync_tolerance in camera.yaml above that"
        return Check("equal stamps", False, text, remedy)
    return Check("equal stamps", True, text)
