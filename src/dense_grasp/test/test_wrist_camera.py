"""Which transform of the tree is the hand-eye one."""

from __future__ import annotations

import threading

from dense_grasp.cell.look import Messages
from dense_grasp.cell.tf_tree import TfTree
from dense_grasp.cell.wrist_camera import WristCamera
from geometry_msgs.msg import TransformStamped
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header


def test_the_hand_eye_edge_is_that_of_the_whole_tree(graph):
    """Failed before: what TF's buffer knew and the tree did not yet was taken for a camera without a link of its own,
    and an inverted transform was not named as the cause.
    """
    tree = TfTree()
    camera = WristCamera(graph.node, "base", ("hand", "camera_link"), tree, lambda: False)
    edges = [
        TransformStamped(header=Header(frame_id=parent), child_frame_id=child)
        for parent, child in (("hand", "camera_link"), ("camera_link", "optical"))
    ]
    late = threading.Timer(0.2, lambda: tree.add("/tf_static", edges, static=True))
    late.start()
    picture = Messages(1, Image(), Image(header=Header(frame_id="optical")), CameraInfo())
    assert camera.edge(picture) == ("hand", "camera_link")
    late.join()
