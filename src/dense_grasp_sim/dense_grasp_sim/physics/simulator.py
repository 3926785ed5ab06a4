"""The running cell without ROS: steps the physics, swaps objects, knows the truth."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from dense_grasp_assets.cap.mesh import CapMesh
from dense_grasp_assets.solids.solid import Solid
from dense_grasp_core.geometry import se3
from numpy.typing import NDArray

from dense_grasp_sim.devices.arm import MotionStatus, SimulatedArm
from dense_grasp_sim.devices.gripper import SimulatedGripper
from dense_grasp_sim.physics.bodies import let_go, object_pose, point_of
from dense_grasp_sim.physics.judge import Judge
from dense_grasp_sim.physics.referee import LiftReferee, LiftRule
from dense_grasp_sim.physics.sight import Truth, sight_of
from dense_grasp_sim.world.cap_placement import cap_pose, draw_cap_placement
from dense_grasp_sim.world.carton import the_carton, with_carton
from dense_grasp_sim.world.cell_model import (
    WRIST_CAMERA,
    Cell,
    CellError,
    CellSettings,
    build_cell,
)
from dense_grasp_sim.world.crowd import crowd_bodies, crowd_surroundings, draw_crowd
from dense_grasp_sim.world.hat_stand import STAND_HEIGHT, draw_stand
from dense_grasp_sim.world.kept_cells import KeptCells
from dense_grasp_sim.world.objects import OBJECT_BODY, SUPPORT_BODY
from dense_grasp_sim.world.placement import (
    ON_STAND,
    Placement,
    PlacementError,
    Workspace,
)
from dense_grasp_sim.world.post import post_before, with_thing
from dense_grasp_sim.world.robot_mjcf import GROUP_HIDDEN, OBJECT, ROBOT, WORLD
from dense_grasp_sim.world.solid_placement import SolidPlacement, random_rest, rest_pose, surroundings_of
from dense_grasp_sim.world.surroundings import Surroundings, configured

Array = NDArray[np.float64]

# without a handler MuJoCo writes its warnings to a file in the current folder
mujoco.set_mju_user_warning(logging.getLogger("mujoco").warning)

# Camera 0.62 m above the table, looking straight down at x = 0.5 m: both arms share this kinematics
OBSERVE_JOINTS = (-0.0746, -0.3491, 0.0, -1.8640, 0.0, 1.5149, 0.7108)
MOVING = 0.005  # m/s: what is said to lie somewhere must not be elsewhere when the arm comes
SETTLE_TIME = 10.0  # s, at most: a can that lies rolls for 7


@dataclass(frozen=True)
class Snapshot:
    """A copy of the state for renderers."""

    model: mujoco.MjModel
    time: float
    qpos: Array


class Simulator:
    """Thread-safe: every public method takes the lock; `step` holds it for one batch of time steps."""

    def __init__(
        self,
        settings: CellSettings | None = None,
        observe_joints: Sequence[float] = OBSERVE_JOINTS,
        homed: bool = True,
        workspace: Workspace | None = None,
        rule: LiftRule | None = None,
    ) -> None:
        self.settings = settings or CellSettings()
        self.workspace = workspace or Workspace()
        self.rule = rule or LiftRule()
        self.lock = threading.RLock()
        self._observe = np.asarray(observe_joints, dtype=float)
        self._cells = KeptCells(self.settings)
        self._dropping = False
        cell = build_cell(self.settings)
        self._use(cell, SimulatedGripper(cell.model, cell.names, homed=homed), time=0.0)

    def _replace(self, cell: Cell) -> None:
        """Go over to another model; what runs is ended, what the hand knows is kept."""
        old = self.gripper
        self.arm.abort(MotionStatus.ABORTED, "the scene was set anew")
        old.place(self.data, old.record.greatest_width)
        gripper = SimulatedGripper(cell.model, cell.names, homed=old.homed)
        gripper.refuses = old.refuses
        self._use(cell, gripper, self.time)

    def _use(self, cell: Cell, gripper: SimulatedGripper, time: float) -> None:
        self.cell, self.model = cell, cell.model
        self.data = mujoco.MjData(self.model)
        self.data.time = time
        self.arm, self.gripper = self._make_arm(cell), gripper
        self.arm.place(self.data, self._observe)
        self.gripper.place(self.data, gripper.record.greatest_width)
        mujoco.mj_forward(self.model, self.data)
        self._judge = Judge(cell, self.rule, time)

    def _make_arm(self, cell: Cell) -> SimulatedArm:
        return SimulatedArm(cell.model, cell.names)

    @property
    def referee(self) -> LiftReferee:
        """Of the object; of several equal ones, of that which the pads held last."""
        return self._judge.referee

    @property
    def touched(self) -> set[str]:
        """What was touched that should not be, since the scene was set."""
        return self._judge.touched

    @property
    def time(self) -> float:
        """Simulated time, s."""
        return float(self.data.time)

    def set_scene(
        self,
        cap_seed: int | None,
        placement: Placement | None = None,
        pose_seed: int | None = None,
        posture: str = "crown_down",
        surroundings: Surroundings | None = None,
        post: bool = False,
        carton: bool = False,
    ) -> Array:
        """Put a cap on the table (None: clear it) and the arm to its observation pose; wait until it lies still.

        The cap goes to `placement`, or to a pose drawn from `pose_seed`. Table, light and what else stands there:
        `surroundings`, else as in the settings; one more thing with `post`, between the arm's base and the cap, and
        with the posture on_stand the stand. carton: one stands beside the cap, at a pose drawn from `pose_seed`, too.
        Returns base_from_object (4, 4).
        Simulated time goes on where it was. Raises CapError, PlacementError, CellError.
        """
        if cap_seed is None:
            cell = self._cells.cell(None, None, surroundings)
            with self.lock:
                self._replace(cell)
            return np.eye(4)
        cap = self._cells.cap(cap_seed)
        if carton:
            return self._set_beside_carton(cap, placement, pose_seed or 0, posture)
        if placement is None:
            placement = draw_cap_placement(cap, pose_seed or 0, posture, post, self.workspace)
        on_stand = placement.posture == ON_STAND
        if post and on_stand:
            raise PlacementError("post is true for a cap on a stand, expected a cap on the table")
        if post or on_stand:
            around = surroundings or configured(self.settings.table_seed)
            surroundings = with_thing(around, draw_stand(placement) if on_stand else post_before(cap, placement))
        return self._put(self._cells.cell(cap_seed, cap, surroundings), {OBJECT_BODY: cap_pose(cap, placement)})

    def set_solid(
        self,
        solid: Solid,
        placement: SolidPlacement | None = None,
        pose_seed: int = 0,
        elsewhere: bool = False,
        carton: bool = False,
    ) -> Array:
        """Put a solid on the table and the arm to its observation pose; wait until it lies still.

        It goes to `placement`, or to a pose drawn from `pose_seed`; elsewhere: table, light and other things are drawn
        from it, too; carton: so is a carton beside it. Returns base_from_object (4, 4). Raises PlacementError,
        CellError.
        """
        if carton:
            place, stands = with_carton(
                lambda number: placement or random_rest(number, solid, self.workspace),
                lambda one: se3.transform(rest_pose(solid, one), solid.vertices)[:, :2],
                pose_seed,
            )
            return self._put_beside_carton(solid, rest_pose(solid, place), stands)
        placement = placement or random_rest(pose_seed, solid, self.workspace)
        around = surroundings_of(pose_seed, solid, placement) if elsewhere else None
        return self._put(build_cell(self.settings, solid, around), {OBJECT_BODY: rest_pose(solid, placement)})

    def set_crowd(self, solid: Solid, pose_seed: int = 0) -> Array:
        """Put three of a solid on another table, among three others, and the arm to its observation pose.

        All is drawn from `pose_seed`. Returns base_from_object (4, 4) of the first. Raises PlacementError, CellError.
        """
        crowd = draw_crowd(solid, pose_seed, self.workspace)
        names = crowd_bodies(crowd)
        beside = {name: one for name, (one, _) in zip(names[1:], crowd.all[1:], strict=True)}
        poses = {name: rest_pose(*one) for name, one in zip(names, crowd.all, strict=True)}
        cell = build_cell(self.settings, solid, crowd_surroundings(pose_seed), beside=beside)
        return self._put(cell, poses)

    def _set_beside_carton(self, cap: CapMesh, placement: Placement | None, pose_seed: int, posture: str) -> Array:
        place, stands = with_carton(
            lambda number: placement or draw_cap_placement(cap, number, posture, False, self.workspace),
            lambda one: se3.transform(cap_pose(cap, one), cap.vertices)[:, :2],
            pose_seed,
        )
        return self._put_beside_carton(cap, cap_pose(cap, place), stands)

    def _put_beside_carton(self, thing: CapMesh | Solid, pose: Array, stands: SolidPlacement) -> Array:
        cell = build_cell(self.settings, thing, support=the_carton())
        return self._put(cell, {OBJECT_BODY: pose, SUPPORT_BODY: rest_pose(the_carton(), stands)})

    def _put(self, cell: Cell, poses: Mapping[str, Array]) -> Array:
        """Go over to the cell, with each of its bodies a little above its pose (4, 4), and let all come to rest."""
        with self.lock:
            now = self.time
            self._replace(cell)
            for body, pose in poses.items():
                let_go(self.data, body, pose)
            self._settle()
            self.data.time = now
            self._judge.begin(self.data)
            self._apply_contacts()
            return self.base_from_object()

    def _settle(self) -> None:
        steps, bodies = int(SETTLE_TIME / self.model.opt.timestep), (OBJECT_BODY, *self.cell.beside)
        still = 0
        # A crown creeps into its seat on a stand.
        slow = 0.0005 if self.cell.stands else 0.002
        for _ in range(steps):
            self._step_once()
            velocities = np.array([self.data.joint(body).qvel for body in bodies])
            calm = np.abs(velocities[:, :3]).max() < slow and np.abs(velocities[:, 3:]).max() < 0.02
            still = still + 1 if calm else 0
            if still >= 100:
                break
        position = self.data.joint(OBJECT_BODY).qpos[:3]
        speed = max(float(np.linalg.norm(self.data.joint(body).qvel[:3])) for body in bodies)
        if speed > MOVING:
            raise CellError(
                f"the object still moves at {1000 * speed:.0f} mm/s {SETTLE_TIME:.0f} s after it was put down, "
                f"expected less than {1000 * MOVING:.0f} mm/s; put it down in another pose"
            )
        if abs(position[2]) > 1.0:
            raise CellError(f"the object did not come to rest on the table: {position}")
        if self.cell.stands and not (position[2] > 0.5 * STAND_HEIGHT and self.base_from_object()[2, 2] > 0.87):
            raise CellError(f"the cap fell off its stand of {STAND_HEIGHT} m, its rim is at {position}")

    def set_dropping(self, dropping: bool) -> None:
        """Let the object fall through the hand, or be held by it again."""
        with self.lock:
            self._dropping = dropping
            self._apply_contacts()

    def _apply_contacts(self) -> None:
        if self.cell.object is None:
            return
        of_object = self.model.geom_bodyid == self.model.body(OBJECT_BODY).id
        touching = of_object & (self.model.geom_group == GROUP_HIDDEN)
        self.model.geom_contype[touching] = 0 if self._dropping else OBJECT
        self.model.geom_conaffinity[touching] = WORLD if self._dropping else WORLD | ROBOT

    def _step_once(self) -> None:
        mujoco.mj_step1(self.model, self.data)
        self.arm.step(self.model, self.data)
        self.gripper.step(self.data, self.model.opt.timestep)
        mujoco.mj_step2(self.model, self.data)

    def step(self, count: int = 1) -> None:
        """Advance `count` time steps of 2 ms."""
        with self.lock:
            for _ in range(count):
                self._step_once()
                self._judge.look(self.model, self.data, self.gripper.width(self.data))

    def snapshot(self) -> Snapshot:
        """Copy of the present state."""
        with self.lock:
            return Snapshot(self.model, self.time, np.array(self.data.qpos))

    def base_from_object(self) -> Array:
        """(4, 4) pose of the object frame in the base frame. Raises CellError on an empty table."""
        with self.lock:
            return object_pose(self.cell, self.data)

    def base_from_camera(self) -> Array:
        """(4, 4) pose of the wrist camera's optical frame in the base frame."""
        with self.lock:
            mujoco.mj_kinematics(self.model, self.data)
            mujoco.mj_camlight(self.model, self.data)
            camera = self.data.camera(WRIST_CAMERA)
            pose = np.eye(4)
            pose[:3, :3] = camera.xmat.reshape(3, 3) @ np.diag([1.0, -1.0, -1.0])
            pose[:3, 3] = camera.xpos
            return pose

    def truth(self, part: str, u: float, v: float) -> Truth:
        """Where a point is now, see point_of, whose errors it raises."""
        with self.lock:
            point = point_of(self.cell, self.data, part, u, v, self._judge.followed)
            return sight_of(self.model, self.data, self.base_from_camera(), point)
