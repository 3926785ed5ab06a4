"""URDF of an arm with Franka's kinematics made of boxes, cylinders and spheres: for tests, needs no mesh files."""

from __future__ import annotations

from math import pi

#: xyz and roll of each joint's origin, and its lower, upper limit (rad) and speed (rad/s), as of an FR3.
_JOINTS = (
    ((0.0, 0.0, 0.333), 0.0, -2.75, 2.75, 2.62),
    ((0.0, 0.0, 0.0), -pi / 2, -1.79, 1.79, 2.62),
    ((0.0, -0.316, 0.0), pi / 2, -2.90, 2.90, 2.62),
    ((0.0825, 0.0, 0.0), pi / 2, -3.04, -0.1458, 2.62),
    ((-0.0825, 0.384, 0.0), -pi / 2, -2.81, 2.81, 5.26),
    ((0.0, 0.0, 0.0), pi / 2, 0.5409, 4.52, 4.18),
    ((0.088, 0.0, 0.0), pi / 2, -3.02, 3.02, 5.26),
)
_CYLINDER = '<cylinder radius="{}" length="{}"/>'
#: Collision shapes of each arm link: xyz, roll, shape.
_SHAPES = (
    (((-0.04, 0.0, 0.07), 0.0, '<box size="0.22 0.19 0.14"/>'),),
    (((0.0, 0.0, -0.12), 0.0, _CYLINDER.format(0.06, 0.2)),),
    (((0.0, -0.1, 0.0), pi / 2, _CYLINDER.format(0.06, 0.2)),),
    (((0.0, 0.0, -0.08), 0.0, _CYLINDER.format(0.06, 0.16)),),
    (((-0.08, 0.1, 0.0), pi / 2, _CYLINDER.format(0.06, 0.2)),),
    (((0.0, 0.06, -0.2), 0.0, _CYLINDER.format(0.05, 0.25)),),
    (((0.05, 0.0, 0.0), 0.0, '<sphere radius="0.06"/>'),),
    (((0.0, 0.0, 0.07), 0.0, _CYLINDER.format(0.045, 0.07)),),
)


def primitive_arm_urdf(robot_type: str = "fr3", prefix: str = "") -> str:
    """The URDF with links `{prefix}{robot_type}_link0` to `_hand_tcp` and both fingers."""
    name = f"{prefix}{robot_type}"
    parts = [f'<robot name="{robot_type}">']
    for index, shapes in enumerate(_SHAPES):
        parts.append(_link(f"{name}_link{index}", shapes))
    parts.append(f'<link name="{name}_link8"/><link name="{name}_hand_tcp"/>')
    parts.append(_link(f"{name}_hand", (((0.0, 0.0, 0.02), 0.0, '<box size="0.063 0.204 0.092"/>'),)))
    for finger, side in (("leftfinger", 1), ("rightfinger", -1)):
        parts.append(_link(f"{name}_{finger}", (((0.0, 0.013 * side, 0.027), 0.0, '<box size="0.021 0.026 0.054"/>'),)))
    for index, (xyz, roll, lower, upper, speed) in enumerate(_JOINTS, start=1):
        parts.append(
            f'<joint name="{name}_joint{index}" type="revolute">{_ends(name, f"link{index - 1}", f"link{index}")}'
            f'{_origin(xyz, roll)}<axis xyz="0 0 1"/>'
            f'<limit lower="{lower}" upper="{upper}" velocity="{speed}" effort="87"/></joint>'
        )
    for joint, parent, child, z, yaw in (
        ("joint8", "link7", "link8", 0.107, 0.0),
        ("hand_joint", "link8", "hand", 0.0, -pi / 4),
        ("hand_tcp_joint", "hand", "hand_tcp", 0.1034, 0.0),
    ):
        parts.append(
            f'<joint name="{name}_{joint}" type="fixed">{_ends(name, parent, child)}'
            f'<origin xyz="0 0 {z}" rpy="0 0 {yaw}"/></joint>'
        )
    for index, (finger, axis) in enumerate((("leftfinger", "0 1 0"), ("rightfinger", "0 -1 0")), start=1):
        parts.append(
            f'<joint name="{name}_finger_joint{index}" type="prismatic">{_ends(name, "hand", finger)}'
            f'{_origin((0.0, 0.0, 0.0584), 0.0)}<axis xyz="{axis}"/>'
            '<limit lower="0" upper="0.04" velocity="0.2" effort="20"/></joint>'
        )
    return "".join(parts) + "</robot>"


def _link(name: str, shapes: tuple) -> str:
    collisions = "".join(
        f"<collision>{_origin(xyz, roll)}<geometry>{shape}</geometry></collision>" for xyz, roll, shape in shapes
    )
    return f'<link name="{name}">{collisions}</link>'


def _origin(xyz: tuple[float, float, float], roll: float) -> str:
    return f'<origin xyz="{xyz[0]} {xyz[1]} {xyz[2]}" rpy="{roll} 0 0"/>'


def _ends(name: str, parent: str, child: str) -> str:
    return f'<parent link="{name}_{parent}"/><child link="{name}_{child}"/>'
