"""Pictures of the cell: colour and metric depth of a MuJoCo camera in one render pass."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.camera import CameraModel
from numpy.typing import NDArray

from dense_grasp_sim.physics.simulator import Snapshot
from dense_grasp_sim.world.cell_model import OVERVIEW_CAMERA, OVERVIEW_INTRINSICS, WRIST_CAMERA, WRIST_INTRINSICS
from dense_grasp_sim.world.robot_mjcf import GROUP_ARM_DETAIL, GROUP_ARM_SIMPLE, GROUP_SCENE

GL_HELP = "install the system's EGL: apt install libegl1 libegl-mesa0 libgl1-mesa-dri libgles2"


class CameraRenderError(DenseGraspError):
    """There is no OpenGL to render with."""


@dataclass(frozen=True)
class CellCamera:
    """A camera of the cell and what it shows."""

    camera: str
    intrinsics: CameraModel
    groups: tuple[int, ...]
    shadows: bool


WRIST = CellCamera(WRIST_CAMERA, WRIST_INTRINSICS, (GROUP_SCENE, GROUP_ARM_SIMPLE), shadows=False)
OVERVIEW = CellCamera(OVERVIEW_CAMERA, OVERVIEW_INTRINSICS, (GROUP_SCENE, GROUP_ARM_DETAIL), shadows=True)


@dataclass(frozen=True)
class CameraPicture:
    """rgb (H, W, 3) uint8; depth (H, W) float32 metres along the optical axis; time of the state, s."""

    rgb: NDArray[np.uint8]
    depth: NDArray[np.float32]
    time: float


class CellRenderer:
    """Renders snapshots. Make it, use it and close it in one thread: the OpenGL context belongs to that thread.

    Raises CameraRenderError where OpenGL is missing.
    """

    def __init__(self) -> None:
        width = max(WRIST_INTRINSICS.width, OVERVIEW_INTRINSICS.width)
        height = max(WRIST_INTRINSICS.height, OVERVIEW_INTRINSICS.height)
        try:
            self._gl = mujoco.GLContext(width, height)
            self._gl.make_current()
        except Exception as error:  # the EGL bindings raise whatever their loader raised
            raise CameraRenderError(f"cannot open an OpenGL context ({error}); {GL_HELP}") from error
        self._model: mujoco.MjModel | None = None
        self._context: mujoco.MjrContext | None = None

    def close(self) -> None:
        """Free the OpenGL context."""
        if self._context is not None:
            self._context.free()
            self._context = None
        self._gl.free()

    def _load(self, snapshot: Snapshot) -> None:
        if self._context is not None:
            self._context.free()
        self._model = snapshot.model
        self._data = mujoco.MjData(snapshot.model)
        self._context = mujoco.MjrContext(snapshot.model, mujoco.mjtFontScale.mjFONTSCALE_100)
        self._context.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        self._scene = mujoco.MjvScene(snapshot.model, maxgeom=400)

    def render(
        self,
        snapshot: Snapshot,
        view: CellCamera = WRIST,
        base_from_camera: NDArray[np.float64] | None = None,
    ) -> CameraPicture:
        """Picture of `snapshot` from `view`; from its optical frame at `base_from_camera` (4, 4) instead, if given."""
        if snapshot.model is not self._model:
            self._load(snapshot)
        model, data, scene = self._model, self._data, self._scene
        assert model is not None
        data.qpos[:] = snapshot.qpos
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        mujoco.mj_camlight(model, data)
        number = model.camera(view.camera).id
        if base_from_camera is not None:
            data.cam_xpos[number] = base_from_camera[:3, 3]
            # MuJoCo's cameras look along -z, with y up
            data.cam_xmat[number] = (base_from_camera[:3, :3] @ np.diag([1.0, -1.0, -1.0])).ravel()
        option = mujoco.MjvOption()
        option.geomgroup[:] = 0
        option.geomgroup[list(view.groups)] = 1
        camera = mujoco.MjvCamera()
        camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        camera.fixedcamid = number
        mujoco.mjv_updateScene(model, data, option, mujoco.MjvPerturb(), camera, mujoco.mjtCatBit.mjCAT_ALL, scene)
        scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = view.shadows
        scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = 0
        width, height = view.intrinsics.width, view.intrinsics.height
        rectangle = mujoco.MjrRect(0, 0, width, height)
        mujoco.mjr_render(rectangle, scene, self._context)
        rgb = np.empty((height, width, 3), dtype=np.uint8)
        raw = np.empty((height, width), dtype=np.float32)
        mujoco.mjr_readPixels(rgb, raw, rectangle, self._context)
        near, far = model.vis.map.znear * model.stat.extent, model.vis.map.zfar * model.stat.extent
        # the depth buffer is reversed: 1 at the near plane, 0 at the far one
        depth = np.float32(near * far) / (np.float32(near) + raw * np.float32(far - near))
        return CameraPicture(np.ascontiguousarray(rgb[::-1]), np.ascontiguousarray(depth[::-1]), snapshot.time)
