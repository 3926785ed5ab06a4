"""The facade: scan, teach, list, locate, plan, grasp, place, cancel, stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dense_grasp_ros.service_qos import EVERY_CALL
from geometry_msgs.msg import PoseStamped
from rclpy.duration import Duration
from std_srvs.srv import Trigger

from dense_grasp_client.connection import ANSWER_TIMEOUT_S, Connection, GraphError, NodeCalls
from dense_grasp_client.contacts import contact_messages
from dense_grasp_client.goals import Goals, check_fields
from dense_grasp_client.refused import checked
from dense_grasp_client.scans import Scans
from dense_grasp_interfaces.action import GraspObject, PlaceObject, ScanObject
from dense_grasp_interfaces.msg import GraspContact, KeypointMatch, TaughtKeypoint
from dense_grasp_interfaces.srv import (
    DeleteDescriptor,
    GetPicture,
    ListDescriptors,
    LocateKeypoints,
    RedescribeStore,
    RegisterDescriptor,
    RenameKeypoint,
    RestoreDescriptor,
)

PAGE = 1000  # rows of one answer of list_descriptors
#: s that a click on a stored picture may take.
PICTURE_TIMEOUT_S = 120.0
#: s more that each instance may take that is looked for.
INSTANCE_TIMEOUT_S = 6.0
GRASP_TIMEOUT_S = 300.0
SCAN_TIMEOUT_S = 1800.0
REDESCRIBE_TIMEOUT_S = 1800.0  # a store can hold thousands of pictures
PLACE_HINT = "; where to is said by on=(OBJECT, KEYPOINT) or at=POSE"
CONTACTS_HINT = "; axis and approach go into contact=contact(NAME, axis=…, approach=…)"


class GraspClient:
    """What a program needs of dense_grasp; use as a context manager.

    >>> with GraspClient() as grasp:
    ...     grasp.teach("mug", "contact", u=412.0, v=233.0)
    ...     grasp.grasp("mug")

    namespace: of the cell, as bringup's; a `connection` that is given has its own. Every call raises GraphError when
    the graph does not answer within `timeout` s and Refused, with code and sentence, when it says no. One grasp at a
    time; `cancel` and `stop` may be called from another thread meanwhile.
    """

    def __init__(self, namespace: str = "", connection: NodeCalls | None = None):
        self._owned = None if connection else Connection(namespace=namespace)
        self.connection: NodeCalls = connection or self._owned  # type: ignore[assignment]
        create = self.connection.node.create_client
        self._register = create(RegisterDescriptor, "dense_grasp/register_descriptor", qos_profile=EVERY_CALL)
        self._list = create(ListDescriptors, "dense_grasp/list_descriptors", qos_profile=EVERY_CALL)
        self._delete = create(DeleteDescriptor, "dense_grasp/delete_descriptor", qos_profile=EVERY_CALL)
        self._picture = create(GetPicture, "dense_grasp/get_picture", qos_profile=EVERY_CALL)
        self._rename = create(RenameKeypoint, "dense_grasp/rename_keypoint", qos_profile=EVERY_CALL)
        self._redescribe = create(RedescribeStore, "dense_grasp/redescribe_store", qos_profile=EVERY_CALL)
        self._restore = create(RestoreDescriptor, "dense_grasp/restore_descriptor", qos_profile=EVERY_CALL)
        self._locate = create(LocateKeypoints, "dense_grasp/locate_keypoints", qos_profile=EVERY_CALL)
        self._stop = create(Trigger, "dense_grasp/stop", qos_profile=EVERY_CALL)
        self._goals = Goals(self.connection)
        #: the scans that there are: `summaries`, `view`, `surface`
        self.scans = Scans(self.connection)

    def close(self) -> None:
        """Leave the graph. A goal that runs goes on."""
        if self._owned is not None:
            self._owned.close()

    def __enter__(self) -> GraspClient:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    # keypoints

    def teach(
        self,
        object_id: str,
        keypoint: str,
        u: float,
        v: float,
        overwrite: bool = False,
        timeout: float | None = None,
        scan_view: int | None = None,
        add_sample: bool = False,
        picture_of: str = "",
    ) -> TaughtKeypoint:
        """Keep what the newest colour image shows at pixel (u, v) as a keypoint of the object; the stored row.

        scan_view: number of the view of the object's scan that was clicked instead of the newest image. picture_of:
        keypoint of the object whose picture was clicked instead. add_sample: keep it beside what is taught under that
        name, as one more picture of the same point. timeout: s, None: time enough, also for the network that describes
        a stored picture, which the first of them loads. ValueError for both pictures at once.
        """
        if scan_view is not None and picture_of:
            raise ValueError(f"scan_view is {scan_view} and picture_of {picture_of!r}, expected one of them")
        request = RegisterDescriptor.Request(
            object_id=object_id,
            keypoint=keypoint,
            u=float(u),
            v=float(v),
            overwrite=overwrite,
            add_sample=add_sample,
        )
        what = f"{object_id}/{keypoint} at pixel ({u:.0f}, {v:.0f})"
        if scan_view is not None:
            request.source, request.scan_view = RegisterDescriptor.Request.SCAN_VIEW, scan_view
            what += f" of view {scan_view}"
        if picture_of:
            request.source, request.source_keypoint = RegisterDescriptor.Request.STORED_PICTURE, picture_of
            what += f" of the picture of {picture_of}"
        if timeout is None:
            timeout = PICTURE_TIMEOUT_S if picture_of else ANSWER_TIMEOUT_S
        return checked(self.connection.call(self._register, request, timeout), what).taught

    def taught(self, object_id: str = "", timeout: float = ANSWER_TIMEOUT_S) -> list[TaughtKeypoint]:
        """The keypoints of one object, of all objects with "", ordered by object and name."""
        rows: list[TaughtKeypoint] = []
        while True:
            request = ListDescriptors.Request(object_id=object_id, offset=len(rows), limit=PAGE)
            answer = checked(self.connection.call(self._list, request, timeout), f"keypoints of {object_id or 'all'}")
            rows += answer.taught
            if len(rows) >= answer.total or not answer.taught:
                return rows

    def picture(
        self, object_id: str, keypoint: str, timeout: float = ANSWER_TIMEOUT_S, sample: int = 0
    ) -> GetPicture.Response:
        """The whole picture that a keypoint was taught on: `image` (PNG), its `camera_info`, and the click `u`, `v`.

        sample: which of its samples, from 0.
        """
        request = GetPicture.Request(object_id=object_id, keypoint=keypoint, sample=sample)
        return checked(self.connection.call(self._picture, request, timeout), f"picture of {object_id}/{keypoint}")

    def forget(
        self, object_id: str, keypoint: str = "", timeout: float = ANSWER_TIMEOUT_S, last_sample: bool = False
    ) -> int:
        """Delete a keypoint, every keypoint of the object with ""; how many were deleted.

        last_sample: only the keypoint's sample that was added last; 0 then.
        """
        request = DeleteDescriptor.Request(object_id=object_id, keypoint=keypoint, last_sample=last_sample)
        what = f"{object_id}/{keypoint or 'every keypoint'}"
        return int(checked(self.connection.call(self._delete, request, timeout), what).deleted)

    def restore(
        self, object_id: str, keypoint: str = "", overwrite: bool = False, timeout: float = ANSWER_TIMEOUT_S
    ) -> int:
        """Take the last deletion or overwriting of a keypoint back, of the object's with ""; how many samples.

        overwrite: what has the name now gives way, and can be restored in its turn.
        """
        request = RestoreDescriptor.Request(object_id=object_id, keypoint=keypoint, overwrite=overwrite)
        what = f"{object_id}/{keypoint or 'the last deletion'}"
        return int(checked(self.connection.call(self._restore, request, timeout), what).restored)

    def redescribe(
        self, undo: bool = False, skip_without_picture: bool = False, timeout: float = REDESCRIBE_TIMEOUT_S
    ) -> RedescribeStore.Response:
        """Describe what another network described anew for the one that runs, or with `undo` take the last time back.

        The answer counts what was `described` and says what is `not_found` in its own picture. skip_without_picture:
        keypoints without a picture stay as they are, instead of refusing the whole.
        """
        request = RedescribeStore.Request(undo=undo, skip_without_picture=skip_without_picture)
        return checked(self.connection.call(self._redescribe, request, timeout), "the store")

    def rename(self, object_id: str, keypoint: str, new_name: str, timeout: float = ANSWER_TIMEOUT_S) -> int:
        """Give a keypoint another name, the object itself with ""; how many keypoints were renamed."""
        request = RenameKeypoint.Request(object_id=object_id, keypoint=keypoint, new_name=new_name)
        what = f"{object_id}/{keypoint or 'every keypoint'}"
        return int(checked(self.connection.call(self._rename, request, timeout), what).renamed)

    def locate(self, object_id: str, keypoints: Sequence[str] = (), timeout: float = 5.0) -> list[KeypointMatch]:
        """Find keypoints, every keypoint of the object when none is named, in one image taken from now on.

        One match per keypoint; a keypoint that was not found says so in its own `code` and `message`. timeout: s to
        wait for such an image. Raises Refused when the request itself could not be served.
        """
        return list(self.find(object_id, keypoints, timeout).matches)

    def find(
        self, object_id: str, keypoints: Sequence[str] = (), timeout: float = 5.0, instances: int = 0
    ) -> LocateKeypoints.Response:
        """As `locate`, the whole answer: beside the `matches` the poses of a scanned object's instances, `objects`.

        instances: that are looked for at most, 0: as query_node's parameter says; the matches of all but the first are
        in `further_matches`.
        """
        request = LocateKeypoints.Request(
            object_id=object_id,
            keypoints=list(keypoints),
            not_before=self.connection.now().to_msg(),
            timeout=Duration(seconds=timeout).to_msg(),
            instances=instances,
        )
        longest = timeout + ANSWER_TIMEOUT_S + instances * INSTANCE_TIMEOUT_S
        answer = self.connection.call(self._locate, request, longest)
        if not answer.matches:
            checked(answer, f"{object_id}/{', '.join(keypoints) or 'every keypoint'}")
        return answer

    # grasps

    def plan(
        self,
        object_id: str,
        contact: str | GraspContact | Sequence[GraspContact] = "",
        timeout: float = GRASP_TIMEOUT_S,
        **goal: Any,
    ) -> Any:
        """Locate and plan, move nothing; the action's result with the pose of the grasp and the planned path."""
        return self.grasp(object_id, contact, timeout=timeout, plan_only=True, return_path=True, **goal)

    def grasp(
        self,
        object_id: str,
        contact: str | GraspContact | Sequence[GraspContact] = "",
        on_stage: Callable[[int, str], None] | None = None,
        timeout: float = GRASP_TIMEOUT_S,
        **goal: Any,
    ) -> Any:
        """Pick the object up by a taught point; the action's result.

        contact: the name of a keypoint, pinched from above without a closing axis; a contact with axis and approach,
        see `contact`; or several of these, tried in order. "" or "contact": the keypoint "contact" with axis_a, axis_b
        and approach_a, approach_b where they are taught. on_stage: called with stage and detail of each feedback, in
        another thread. goal: further fields of GraspObject.Goal, such as may_drop; TypeError for an unknown one.
        Raises Refused unless the result is SUCCESS, and cancels the goal when it has not ended within `timeout` s.
        """
        check_fields(goal, GraspObject, ("object_id", "contacts"), CONTACTS_HINT)
        request = GraspObject.Goal(object_id=object_id, contacts=contact_messages(contact), **goal)
        return self._goals.run(request, f"grasp of {object_id}", _told(on_stage), timeout)

    # places

    def place(
        self,
        on: tuple[str, str] | None = None,
        at: PoseStamped | None = None,
        on_stage: Callable[[int, str], None] | None = None,
        timeout: float = GRASP_TIMEOUT_S,
        **goal: Any,
    ) -> Any:
        """Put down what the hand holds; the action's result.

        on: object and keypoint that it is put on; at: the pose to let go at, of the object's frame where it was
        scanned, else of the tool centre point; neither: back where it was picked up. on_stage: as of `grasp`. goal:
        further fields of PlaceObject.Goal, such as object_id, upright or plan_only; TypeError for an unknown one,
        ValueError for both places at once. Raises as `grasp`.
        """
        check_fields(goal, PlaceObject, ("where", "target_object_id", "target_keypoint", "pose"), PLACE_HINT)
        if on is not None and at is not None:
            raise ValueError(f"on is {on} and at is a pose, expected one of them, or neither to put it back")
        request = PlaceObject.Goal(where=PlaceObject.Goal.BACK, **goal)
        where = "back"
        if on is not None:
            request.where = PlaceObject.Goal.ON_KEYPOINT
            request.target_object_id, request.target_keypoint = on
            where = f"on {'/'.join(on)}"
        elif at is not None:
            request.where, request.pose, where = PlaceObject.Goal.AT_POSE, at, "at a pose"
        return self._goals.run(request, f"place {where}", _told(on_stage), timeout)

    # scans

    def scan(
        self,
        object_id: str,
        views: int = 0,
        on_progress: Callable[[Any], None] | None = None,
        timeout: float = SCAN_TIMEOUT_S,
        **goal: Any,
    ) -> Any:
        """Let the arm look at what stands on the table from all sides and keep it as the object's scan; the action's
        result, whose `scan` is a ScanSummary.

        views: pictures; 0: as many as the spacing asks for. on_progress: called with each ScanObject.Feedback, in
        another thread. goal: further fields of ScanObject.Goal, such as overwrite, plan_only or height; TypeError for
        an unknown one. Raises as `grasp`.
        """
        check_fields(goal, ScanObject, ("object_id", "views"))
        request = ScanObject.Goal(object_id=object_id, views=views, **goal)
        return self._goals.run(request, f"scan of {object_id}", on_progress, timeout)

    # whatever runs

    def cancel(self, timeout: float = ANSWER_TIMEOUT_S) -> bool:
        """Cancel the goal that this client runs; whether there was one. Its call then raises Refused with CANCELED."""
        return self._goals.cancel(timeout)

    def stop(self, timeout: float = ANSWER_TIMEOUT_S) -> str:
        """Stop arm and gripper, whoever moves them; a sentence on what was stopped. It is no safety stop."""
        answer = self.connection.call(self._stop, Trigger.Request(), timeout)
        if not answer.success:
            raise GraphError(f"stop: {answer.message}")
        return str(answer.message)


def _told(on_stage: Callable[[int, str], None] | None) -> Callable[[Any], None] | None:
    """Feedback as stage and detail."""
    return None if on_stage is None else lambda feedback: on_stage(feedback.stage, feedback.detail)
