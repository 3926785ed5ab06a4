"""What the nodes say of themselves on /diagnostics: pure functions from what they know to a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dense_grasp_core.wording import counted
from dense_grasp_ros.diagnostics import ERROR, OK, WARN, Report

#: s without an image from which on a camera is reported to be silent.
SILENT = 2.0


def images_report(
    missing: Sequence[str],
    rate: tuple[float, float | None],
    described: float,
    is_wanted: bool,
    unpaired: int,
    total: int = 0,
) -> Report:
    """Of descriptor_node. missing: topics that nobody publishes; rate: (Hz, age in s) of images that have their
    camera_info, or of camera_info alone while nobody wants images; described: Hz; is_wanted: whether somebody
    subscribes; unpaired: images without a camera_info since the last; total: described since the start.
    """
    hz, age = rate
    values = {"camera_rate_hz": hz, "camera_age_s": age, "descriptor_rate_hz": described, "subscribed": is_wanted}
    values["described_images"] = total
    if missing:
        return Report(ERROR, f"nobody publishes {' and '.join(missing)}: is the camera's driver running?", values)
    if unpaired:
        return Report(ERROR, f"{unpaired} images without a camera_info of the same stamp", values)
    if age is None or age > SILENT:
        since = "ever" if age is None else f"for {age:.1f} s"
        return Report(WARN, f"no image {since}: is the camera streaming?", values)
    if not is_wanted:
        return Report(OK, f"camera_info at {hz:.1f} Hz, idle: nobody subscribes to descriptors", values)
    return Report(OK, f"images at {hz:.1f} Hz, {described:.1f} Hz described", values)


def frames_report(
    missing: Sequence[str], age: float | None, limit: float, why_none: str, is_idle: bool = False
) -> Report:
    """Of query_node. age: s by the node's clock since the newest whole frame was taken, None without one; limit: s
    above which it is not believed; why_none: which stream has not come; is_idle: nobody needs frames, so the camera is
    not listened to. Frames are read while somebody asks.
    """
    values = {"frame_age_s": age, "max_frame_age_s": limit, "listening": not is_idle}
    if missing:
        return Report(ERROR, f"nobody publishes {' and '.join(missing)}", values)
    if age is None and is_idle:
        return Report(OK, "idle: nobody has asked for a frame yet", values)
    if age is None:
        return Report(WARN, f"no whole frame yet: {why_none}", values)
    if is_idle or age > limit:
        return Report(OK, f"idle: the newest frame that was asked for is {age:.1f} s old", values)
    return Report(OK, f"the newest frame is {age:.2f} s old", values)


def store_report(name: str, error: str, is_open: bool, changes: int = 0) -> Report:
    """Of the descriptor store. name: without a password; error: of the last use, "" for none.

    changes: how often what is taught was changed by this node, so that who shows it knows when to list it anew.
    """
    values = {"store": name, "open": is_open, "changes": changes}
    if error:
        return Report(ERROR, error, values)
    return Report(OK, "in use" if is_open else "not used yet", values)


def networks_report(running: str, loaded: Sequence[tuple[str, str, int]], found: Sequence[str]) -> Report:
    """Of query_node. running: id of the network that describes the images, "" for none; loaded: name, id and pictures
    described of each one that is loaded beside it; found: ids of those that keypoints can be found by.
    """
    told = [f"{name} ({model_id}), {counted(described, 'picture')} described" for name, model_id, described in loaded]
    values = {"running": running, "loaded": "; ".join(told), "found": " ".join(found)}
    if not running:
        return Report(OK, "no image was described yet", values)
    beside = f"loaded beside it: {'; '.join(told)}" if told else "no other one is loaded"
    return Report(OK, f"images are described by {running}, {beside}", values)


def arm_report(missing: Sequence[str], others: Sequence[str]) -> Report:
    """Of grasp_executor. missing: topics and actions that nobody offers; others: executors that drive the same arm."""
    values = {"other_executors": len(others)}
    if others:
        return Report(ERROR, f"another executor drives this arm: {', '.join(others)}; end one of them", values)
    if missing:
        return Report(ERROR, f"nobody offers {' and '.join(missing)}: is the robot's driver running?", values)
    return Report(OK, "joint states, description, controller and gripper are there", values)


def planner_report(choice: str, why_not: str) -> Report:
    """Of grasp_executor. choice: which planner and why; why_not: why it cannot plan yet, "" when it can."""
    return Report(WARN, f"{choice}; {why_not}") if why_not else Report(OK, choice)


def goal_report(is_running: bool, last: tuple[int, str] | None, counts: Mapping[str, int]) -> Report:
    """Of grasp_executor. last: code and sentence of the goal that ended last; counts: goals that ended, by outcome."""
    values: dict[str, object] = {"running": is_running, "last_code": None if last is None else last[0], **counts}
    if is_running:
        return Report(OK, "a goal is running", values)
    if last is None:
        return Report(OK, "idle, no goal yet", values)
    return Report(OK, f"idle, the last goal ended with code {last[0]}: {last[1]}", values)


def watchdog_report(
    topic: str, timeout: float, executors: int, moving: Sequence[str], missing: Sequence[str], stops: int
) -> Report:
    """Of motion_watchdog. executors: processes that publish heartbeats; moving: what moves now; missing: action servers
    that a stop could not reach; stops: since the start.
    """
    values = {"heartbeats": topic, "timeout_s": timeout, "executors": executors, "stops": stops}
    if missing:
        return Report(WARN, f"a stop would not reach {' and '.join(missing)}: not there", values)
    if not executors:
        return Report(WARN, f"no executor publishes {topic}", values)
    return Report(OK, f"watching, {' and '.join(moving) or 'nothing'} moves", values)
