"""The services that only a simulation has: set the scene, tell the truth, report the lift."""

from __future__ import annotations

from collections.abc import Callable

from dense_grasp_assets.solids.files import named_solid
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_ros.long_callback import Workers, long_callback
from dense_grasp_ros.poses import pose_message
from geometry_msgs.msg import Pose
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node

from dense_grasp_sim.physics.simulator import Simulator
from dense_grasp_sim.ros.messages import to_point
from dense_grasp_sim.world.crowd import EQUAL
from dense_grasp_sim.world.placement import ON_STAND, Placement
from dense_grasp_sim.world.scenes import SolidScene, scenes_with
from dense_grasp_sim.world.solid_placement import SolidPlacement
from dense_grasp_sim.world.surroundings import draw_surroundings
from dense_grasp_sim_interfaces.srv import GetReport, GetTruth, SetScene


class SceneServices:
    """dense_grasp_sim/set_scene, get_truth and get_report.

    In the scene "empty" the seed of set_scene draws table, light and, when odd, things on it that are no caps; 0 gives
    the cell as it is configured, with nothing on the table.
    """

    def __init__(self, node: Node, simulator: Simulator, solids_folder: Callable[[], str]) -> None:
        """solids_folder: where the solids lie that are scenes, too, "" for nowhere."""
        self._node, self._simulator, self._solids_folder = node, simulator, solids_folder
        group = MutuallyExclusiveCallbackGroup()
        # One scene after the other: building one takes 150 MB for a moment.
        builder = Workers(1, name="scene")
        for kind, name, callback in (
            (SetScene, "set_scene", long_callback(node, self._set_scene, workers=builder)),
            (GetTruth, "get_truth", self._get_truth),
            (GetReport, "get_report", self._get_report),
        ):
            node.create_service(kind, f"dense_grasp_sim/{name}", callback, callback_group=group)

    def _set_scene(self, request: SetScene.Request, response: SetScene.Response) -> SetScene.Response:
        name = request.scene or "empty"
        scenes = scenes_with(self._solids_folder())
        if name not in scenes:
            response.message = f"scene is {name!r}, expected one of {', '.join(scenes)}"
            return response
        scene = scenes[name]
        try:
            if scene is None:
                around = draw_surroundings(request.seed) if request.seed else None
                self._simulator.set_scene(None, surroundings=around)
                response.message = f"no cap on the table ({around.words if around else 'nothing at all'})"
            elif isinstance(scene, SolidScene):
                response.pose, response.message = self._set_solid(scene, request)
            else:
                placement = None
                if not request.random_pose:
                    placement = Placement(request.x, request.y, request.yaw, scene.posture)
                pose = self._simulator.set_scene(
                    request.seed,
                    placement,
                    request.pose_seed,
                    scene.posture,
                    post=scene.post,
                    carton=scene.carton,
                )
                response.pose = pose_message(pose)
                where = " behind a post" if scene.post else " on a stand" if scene.posture == ON_STAND else ""
                where = " beside a carton" if scene.carton else where
                response.message = f"cap {request.seed} lies at x {pose[0, 3]:.3f}, y {pose[1, 3]:.3f} m{where}"
            response.success = True
        except DenseGraspError as error:
            response.message = str(error)
        self._node.get_logger().info(response.message)
        return response

    def _set_solid(self, scene: SolidScene, request: SetScene.Request) -> tuple[Pose, str]:
        """Where the solid lies, and a sentence."""
        solid = named_solid(scene.kind, request.seed, self._solids_folder())
        if scene.crowd:
            pose = self._simulator.set_crowd(solid, request.pose_seed)
            cell = self._simulator.cell
            others = ", ".join(one.kind for name, one in cell.beside.items() if name not in cell.equals)
            return pose_message(pose), f"{EQUAL} x {scene.kind} {request.seed} on the table among others: {others}"
        placement = None if request.random_pose else SolidPlacement(request.x, request.y, request.yaw)
        pose = self._simulator.set_solid(solid, placement, request.pose_seed, scene.elsewhere, scene.carton)
        words = f"{scene.kind} {request.seed} lies at x {pose[0, 3]:.3f}, y {pose[1, 3]:.3f} m"
        cell = self._simulator.cell
        beside = [*cell.things, *([cell.support.kind] if cell.support is not None else [])]
        return pose_message(pose), words + f"; on the table: {', '.join(beside) or 'nothing else'}"

    def _get_truth(self, request: GetTruth.Request, response: GetTruth.Response) -> GetTruth.Response:
        if not len(request.parts) == len(request.us) == len(request.vs):
            response.message = (
                f"parts, us and vs have {len(request.parts)}, {len(request.us)} and {len(request.vs)} entries, "
                "expected as many of each"
            )
            return response
        try:
            truths = [self._simulator.truth(*key) for key in zip(request.parts, request.us, request.vs)]
        except DenseGraspError as error:
            response.message = str(error)
            return response
        response.success = True
        response.positions = [to_point(truth.position) for truth in truths]
        response.pixels = [to_point((truth.u, truth.v, truth.depth)) for truth in truths]
        response.visible = [truth.visible for truth in truths]
        return response

    def _get_report(self, request: GetReport.Request, response: GetReport.Response) -> GetReport.Response:
        simulator = self._simulator
        with simulator.lock:
            referee = simulator.referee
            response.lifted, response.reason = referee.lifted, referee.reason
            response.max_height, response.held = referee.max_height, referee.longest
            response.width = simulator.gripper.width(simulator.data)
            response.touched = sorted(simulator.touched)
            if referee.last is not None:
                response.height = referee.last.raised
                response.both_pads = referee.last.contacts.both_pads
                response.other_contacts = list(referee.last.contacts.others)
        return response
