"""The hand-eye transform of the running cell."""

from __future__ import annotations

from geometry_msgs.msg import TransformStamped
from rcl_interfaces.srv import SetParametersAtomically
from rclpy.parameter import Parameter

from dense_grasp_client.connection import ANSWER_TIMEOUT_S, GraphError, NodeCalls

PUBLISHER = "hand_eye_publisher"


def use_hand_eye(connection: NodeCalls, right: TransformStamped, timeout: float = ANSWER_TIMEOUT_S) -> None:
    """Let hand_eye_publisher publish another transform until it is started again, such as the one of a scan's result.

    The frames are those that it has; config/hand_eye.yaml is not written. Raises GraphError when it does not answer,
    or refuses.
    """
    place, turn = right.transform.translation, right.transform.rotation
    values = {"xyz": [place.x, place.y, place.z], "quaternion": [turn.x, turn.y, turn.z, turn.w]}
    client = connection.node.create_client(SetParametersAtomically, f"{PUBLISHER}/set_parameters_atomically")
    try:
        parameters = [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
        result = connection.call(client, SetParametersAtomically.Request(parameters=parameters), timeout).result
    finally:
        connection.node.destroy_client(client)
    if not result.successful:
        raise GraphError(f"{PUBLISHER} refused the transform: {result.reason}")
