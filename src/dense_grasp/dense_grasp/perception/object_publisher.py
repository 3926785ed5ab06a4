"""Publishes where scanned objects are: as vision_msgs/Detection3DArray, and as TF frames."""

from __future__ import annotations

from collections.abc import Sequence

from dense_grasp_core.geometry import se3
from dense_grasp_core.object_model.view_bank import ViewBank
from dense_grasp_ros.poses import pose_matrix, pose_message
from geometry_msgs.msg import TransformStamped, Vector3
from rclpy.node import Node
from rclpy.time import Time
from std_msgs.msg import Header
from tf2_ros import Buffer, TransformBroadcaster
from vision_msgs.msg import Detection3D, Detection3DArray, ObjectHypothesisWithPose
from visualization_msgs.msg import MarkerArray

from dense_grasp.perception.markers import object_markers
from dense_grasp_interfaces.msg import ObjectPose


def frame_name(prefix: str, pose: ObjectPose) -> str:
    """TF frame of an instance: prefix and object, the second and further ones with their number."""
    return f"{prefix}{pose.object_id}" + (f"_{pose.instance}" if pose.instance > 1 else "")


def detections(
    header: Header, poses: Sequence[ObjectPose], bank: ViewBank, scores: Sequence[float]
) -> Detection3DArray:
    """Instances of one object, all of one image; none: the image was searched in vain. The box is that of its scanned
    surface.
    """
    low, high = bank.surface.min(0), bank.surface.max(0)
    middle = (low + high) / 2.0
    message = Detection3DArray(header=header)
    for pose, score in zip(poses, scores, strict=True):
        detection = Detection3D(header=header, id=f"{pose.object_id}_{pose.instance}")
        hypothesis = ObjectHypothesisWithPose(pose=pose.pose)
        hypothesis.hypothesis.class_id, hypothesis.hypothesis.score = pose.object_id, float(min(1.0, score))
        detection.results = [hypothesis]
        base_from_box = pose_matrix(pose.pose.pose)
        base_from_box[:3, 3] = se3.transform(base_from_box, middle)
        detection.bbox.center = pose_message(base_from_box)
        detection.bbox.size = Vector3(**dict(zip("xyz", map(float, high - low), strict=True)))
        message.detections.append(detection)
    return message


def transforms(poses: Sequence[ObjectPose], prefix: str) -> list[TransformStamped]:
    """The base's transforms to the frames of instances, at the image's stamp."""
    messages = []
    for pose in poses:
        message = TransformStamped(header=pose.header, child_frame_id=frame_name(prefix, pose))
        position = pose.pose.pose.position
        message.transform.translation = Vector3(x=position.x, y=position.y, z=position.z)
        message.transform.rotation = pose.pose.pose.orientation
        messages.append(message)
    return messages


class ObjectPublisher:
    """The publishers. A frame that somebody else publishes, such as a robot's link, is left alone and named once.

    topic: of the detections; markers_topic: of their boxes, for RViz; prefix: before the objects' frames.
    """

    def __init__(self, node: Node, topic: str, markers_topic: str, prefix: str, buffer: Buffer):
        self._node, self._prefix, self._buffer = node, prefix, buffer
        self._detections = node.create_publisher(Detection3DArray, topic, 2)
        self._markers = node.create_publisher(MarkerArray, markers_topic, 2)
        self._broadcaster = TransformBroadcaster(node)
        self._own: set[str] = set()
        self._refused: set[str] = set()

    def publish(self, header: Header, poses: Sequence[ObjectPose], bank: ViewBank, scores: Sequence[float]) -> None:
        """Publish the instances of one object, all found in one image; header: its stamp, and the base frame."""
        message = detections(header, poses, bank, scores)
        self._detections.publish(message)
        if self._markers.get_subscription_count() > 0:
            self._markers.publish(object_markers(message))
        allowed = [transform for transform in transforms(poses, self._prefix) if self._may_publish(transform)]
        if allowed:
            self._broadcaster.sendTransform(allowed)

    def _may_publish(self, transform: TransformStamped) -> bool:
        name = transform.child_frame_id
        if name in self._refused:
            return False
        if name not in self._own:
            if self._buffer.can_transform(transform.header.frame_id, name, Time()):
                self._refused.add(name)
                self._node.get_logger().warning(
                    f"no TF frame for the object '{name}': a frame of that name is published by somebody else; rename "
                    "the object"
                )
                return False
            self._own.add(name)
        return True
