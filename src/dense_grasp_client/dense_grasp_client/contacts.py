"""Ways to pinch an object, as messages."""

from __future__ import annotations

from collections.abc import Sequence

from dense_grasp_core.grasping.contacts import PLAIN_CONTACT

from dense_grasp_interfaces.msg import GraspContact


def contact(keypoint: str, axis: Sequence[str] = (), approach: Sequence[str] = ()) -> GraspContact:
    """One way to pinch an object: a keypoint between the fingers, two that span the closing axis, or none, and two that
    the hand moves along, or none.
    """
    return GraspContact(keypoint=keypoint, axis_keypoints=list(axis), approach_keypoints=list(approach))


def contact_messages(given: str | GraspContact | Sequence[GraspContact]) -> list[GraspContact]:
    """What GraspClient.grasp takes as its contact."""
    if isinstance(given, GraspContact):
        return [given]
    if isinstance(given, str):
        return [] if given in ("", PLAIN_CONTACT) else [contact(given)]
    return list(given)
