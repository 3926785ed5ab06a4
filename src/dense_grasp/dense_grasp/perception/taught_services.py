"""Offers the services about what is taught, each kind of call with threads of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dense_grasp_ros.long_callback import Workers, long_callback
from dense_grasp_ros.service_qos import EVERY_CALL
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node

from dense_grasp.perception.redescribe_service import RedescribeService
from dense_grasp.perception.store_services import DescriptorServices
from dense_grasp.ros.failed_call import failed_call
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


def serve_taught(
    node: Node,
    store: DescriptorServices,
    anew: RedescribeService,
    locate: Callable[[Any, Any], Any],
    callback_group: CallbackGroup,
) -> None:
    """A locate waits for an image, a click for an object's pose, and describing anew takes long; the others are short:
    none keeps another waiting.
    """
    locating, teaching, storing = Workers(32, 0, "locate"), Workers(8, 0, "teach"), Workers(4, 28, "store")
    for kind, name, handler, workers in (
        (RegisterDescriptor, "register_descriptor", store.register, teaching),
        (ListDescriptors, "list_descriptors", store.list, storing),
        (DeleteDescriptor, "delete_descriptor", store.delete, storing),
        (GetPicture, "get_picture", store.picture, storing),
        (RenameKeypoint, "rename_keypoint", store.rename, storing),
        (RestoreDescriptor, "restore_descriptor", store.restore, storing),
        (RedescribeStore, "redescribe_store", anew.handle, Workers(1, 0, "redescribe")),
        (LocateKeypoints, "locate_keypoints", locate, locating),
    ):
        callback = long_callback(node, handler, workers=workers, on_error=failed_call(node.get_logger()))
        node.create_service(
            kind, f"dense_grasp/{name}", callback, qos_profile=EVERY_CALL, callback_group=callback_group
        )
