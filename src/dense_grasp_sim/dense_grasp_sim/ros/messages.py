"""ROS messages from the cell's plain data."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import NamedTuple

import mujoco
import numpy as np
from builtin_interfaces.msg import Time
from dense_grasp_core.geometry.camera import CameraModel
from geometry_msgs.msg import Point, TransformStamped
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, Image


def to_time(seconds: float) -> Time:
    """Stamp of a simulated time in seconds, rounded to microseconds."""
    microseconds = round(seconds * 1e6)
    return Time(sec=microseconds // 1_000_000, nanosec=(microseconds % 1_000_000) * 1000)


def image_message(image: NDArray[np.generic], encoding: str, stamp: Time, frame: str) -> Image:
    """Image of (H, W) or (H, W, C) pixels; the bytes are taken as they are."""
    message = Image(height=image.shape[0], width=image.shape[1], encoding=encoding)
    message.header.stamp, message.header.frame_id = stamp, frame
    message.step = int(image.nbytes // image.shape[0])
    # an array fills the field in one copy; a list or ndarray would be checked number by number
    message.data = array("B", image.tobytes())
    return message


def camera_info_message(camera: CameraModel, stamp: Time, frame: str) -> CameraInfo:
    """Calibration of an undistorted pinhole camera, plumb_bob with 5 coefficients."""
    message = CameraInfo(height=camera.height, width=camera.width, distortion_model="plumb_bob")
    message.header.stamp, message.header.frame_id = stamp, frame
    message.d = [float(value) for value in camera.distortion]
    message.k = [camera.fx, 0.0, camera.cx, 0.0, camera.fy, camera.cy, 0.0, 0.0, 1.0]
    message.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    message.p = [camera.fx, 0.0, camera.cx, 0.0, 0.0, camera.fy, camera.cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    return message


def to_point(values: Sequence[float] | NDArray[np.float64]) -> Point:
    """Point of three numbers."""
    return Point(x=float(values[0]), y=float(values[1]), z=float(values[2]))


def to_transform(
    translation: Sequence[float] | NDArray[np.float64],
    wxyz: Sequence[float] | NDArray[np.float64],
    parent: str,
    child: str,
    stamp: Time,
) -> TransformStamped:
    """parent_from_child with MuJoCo's order of the quaternion."""
    message = TransformStamped(child_frame_id=child)
    message.header.frame_id = parent
    _fill(message, translation, wxyz, stamp)
    return message


def _fill(
    message: TransformStamped,
    translation: Sequence[float] | NDArray[np.float64],
    wxyz: Sequence[float] | NDArray[np.float64],
    stamp: Time,
) -> None:
    message.header.stamp = stamp
    t, r = message.transform.translation, message.transform.rotation
    t.x, t.y, t.z = map(float, translation)
    r.w, r.x, r.y, r.z = map(float, wxyz)


class _MovingLink(NamedTuple):
    """A link on a joint. position, rotation: of the joint at zero in the parent, m and quaternion w, x, y, z; address:
    of the joint's position in qpos; turns: about the axis, else it slides along it; message: filled again each time.
    """

    message: TransformStamped
    position: NDArray[np.float64]
    rotation: NDArray[np.float64]
    address: int
    turns: bool
    axis: NDArray[np.float64]


class LinkTransforms:
    """Transforms of the robot's links from joint positions, as robot_state_publisher makes them."""

    def __init__(self, model: mujoco.MjModel, links: Sequence[str]) -> None:
        self._moving: list[_MovingLink] = []
        self._fixed: list[tuple[str, str, int]] = []
        self._model = model
        for link in links:
            body = model.body(link)
            parent = model.body(int(body.parentid[0])).name
            if int(body.jntnum[0]):
                joint = int(body.jntadr[0])
                turns = bool(model.jnt_type[joint] == mujoco.mjtJoint.mjJNT_HINGE)
                place = model.body_pos[body.id].copy(), model.body_quat[body.id].copy()
                address = int(model.jnt_qposadr[joint])
                message = to_transform(*place, parent, link, Time())
                self._moving.append(_MovingLink(message, *place, address, turns, model.jnt_axis[joint].copy()))
            elif parent != "world":
                self._fixed.append((parent, link, body.id))

    def fixed(self, stamp: Time) -> list[TransformStamped]:
        """Transforms of fixed joints, for /tf_static."""
        m = self._model
        return [to_transform(m.body_pos[b], m.body_quat[b], p, c, stamp) for p, c, b in self._fixed]

    def moving(self, qpos: NDArray[np.float64], stamp: Time) -> list[TransformStamped]:
        """Transforms of moving joints, for /tf; qpos as MuJoCo lays it out. The next call fills the same messages."""
        for link in self._moving:
            value = qpos[link.address]
            position, rotation = link.position, link.rotation
            if link.turns:
                step, rotation = np.empty(4), np.empty(4)
                mujoco.mju_axisAngle2Quat(step, link.axis, value)
                mujoco.mju_mulQuat(rotation, link.rotation, step)
            else:
                shift = np.empty(3)
                mujoco.mju_rotVecQuat(shift, link.axis * value, link.rotation)
                position = link.position + shift
            _fill(link.message, position.tolist(), rotation.tolist(), stamp)
        return [link.message for link in self._moving]
