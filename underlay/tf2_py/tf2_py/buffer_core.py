"""A tree of coordinate frames over time."""

from __future__ import annotations

import threading
from typing import Any

from geometry_msgs.msg import TransformStamped
from rclpy.logging import get_logger
from rclpy.time import Time

from tf2_py.exceptions import (
    ConnectivityException,
    ExtrapolationException,
    InvalidArgumentException,
    LookupException,
    TransformException,
)
from tf2_py.pose import Pose, compose, invert, message, nanoseconds, problem
from tf2_py.rotation import normalized
from tf2_py.time_cache import Cache, Sample, StaticCache, TimeCache, seconds_text

_MAX_DEPTH = 1000
_NEVER = 1 << 63
_IDENTITY: Pose = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))


class BufferCore:
    """Frames and their transforms of the last `cache_time` (a Duration; 10 s by default), for several threads."""

    def __init__(self, cache_time: Any = None) -> None:
        self._keep = 10_000_000_000 if cache_time is None else nanoseconds(cache_time)
        self._lock = threading.RLock()
        self._caches: dict[str, Cache] = {}
        self._frames: dict[str, None] = {}  # a dict keeps the order in which frames appeared
        self._authorities: dict[str, str] = {}
        self._logger = get_logger("tf2_buffer")

    def set_transform(self, transform: TransformStamped, authority: str) -> None:
        """Store a transform header.frame_id from child_frame_id that holds at its stamp."""
        self._set(transform, authority, static=False)

    def set_transform_static(self, transform: TransformStamped, authority: str) -> None:
        """Store a transform that holds at all times."""
        self._set(transform, authority, static=True)

    def clear(self) -> None:
        """Forget all transforms that are not static."""
        with self._lock:
            for cache in self._caches.values():
                cache.clear()

    def lookup_transform_core(self, target_frame: str, source_frame: str, time: Any) -> TransformStamped:
        """Return target_frame from source_frame at a time (0: the latest common one)."""
        with self._lock:
            stamp, pose = self._lookup(target_frame, source_frame, nanoseconds(time))
        return message(target_frame, source_frame, stamp, pose)

    def lookup_transform_full_core(
        self, target_frame: str, target_time: Any, source_frame: str, source_time: Any, fixed_frame: str
    ) -> TransformStamped:
        """Return target_frame at target_time from source_frame at source_time; fixed_frame does not move between."""
        with self._lock:
            for role, frame in (("target", target_frame), ("source", source_frame), ("fixed", fixed_frame)):
                self._validate(f"lookupTransform argument {role}_frame", frame)
            _, fixed_from_source = self._lookup(fixed_frame, source_frame, nanoseconds(source_time))
            stamp, target_from_fixed = self._lookup(target_frame, fixed_frame, nanoseconds(target_time))
        return message(target_frame, source_frame, stamp, compose(target_from_fixed, fixed_from_source))

    def can_transform_core(self, target_frame: str, source_frame: str, time: Any) -> tuple[bool, str]:
        """Return whether the lookup would succeed, and why not."""
        if target_frame == source_frame:
            return True, ""
        return self._can([("target", target_frame), ("source", source_frame)], [(target_frame, source_frame, time)])

    def can_transform_full_core(
        self, target_frame: str, target_time: Any, source_frame: str, source_time: Any, fixed_frame: str
    ) -> tuple[bool, str]:
        """Return whether the lookup through the fixed frame would succeed, and why not."""
        return self._can(
            [("target", target_frame), ("source", source_frame), ("fixed", fixed_frame)],
            [(target_frame, fixed_frame, target_time), (fixed_frame, source_frame, source_time)],
        )

    def get_latest_common_time(self, target_frame: str, source_frame: str) -> Time:
        """Return the latest time at which both frames are known."""
        with self._lock:
            for frame in (target_frame, source_frame):
                self._validate("get_latest_common_time", frame)
            try:
                return Time(nanoseconds=self._common_time(target_frame, source_frame))
            except ConnectivityException as error:
                raise TransformException(str(error)) from None

    def all_frames_as_string(self) -> str:
        """Return one line per frame with its parent."""
        with self._lock:
            return "".join(
                f"Frame {frame} exists with parent {latest[1] if latest else 'NO_PARENT'}.\n"
                for frame, latest in ((frame, cache.latest()) for frame, cache in self._caches.items())
            )

    def all_frames_as_yaml(self) -> str:
        """Return parent, source, rate and times of every frame."""
        lines = []
        with self._lock:
            for frame, cache in self._caches.items():
                latest = cache.latest()
                if latest is None:
                    continue
                oldest, newest, count = cache.span()
                lines.append(
                    f"{frame}: \n  parent: '{latest[1]}'\n  broadcaster: '{self._authorities[frame]}'\n"
                    f"  rate: {count * 1e9 / max(newest - oldest, 100_000):.3f}\n"
                    f"  most_recent_transform: {seconds_text(newest)}\n  oldest_transform: {seconds_text(oldest)}\n"
                    f"  buffer_length: {(newest - oldest) * 1e-9:.3f}\n"
                )
        return "".join(lines) or "[]"

    def _frameExists(self, frame_id_str: str) -> bool:
        return frame_id_str in self._frames

    def _getFrameStrings(self) -> list[str]:
        with self._lock:
            return list(self._frames)

    def lookupVelocityCore(self, *args: Any, **kwargs: Any) -> None:
        """Not offered."""
        raise NotImplementedError("the tf2_py stand-in of dense_grasp offers no velocities; install ROS's tf2_py")

    lookupVelocityFullCore = lookupVelocityCore

    def _set(self, transform: TransformStamped, authority: str, static: bool) -> None:
        parent = transform.header.frame_id.removeprefix("/")
        child = transform.child_frame_id.removeprefix("/")
        t, r = transform.transform.translation, transform.transform.rotation
        translation = (float(t.x), float(t.y), float(t.z))
        rotation = normalized((float(r.x), float(r.y), float(r.z), float(r.w)))
        fault = problem(parent, child, translation, rotation)
        if fault:
            self._logger.error(f'{fault[0]}: Ignoring transform from authority "{authority}" {fault[1]}')
            return
        stamp = nanoseconds(transform.header.stamp)
        with self._lock:
            self._frames.setdefault(child)
            self._frames.setdefault(parent)
            cache = self._caches.get(child)
            if cache is None or isinstance(cache, StaticCache) != static:
                cache = self._caches[child] = StaticCache() if static else TimeCache(self._keep)
            if cache.insert(Sample(stamp, parent, translation, rotation)):
                self._authorities[child] = authority
                return
        self._logger.warning(
            f"TF_OLD_DATA ignoring data from the past for frame {child} at time {seconds_text(stamp)} "
            f"according to authority {authority}"
        )

    def _validate(self, argument: str, frame: str) -> None:
        for bad, rule in ((not frame, "be empty"), (frame.startswith("/"), "start with a '/'")):
            if bad:
                raise InvalidArgumentException(
                    f'Invalid argument "{frame}" passed to {argument} - in tf2 frame_ids cannot {rule}'
                )
        if frame not in self._frames:
            raise LookupException(f'"{frame}" passed to {argument} does not exist. ')

    def _can(self, frames: list[tuple[str, str]], pairs: list[tuple[str, str, Any]]) -> tuple[bool, str]:
        with self._lock:
            for role, frame in frames:
                reason = "in tf2 frame_ids cannot be empty" if not frame else "frame does not exist"
                if frame.startswith("/"):
                    reason = "in tf2 frame_ids cannot start with a '/'"
                if frame not in self._frames:
                    return False, (
                        f'Invalid frame ID "{frame}" passed to canTransform argument {role}_frame - {reason}'
                    )
            try:
                for target, source, time in pairs:
                    self._lookup(target, source, nanoseconds(time))
            except TransformException as error:
                return False, str(error)
        return True, ""

    def _lookup(self, target: str, source: str, time: int) -> tuple[int, Pose]:
        if target == source:
            if time == 0 and target in self._caches:
                time = self._caches[target].span()[1]
            return time, _IDENTITY
        self._validate("lookupTransform argument target_frame", target)
        self._validate("lookupTransform argument source_frame", source)
        if time == 0:
            time = self._common_time(target, source)
        return time, self._walk(target, source, time)

    def _walk(self, target: str, source: str, time: int) -> Pose:
        where = f", when looking up transform from frame [{source}] to frame [{target}]"
        extrapolation: ExtrapolationException | None = None
        top_from_source: Pose = _IDENTITY
        passed: dict[str, Pose] = {}  # ancestor from source
        frame = source
        while True:
            passed[frame] = top_from_source
            if frame == target:
                return top_from_source
            cache = self._caches.get(frame)
            if cache is None:
                break
            try:
                sample = cache.at(time)
            except ExtrapolationException as error:
                extrapolation = error
                break
            if sample is None:
                break
            top_from_source = compose((sample.translation, sample.rotation), top_from_source)
            frame = self._step(passed, sample.parent)
        ancestor_from_target: Pose = _IDENTITY
        seen: dict[str, Pose] = {}
        frame = target
        while frame not in passed:
            seen[frame] = ancestor_from_target
            cache = self._caches.get(frame)
            if cache is None:
                if extrapolation:
                    raise ExtrapolationException(f"{extrapolation}{where}")
                raise self._disconnected(target, source)
            try:
                sample = cache.at(time)
            except ExtrapolationException as error:
                raise ExtrapolationException(f"{error}{where}") from None
            if sample is None:
                raise ExtrapolationException(f"No transform of frame [{frame}] is in the buffer{where}")
            ancestor_from_target = compose((sample.translation, sample.rotation), ancestor_from_target)
            frame = self._step(seen, sample.parent)
        return compose(invert(ancestor_from_target), passed[frame])

    def _common_time(self, target: str, source: str) -> int:
        times: dict[str, int] = {}  # ancestor of source -> latest time common to the way there
        common = _NEVER
        frame = source
        while True:
            times[frame] = common
            latest = self._latest(frame)
            if frame == target or latest is None:
                break
            common = min(common, latest[0] or _NEVER)
            frame = self._step(times, latest[1])
        seen: dict[str, int] = {}
        frame, common = target, _NEVER
        while frame not in times:
            seen[frame] = common
            latest = self._latest(frame)
            if latest is None:
                raise self._disconnected(target, source)
            common = min(common, latest[0] or _NEVER)
            frame = self._step(seen, latest[1])
        common = min(common, times[frame])
        return 0 if common == _NEVER else common

    def _latest(self, frame: str) -> tuple[int, str] | None:
        cache = self._caches.get(frame)
        return cache.latest() if cache else None

    def _step(self, passed: dict[str, Any], parent: str) -> str:
        if parent in passed or len(passed) > _MAX_DEPTH:
            raise LookupException(
                f"The tf tree is invalid because it contains a loop.\n{self.all_frames_as_string()}\n"
            )
        return parent

    @staticmethod
    def _disconnected(target: str, source: str) -> ConnectivityException:
        return ConnectivityException(
            f"Could not find a connection between '{target}' and '{source}' because they are not part of the same "
            "tree.Tf has two or more unconnected trees."
        )
