"""Asks query_node for taught keypoints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.interfaces import Located
from dense_grasp_core.result_codes import GraspCode, MatchCode
from dense_grasp_ros.poses import pose_matrix
from rclpy.callback_groups import CallbackGroup
from rclpy.client import Client
from rclpy.node import Node

from dense_grasp.perception.messages import stamp_ns
from dense_grasp.ros.waiting import Deadline, StopCheck, wait_future, wait_in_callback
from dense_grasp_interfaces.msg import KeypointMatch, ObjectPose, TaughtKeypoint
from dense_grasp_interfaces.srv import ListDescriptors, ListScans, LocateKeypoints

ANSWER_MARGIN = 2.0
#: s that the pose of a scanned object may take once there is an image; a quiet machine needs 1 to 3.
POSE_SEARCH = 15.0
#: s that each further instance may take.
FURTHER_SEARCH = 6.0
#: s until a query_node that has too many calls is asked again.
BUSY_PAUSE = 0.2
#: query_node waits for an image by the wall's clock, a goal by the robot's: a simulated one may be slower.
_ASK_AGAIN = (MatchCode.BUSY, MatchCode.NO_FRAME, MatchCode.STALE)
#: Rows asked for at once; an answer holds 1000 at most.
PAGE = 1000


class KeypointClient:
    """Client of locate_keypoints, list_descriptors and list_scans; time-outs in s."""

    def __init__(
        self,
        node: Node,
        locate_service: str,
        list_service: str,
        scans_service: str,
        *,
        locate_timeout: float = 5.0,
        server_timeout: float = 5.0,
        wall_factor: float = 5.0,
        callback_group: CallbackGroup | None = None,
    ):
        self._clock = node.get_clock()
        self._locate_timeout = locate_timeout
        self._server_timeout = server_timeout
        self._wall_factor = wall_factor
        self._locate = node.create_client(LocateKeypoints, locate_service, callback_group=callback_group)
        self._scans = node.create_client(ListScans, scans_service, callback_group=callback_group)
        self._list = node.create_client(ListDescriptors, list_service, callback_group=callback_group)

    def taught(self, object_id: str, stop: StopCheck | None = None) -> list[str]:
        """Names of the object's keypoints in the store. Raises GraspFailure, Canceled."""
        return [row.keypoint for row in self._rows(object_id, stop)]

    def scanned_radius(self, object_id: str, stop: StopCheck | None = None) -> float | None:
        """Of the ball, m, that the object's scan fits in, 0 where its size is not known; None without a scan, or where
        nothing was taught on it. Raises GraspFailure, Canceled.
        """
        if not any(math.isfinite(row.object_point.x) for row in self._rows(object_id, stop)):
            return None
        answer = self._call(self._scans, ListScans.Request(object_id=object_id), self._server_timeout, stop)
        sizes = (scan.size for scan in answer.scans if scan.object_id == object_id)
        return max((0.5 * math.hypot(size.x, size.y, size.z) for size in sizes), default=0.0)

    def _rows(self, object_id: str, stop: StopCheck | None) -> list[TaughtKeypoint]:
        rows: list[TaughtKeypoint] = []
        skipped = 0
        while True:
            request = ListDescriptors.Request(object_id=object_id, offset=skipped, limit=PAGE)
            answer = self._call(self._list, request, self._server_timeout, stop)
            if answer.code != ListDescriptors.Response.OK:
                raise GraspFailure(GraspCode.PERCEPTION + answer.code, answer.message)
            rows += answer.taught
            skipped += PAGE  # a page may hold fewer rows than it skips: damaged ones are left out
            if skipped >= answer.total:
                return rows

    def locate(self, object_id: str, keypoints: Sequence[str], stop: StopCheck | None = None) -> list[Located]:
        """The keypoints in an image stamped now or later. Raises GraspFailure, Canceled."""
        return self.locate_instances(object_id, keypoints, 0, stop)[0]

    def locate_instances(
        self, object_id: str, keypoints: Sequence[str], most: int, stop: StopCheck | None = None
    ) -> list[list[Located]]:
        """The keypoints of each instance of the object in an image stamped now or later, the best explained first; at
        most `most`, 0: as query_node's parameter says. Raises GraspFailure, Canceled.
        """
        request = LocateKeypoints.Request(object_id=object_id, keypoints=list(keypoints), instances=most)
        request.not_before = self._clock.now().to_msg()
        nanoseconds = int(self._locate_timeout * 1e9)
        request.timeout = Duration(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)
        longest = self._locate_timeout + POSE_SEARCH + max(0, most - 1) * FURTHER_SEARCH
        answer = self._call(self._locate, request, longest, stop)
        patience = Deadline(self._locate_timeout, self._clock, self._wall_factor)
        while answer.code in _ASK_AGAIN and not patience.expired:
            wait_in_callback(lambda: False, Deadline(BUSY_PAUSE), stop)
            answer = self._call(self._locate, request, longest, stop)
        every = [*answer.matches, *answer.further_matches]
        if answer.code != MatchCode.OK and (not answer.matches or len(answer.matches) != len(keypoints)):
            raise GraspFailure(GraspCode.PERCEPTION + answer.code, answer.message)
        if not keypoints or len(answer.matches) != len(keypoints) or len(every) % len(keypoints):
            raise GraspFailure(
                GraspCode.PERCEPTION_UNAVAILABLE,
                f"{self._locate.srv_name} answered {len(every)} matches for {len(keypoints)} keypoints",
            )
        located = [_located(match, answer.objects) for match in every]
        return [located[i : i + len(keypoints)] for i in range(0, len(every), len(keypoints))]

    def _call(self, client: Client, request: Any, timeout: float, stop: StopCheck | None) -> Any:
        if not wait_in_callback(client.service_is_ready, Deadline(self._server_timeout), stop):
            raise GraspFailure(
                GraspCode.PERCEPTION_UNAVAILABLE,
                f"no service {client.srv_name} within {self._server_timeout} s; is query_node running?",
            )
        future = client.call_async(request)
        try:
            return wait_future(future, Deadline(timeout + ANSWER_MARGIN, self._clock, self._wall_factor), stop)
        except TimeoutError as error:
            client.remove_pending_request(future)
            raise GraspFailure(
                GraspCode.PERCEPTION_UNAVAILABLE, f"{client.srv_name} did not answer within {timeout} s"
            ) from error


def _located(match: KeypointMatch, objects: Sequence[ObjectPose]) -> Located:
    found = _instance(objects, match.instance)
    position = np.array([match.position.x, match.position.y, match.position.z])
    stamp = stamp_ns(match.header.stamp)
    base_from_object, object_at = _base_from_object(found), _object_at(found)
    score = float(match.score)
    return Located(
        match.keypoint, int(match.code), match.message, position, stamp, match, base_from_object, object_at, score
    )


def _instance(objects: Sequence[ObjectPose], number: int) -> ObjectPose | None:
    """The one of this number, None where it was not seen."""
    return next((found for found in objects if found.instance == number), None)


def _base_from_object(found: ObjectPose | None) -> np.ndarray | None:
    """base_from_object (4, 4) where the pose is known, else None."""
    return None if found is None or found.two_poses else pose_matrix(found.pose.pose)


def _object_at(found: ObjectPose | None) -> np.ndarray | None:
    """Where an instance is about, (3,) m in the base frame, however it lies; None where it was not seen."""
    return None if found is None else pose_matrix(found.pose.pose)[:3, 3]
