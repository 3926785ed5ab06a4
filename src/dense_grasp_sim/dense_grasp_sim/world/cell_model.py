"""The cell's world as a MuJoCo model: table, light, arm, wrist camera, object, what it is put on, things that stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import mujoco
import numpy as np
from dense_grasp_assets.cap.mesh import CapMesh
from dense_grasp_assets.solids.solid import Solid
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry import se3
from dense_grasp_core.geometry.camera import CameraModel
from numpy.typing import NDArray

from dense_grasp_sim.world.objects import OBJECT_BODY, add_beside, add_material, add_object, add_support, add_texture
from dense_grasp_sim.world.props import add_things, names_of
from dense_grasp_sim.world.robot_mjcf import (
    FRICTION,
    GROUP_SCENE,
    OBJECT,
    ROBOT,
    SOLIMP,
    SOLREF,
    WORLD,
    add_robot,
)
from dense_grasp_sim.world.robot_model import RobotNames, build_urdf
from dense_grasp_sim.world.surroundings import Light, Surroundings, configured
from dense_grasp_sim.world.textures import concrete

TIMESTEP = 0.002  # s
WRIST_CAMERA = "wrist"
OVERVIEW_CAMERA = "overview"
TABLE_CENTRE = (0.35, 0.0)
TABLE_HALF_SIZE = (0.65, 0.75, 0.02)
WRIST_INTRINSICS = CameraModel(640, 480, 615.0, 615.0, 319.5, 239.5)
OVERVIEW_INTRINSICS = CameraModel(640, 480, 600.0, 600.0, 319.5, 239.5)

# camera_link_from_color_optical of a D435: the colour imager sits 15 mm to the left of camera_link
LINK_FROM_OPTICAL = np.array(
    [[0.0, 0.0, 1.0, 0.0], [-1.0, 0.0, 0.0, 0.015], [0.0, -1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
)


class CellError(DenseGraspError):
    """The cell cannot be built from the given settings."""


@dataclass(frozen=True)
class CellSettings:
    """What the cell is built of. hand_from_camera_link: (4, 4), as config/hand_eye.yaml says."""

    robot_type: str = "fr3"
    prefix: str = ""
    gripper: str = "franka"
    hand_from_camera_link: NDArray[np.float64] = field(
        default_factory=lambda: se3.from_quaternion([0.5**0.5, 0.0, 0.5**0.5, 0.0], [0.065, -0.0175, 0.035])
    )
    camera_parent: str = ""
    table_seed: int = 0

    @property
    def names(self) -> RobotNames:
        return RobotNames(self.robot_type, self.prefix, self.gripper)


@dataclass(frozen=True)
class Cell:
    """A compiled cell, the URDF its robot came from, what can be picked up, the names of the bodies that stay, what the
    object can be put on, and by the names of their bodies the solids beside it that can be picked up, too.
    """

    model: mujoco.MjModel
    names: RobotNames
    urdf: str
    object: CapMesh | Solid | None
    things: tuple[str, ...] = ()
    support: Solid | None = None
    beside: Mapping[str, Solid] = field(default_factory=dict)

    @property
    def cap(self) -> CapMesh | None:
        """The object where it is a cap."""
        return self.object if isinstance(self.object, CapMesh) else None

    @property
    def stands(self) -> tuple[str, ...]:
        """Those of the things that carry the cap."""
        return tuple(name for name in self.things if name.startswith("stand_"))

    @property
    def equals(self) -> tuple[str, ...]:
        """Bodies of the object and of those beside it that are the same."""
        return (OBJECT_BODY, *(name for name, solid in self.beside.items() if solid is self.object))


def build_cell(
    settings: CellSettings,
    picked: CapMesh | Solid | None = None,
    surroundings: Surroundings | None = None,
    support: Solid | None = None,
    beside: Mapping[str, Solid] | None = None,
) -> Cell:
    """Compile the cell; base link at the world's origin, table top at z = 0. picked: the object that can be picked up;
    support: what it can be put on; beside: more that can be picked up, by body. Surroundings: else as in the settings.

    Raises RobotModelError for missing robot files, CellError when MuJoCo refuses the model.
    """
    names = settings.names
    urdf = build_urdf(settings.robot_type, settings.prefix, settings.gripper)
    spec = mujoco.MjSpec()
    spec.compiler.degree = False
    around = surroundings or configured(settings.table_seed)
    _set_options(spec, around.light)
    add_robot(spec, urdf, names)
    _add_surroundings(spec, around, settings.table_seed)
    add_things(spec, around.things)
    _add_cameras(spec, settings)
    if picked is not None:
        add_object(spec, picked)
    if support is not None:
        add_support(spec, support)
    for name, solid in (beside or {}).items():
        add_beside(spec, name, solid)
    try:
        model = spec.compile()
    except ValueError as error:
        raise CellError(f"MuJoCo does not accept the cell: {error}") from error
    return Cell(model, names, urdf, picked, names_of(around.things), support, beside or {})


def _set_options(spec: mujoco.MjSpec, light: Light) -> None:
    spec.option.timestep = TIMESTEP
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_PYRAMIDAL
    spec.option.noslip_iterations = 5
    spec.memory = 32 << 20
    spec.visual.quality.offsamples = 0
    spec.visual.quality.shadowsize = 1024
    spec.visual.map.znear = 0.02
    spec.visual.map.zfar = 12.0
    spec.visual.headlight.ambient = light.ambient
    spec.visual.headlight.diffuse = [0.22, 0.22, 0.22]
    spec.visual.headlight.specular = [0.05, 0.05, 0.05]
    spec.stat.extent = 1.0  # near and far plane in metres
    spec.stat.center = [0.4, 0.0, 0.2]


def _add_surroundings(spec: mujoco.MjSpec, around: Surroundings, seed: int) -> None:
    world = spec.worldbody
    spec.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.80, 0.84, 0.88],
        rgb2=[0.55, 0.58, 0.62],
        width=128,
        height=768,
    )
    add_texture(spec, "table", around.table)
    add_material(spec, "table", "table", (1.0, 1.0), 0.15)
    add_texture(spec, "concrete", concrete(seed))
    add_material(spec, "concrete", "concrete", (3.0, 3.0), 0.05)
    spec.add_material(name="steel", rgba=[0.35, 0.36, 0.38, 1.0])
    x, y = TABLE_CENTRE
    hx, hy, hz = TABLE_HALF_SIZE
    box = mujoco.mjtGeom.mjGEOM_BOX
    floor_z = -0.75
    table = world.add_body(name="table", pos=(x, y, -hz))
    top = table.add_geom(name="table", type=box, size=TABLE_HALF_SIZE, material="table", group=GROUP_SCENE)
    floor = world.add_geom(
        name="floor", type=mujoco.mjtGeom.mjGEOM_PLANE, size=(4, 4, 0.1), pos=(0, 0, floor_z), material="concrete"
    )
    for geom in (top, floor):
        geom.contype, geom.conaffinity = WORLD, OBJECT | ROBOT
        geom.condim, geom.friction = 4, FRICTION
        geom.solref[:2], geom.solimp[:3] = SOLREF, SOLIMP
    leg = 0.5 * (-2 * hz - floor_z)
    for sx in (-1, 1):
        for sy in (-1, 1):
            table.add_geom(
                type=box,
                size=(0.03, 0.03, leg),
                pos=(sx * (hx - 0.05), sy * (hy - 0.05), -hz - leg),
                material="steel",
                contype=0,
                conaffinity=0,
                group=GROUP_SCENE,
            )
    world.add_light(
        name="lamp",
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        pos=(0.1, -0.6, 1.8),
        dir=around.light.direction,
        diffuse=around.light.diffuse,
        specular=(0.2, 0.2, 0.2),
        ambient=(0.0, 0.0, 0.0),
        castshadow=True,
    )


def _camera(body: mujoco.MjsBody, name: str, parent_from_optical: NDArray[np.float64], intrinsics: CameraModel) -> None:
    # MuJoCo's camera looks along -z with y up; the optical frame along +z with y down.
    turned = parent_from_optical @ np.diag([1.0, -1.0, -1.0, 1.0])
    x, y, z, w = se3.to_quaternion(turned)
    body.add_camera(
        name=name,
        pos=turned[:3, 3],
        quat=(w, x, y, z),
        fovy=float(np.degrees(2.0 * np.arctan(0.5 * intrinsics.height / intrinsics.fy))),
    )


def _add_cameras(spec: mujoco.MjSpec, settings: CellSettings) -> None:
    parent = settings.camera_parent or settings.names.record.hand
    body = spec.body(parent)
    if body is None:
        raise CellError(f"the camera's parent is {parent!r}, expected a link of the robot")
    mount = settings.hand_from_camera_link
    _camera(body, WRIST_CAMERA, mount @ LINK_FROM_OPTICAL, WRIST_INTRINSICS)
    x, y, z, w = se3.to_quaternion(mount)
    case = body.add_body(name="camera_case", pos=mount[:3, 3], quat=(w, x, y, z))
    case.mass, case.inertia, case.explicitinertial, case.gravcomp = 0.072, (2e-5, 4e-5, 5e-5), True, 1.0
    case.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=(0.0125, 0.045, 0.0125),
        pos=(-0.0135, -0.0175, 0.0),  # behind the imagers, and around the middle of the case
        rgba=(0.75, 0.76, 0.78, 1.0),
        contype=0,
        conaffinity=0,
        mass=0.0,
        group=GROUP_SCENE,
    )
    overview = se3.look_at((1.42, -1.02, 0.92), (0.30, 0.02, 0.32))
    _camera(spec.worldbody, OVERVIEW_CAMERA, overview, OVERVIEW_INTRINSICS)
