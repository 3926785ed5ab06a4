"""Node: where are the taught keypoints? Descriptors, depth and TF of one stamp in, points with a code out."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.result_codes import MatchCode
from dense_grasp_core.store import Row, StoreError
from dense_grasp_ros.camera_parameters import declare_with_camera
from dense_grasp_ros.diagnostics import Diagnostics, Report, without_publisher
from dense_grasp_ros.node_runner import run_node
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.node import Node

from dense_grasp.nodes.perception_parameters import MAX_INSTANCES, QUERY_NODE
from dense_grasp.perception.camera_pose import CameraPose
from dense_grasp.perception.camera_streams import CameraStreams
from dense_grasp.perception.click_network import ClickNetwork
from dense_grasp.perception.clicked_points import ClickedPoints
from dense_grasp.perception.clouds import CloudPublisher
from dense_grasp.perception.frames import CameraFrame, FrameSync
from dense_grasp.perception.freshness import Freshness
from dense_grasp.perception.keypoint_networks import Finders, KeypointNetworks
from dense_grasp.perception.keypoint_search import KeypointSearch
from dense_grasp.perception.loaded_networks import NetworkError
from dense_grasp.perception.loaded_scans import scans_folder
from dense_grasp.perception.matches import failed_match
from dense_grasp.perception.messages import NANOSECONDS, stamp_ns
from dense_grasp.perception.object_publisher import ObjectPublisher
from dense_grasp.perception.overlay import Overlay
from dense_grasp.perception.picture_teaching import PictureTeaching
from dense_grasp.perception.redescribe_service import RedescribeService
from dense_grasp.perception.running_network import RunningNetwork
from dense_grasp.perception.scan_services import serve_scans
from dense_grasp.perception.scan_teaching import ScanTeaching
from dense_grasp.perception.scanned_keypoints import ScannedKeypoints
from dense_grasp.perception.scanned_objects import scanned_objects
from dense_grasp.perception.stamps import LatestSlot
from dense_grasp.perception.store_access import StoreAccess, code_of
from dense_grasp.perception.store_services import DescriptorServices
from dense_grasp.perception.table_check import TableCheck
from dense_grasp.perception.taught_services import serve_taught
from dense_grasp.perception.turned_clicks import TurnedClicks
from dense_grasp.ros.reports import frames_report, store_report
from dense_grasp_interfaces.msg import KeypointMatch
from dense_grasp_interfaces.srv import LocateKeypoints

ERROR_PERIOD_S = 2.0
MAX_TIMEOUT = 60.0
#: s of wall clock that a click waits for the colour image of its frame.
COLOUR_WAIT = 1.0
MAX_KEYPOINTS = 256


class QueryNode(Node):
    """Answers where taught keypoints are, and keeps the store of what was taught."""

    def __init__(self, **node_arguments):
        super().__init__("query_node", **node_arguments)
        values = declare_with_camera(self, QUERY_NODE)
        self._fresh = Freshness(self.get_clock(), values["max_frame_age"])
        self._frame_timeout = values["frame_timeout"]
        self._base_frame = values["base_frame"] or f"{values['prefix']}{values['robot_type']}_link0"
        self._networks = KeypointNetworks(values, self._described_by, self.get_logger().info)
        self._store = StoreAccess(values["store"], self._log_store)
        self._sync = FrameSync(
            values["sync_queue_size"],
            lambda: self.get_clock().now().nanoseconds,
            round(values["sync_tolerance"] * NANOSECONDS),
        )
        self._overlay = Overlay(self, values["heatmap_topic"], values["markers_topic"], values["matches_topic"])
        self._cloud = CloudPublisher(self, values["points_topic"])
        self._camera_pose = CameraPose(self, self._base_frame, values["tf_timeout"])
        self._scanned = scanned_objects(values, self.get_logger().info)
        shown = values["objects_topic"], values["markers_topic"]
        poses = ObjectPublisher(self, *shown, values["prefix"], self._camera_pose.buffer)
        self._scans = ScannedKeypoints(self._scanned, self._networks.limits, self._base_frame, poses)
        self._turned = TurnedClicks(values["turns"], self._store, self._networks, self.get_logger())
        table = TableCheck(values["table_height"])
        self._search = KeypointSearch(
            self._sync,
            self._fresh,
            self._scans,
            self._networks,
            self._camera_pose,
            table,
            self._base_frame,
            self.get_logger().warning,
        )
        self._watch_slot: LatestSlot[CameraFrame] = LatestSlot()
        self._running = True
        self._streams = CameraStreams(self, values, self._sync, self._watch_slot.put, self._is_shown)
        self._serve(values)
        self._jumps = self.get_clock().create_jump_callback(
            JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=True),
            post_callback=self._on_jump,
        )
        topics = [values[f"{name}_topic"] for name in ("color", "depth", "descriptors")]
        self._diagnostics = Diagnostics(
            self,
            self._base_frame,
            {
                "frames": lambda: self._frames_report(topics, values["max_frame_age"]),
                "store": lambda: store_report(
                    self._store.name, self._store.error, self._store.is_open, self._store.changes
                ),
                "networks": self._networks.report,
            },
        )
        self._watcher = threading.Thread(target=self._watch, name="watch", daemon=True)
        self._watcher.start()

    def _frames_report(self, topics: Sequence[str], limit: float) -> Report:
        last, idle = self._sync.last_stamp, self._streams.are_idle
        age = None if last is None else self._fresh.age_of(last)
        return frames_report(without_publisher(self, topics), age, limit, self._sync.why_empty(), idle)

    def _serve(self, values: Mapping[str, Any]) -> None:
        scans = ScanTeaching(self._scanned, self._frame_timeout)
        running = RunningNetwork(values["model"], self._described_by, self.get_logger())
        anew = RedescribeService(self._store, running, self.get_logger())
        clicks = ClickNetwork(self._store, self._networks, self._frame_timeout)
        pictures = PictureTeaching(self._store, running, clicks)
        services = DescriptorServices(self._store, self._fresh_frame, scans, pictures, clicks, self._networks)
        calls = ReentrantCallbackGroup()
        serve_taught(self, services, anew, self._on_locate, calls)
        serve_scans(self, scans_folder(values["store"], values["scans"]), calls)
        named = lambda: str(self.get_parameter("click_teaches").value)  # noqa: E731
        clicked = values["clicked_topic"], values["markers_topic"]
        self._clicked = ClickedPoints(self, clicked, named, self._fresh_frame, services.register, self._camera_pose)

    def destroy_node(self) -> None:
        """Stop the watcher and who waits for an image, then the node."""
        self._running = False
        self._sync.close()
        self._scanned.scans.close()
        self._networks.close()
        self._watcher.join(timeout=5.0)
        super().destroy_node()

    # streams

    def _is_shown(self) -> bool:
        """Whether what is seen, or a watched point in it, is published."""
        return self._cloud.wanted or (bool(self.get_parameter("watch").value) and self._overlay.wanted)

    def _on_jump(self, jump: TimeJump) -> None:
        self.get_logger().warning("the clock jumped back or changed: frames and transforms of before are forgotten")
        self._sync.reset()
        self._camera_pose.buffer.clear()

    def _described_by(self) -> str:
        """Id of the network that described the newest image, "" before one came."""
        return self._sync.described_by

    def _fresh_frame(self) -> tuple[CameraFrame | None, int, str]:
        with self._streams.needed():
            frame = self._sync.wait(self._fresh.accepts, self._frame_timeout)
            if frame is None:
                return None, *self._fresh.refusal(self._sync.newest, 0, self._sync.why_empty())
            if not frame.has_colour:  # what is taught on it would have no picture
                frame = self._sync.wait(lambda f: f.has_colour and self._fresh.accepts(f), COLOUR_WAIT) or frame
            return frame, MatchCode.OK, ""

    # queries

    def _log_store(self, note: str) -> None:
        self.get_logger().warning(f"descriptor store: {note}")

    def _rows(self, object_id: str, keypoints: Sequence[str]) -> list[Row]:
        """Raises UnknownKeypointError, naming what is missing, TooManyRowsError, or StoreError."""
        return self._store.run(lambda store: store.get_all(object_id, keypoints))

    def _on_locate(
        self, request: LocateKeypoints.Request, response: LocateKeypoints.Response
    ) -> LocateKeypoints.Response:
        names = list(request.keypoints)
        not_before = stamp_ns(request.not_before)
        timeout = stamp_ns(request.timeout) / NANOSECONDS or self._frame_timeout

        if not 0.0 < timeout <= MAX_TIMEOUT or len(names) > MAX_KEYPOINTS or request.instances > MAX_INSTANCES:
            response.code = MatchCode.INVALID_REQUEST
            response.message = (
                f"request has a time-out of {timeout:g} s, {len(names)} keypoints and {request.instances} instances, "
                f"expected at most {MAX_TIMEOUT:g} s, not negative, at most {MAX_KEYPOINTS} keypoints and at most "
                f"{MAX_INSTANCES} instances"
            )
            return response

        def fail(code: MatchCode, message: str) -> LocateKeypoints.Response:
            response.code, response.message = code, message
            response.matches = [
                failed_match(request.object_id, name, code, message, self._base_frame) for name in names
            ]
            return response

        try:
            rows = self._rows(request.object_id, names)
        except StoreError as error:
            return fail(MatchCode(code_of(error)), str(error))
        names = [row.keypoint for row in rows]
        code, reason = self._scans.wait_until_ready(rows, timeout)
        if code != MatchCode.OK:
            return fail(code, reason)
        with self._streams.needed():
            frame, finders = self._search.ready(rows, not_before, timeout)
            if frame is None:
                return fail(*self._search.refusal(not_before))
        for by in finders.values():
            if isinstance(by, NetworkError) and by.code == MatchCode.BUSY:
                return fail(by.code, str(by))
        rows = self._turned.in_frame(rows, frame, finders)
        by_instance, response.objects = self._search.match(frame, rows, finders, request.instances)
        response.matches = by_instance[0]
        response.further_matches = [match for matches in by_instance[1:] for match in matches]
        first_bad = next((match for match in response.matches if match.code != MatchCode.OK), None)
        response.code = MatchCode.OK if first_bad is None else first_bad.code
        response.message = f"{len(rows)} keypoints found" if first_bad is None else first_bad.message
        self._show(frame, rows, finders, response.matches)
        return response

    def _show(
        self, frame: CameraFrame, rows: Sequence[Row], finders: Finders, matches: Sequence[KeypointMatch]
    ) -> None:
        """Publish pictures of an answer; they must never spoil the answer itself."""
        if not self._overlay.wanted:
            return
        try:
            self._overlay.publish(frame, matches, self._networks.heat(rows[0], frame, finders))
        except DenseGraspError as error:
            self.get_logger().error(f"heatmap: {error}", throttle_duration_sec=ERROR_PERIOD_S)
        except Exception as error:  # an input nobody thought of
            self.get_logger().error(f"heatmap: {error!r}", throttle_duration_sec=ERROR_PERIOD_S)

    def _watch(self) -> None:
        while self._running and self.context.ok():
            frame = self._watch_slot.take(timeout=0.2)
            watched = self.get_parameter("watch").value
            if frame is None:
                continue
            try:
                self._cloud.publish(frame)
            except Exception as error:  # an input nobody thought of must not end the thread
                self.get_logger().error(f"cloud: {error}", throttle_duration_sec=ERROR_PERIOD_S)
            if not (watched and self._overlay.wanted):
                continue
            object_id, _, keypoint = watched.partition("/")
            try:
                rows = self._rows(object_id, [keypoint] if keypoint else [])
                finders = self._search.finders(frame, rows)
                rows = self._turned.in_frame(rows, frame, finders)
                self._show(frame, rows, finders, self._search.match(frame, rows, finders)[0][0])
            except DenseGraspError as error:
                self.get_logger().error(f"watch '{watched}': {error}", throttle_duration_sec=ERROR_PERIOD_S)
            except Exception as error:  # an input nobody thought of must not end the thread
                if self._running and self.context.ok():
                    self.get_logger().error(f"watch '{watched}': {error!r}", throttle_duration_sec=ERROR_PERIOD_S)


def main(arguments: list[str] | None = None) -> int:
    """Entry point; CONFIGURATION_ERROR when the parameters make no sense."""
    return run_node("query_node", QueryNode, arguments)


if __name__ == "__main__":
    sys.exit(main())
