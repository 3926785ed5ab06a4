"""A solid in the running cell: the arm scans it, a script clicks once on the scan, and goals follow where it lies next.

The truth puts the click where a person would, and judges; nothing of it goes into finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from dense_grasp_assets.solids.solid import Solid
from dense_grasp_core.geometry.se3 import inverse, rotation_angle, transform
from dense_grasp_core.grasping.contacts import PLAIN_CONTACT
from dense_grasp_core.object_model.coverage import COVERED_WITHIN
from dense_grasp_core.object_model.scan import read_scan
from dense_grasp_core.object_model.scan_files import read_json
from dense_grasp_core.result_codes import StoreCode
from dense_grasp_core.scanning.dome import dome_directions
from dense_grasp_core.store.scan_folders import folder_beside, folder_of
from dense_grasp_ros.poses import pose_matrix
from dense_grasp_sim.world.solid_placement import random_rest, rest_pose
from numpy.typing import NDArray

from dense_grasp_bench.graph_client import GraphClient, stamp_seconds
from dense_grasp_bench.scan_click import ClickError, click_on
from dense_grasp_bench.session import CellSession, Trial
from dense_grasp_bench.trial_pictures import COLOR_TOPIC, OVERVIEW_TOPIC, picture_now
from dense_grasp_client import GraspClient, Refused
from dense_grasp_interfaces.action import GraspObject
from dense_grasp_interfaces.srv import RegisterDescriptor

SCANNED_AT = {"x": 0.5, "y": 0.0, "yaw": 0.3}
HELD_AT = 0.10  # m, the least height at the end
PATIENCE_S = 900.0
IN_COMMON = (0.4, 0.65)  # share of the sides of a second scan that the first one saw, first try and second
_SEEDS = 3000  # of places that are looked at for the second scan
_SIDES = 400  # of an object: directions that a picture looks from, or does not
Array = np.ndarray


def turned_over_seed(solid: Solid, base_from_solid: Array, views: Array, in_common: float) -> int:
    """The seed that puts a solid on another face near the middle of the workspace, so that as many sides as may be come
    to where the arm looks that its first scan did not see: as a person turns it who was told from where it does not.

    base_from_solid: (4, 4) in the first scan; views: (V, 3) directions object to camera of its pictures, base frame;
    in_common: least share of the sides seen then that the first scan has seen, too.
    """
    sides = dome_directions(_SIDES, -0.5 * np.pi)  # all around

    def seen(rotation: Array) -> NDArray[np.bool_]:
        return np.asarray((sides @ (views @ rotation).T).max(axis=1) > np.cos(COVERED_WITHIN))

    before = seen(base_from_solid[:3, :3])
    best, most = -1, -1.0
    for seed in range(_SEEDS):
        drawn = random_rest(seed, solid)
        off = abs(drawn.x - SCANNED_AT["x"]), abs(drawn.y - SCANNED_AT["y"])
        if not drawn.rest or off[0] > 0.05 or off[1] > 0.08:
            continue
        now = seen(rest_pose(solid, drawn)[:3, :3])
        common = float((now & before).sum() / now.sum())
        # where none has so much in common, the one that has most
        worth = 1.0 + float((now & ~before).mean()) if common >= in_common else common
        if worth > most:
            best, most = seed, worth
    return best


def join_error(
    scan: dict[str, Any], base_from_first: Array, base_from_second: Array, same: Sequence[Array] = (np.eye(3),)
) -> tuple[float, float]:
    """How far the second part of a joined scan lies from where the truth says: m at the object's middle, and rad.

    scan: its scan.json; the others: where the object stood and lay, (4, 4), and turns (3, 3) after which it looks the
    same, of which the nearest counts.
    """
    (second,) = scan["joined"]
    found, middle = np.array(second["second_from_first"]), inverse(np.array(scan["base_from_object"])) @ base_from_first
    errors = []
    for turn in same:
        turned = np.eye(4)
        turned[:3, :3] = turn
        truth = (
            inverse(np.array(second["base_from_object"]))
            @ base_from_second
            @ turned
            @ inverse(base_from_first)
            @ np.array(scan["base_from_object"])
        )
        off = transform(found, middle[:3, 3]) - transform(truth, middle[:3, 3])
        errors.append((float(np.linalg.norm(off)), rotation_angle(inverse(truth) @ found)))
    return min(errors, key=lambda error: error[1])


@dataclass(frozen=True)
class Scanned:
    """A scan that the arm took. before: (H, W, 3) RGB of the wrist camera; base_from_solid: (4, 4), the truth;
    robot_s: simulated s until the arm was back; result: of ScanObject; folder: where the scan lies.
    """

    before: Array
    base_from_solid: Array
    robot_s: float
    result: Any
    folder: Path


@dataclass(frozen=True)
class Clicked:
    """view: number of the scan's picture that was clicked; picture: (H, W, 3) RGB, with the click."""

    view: int
    picture: Array


@dataclass(frozen=True)
class ObjectGoal:
    """clean: whether the object is held at the end and nothing else was touched. before, end: (H, W, 3) RGB of the
    wrist camera and of the cell.
    """

    trial: Trial
    clean: bool
    before: Array
    end: Array


class ObjectTrials:
    """The running cell, whose store lies in `out`; an object is known under its kind."""

    def __init__(self, client: GraphClient, session: CellSession, out: Path):
        self._client, self._session, self._out = client, session, out
        self._grasp = GraspClient(connection=client.connection)

    def scan(self, solid: Solid, views: int) -> Scanned:
        """Put the object near the middle and let the arm scan it. Raises Refused."""
        there = self._session.set_scene(scene=solid.kind, seed=solid.seed, **SCANNED_AT)
        before = picture_now(self._client, COLOR_TOPIC)
        began, moving = stamp_seconds(self._client.now()), [0.0]
        result = self._grasp.scan(solid.kind, views, lambda _: moving.append(stamp_seconds(self._client.now())))
        folder = folder_of(folder_beside((self._out / "store.db").resolve()), solid.kind)
        return Scanned(before, pose_matrix(there.pose), moving[-1] - began, result, folder)

    def scan_turned_over(self, solid: Solid, scanned: Scanned, views: int) -> tuple[Any, str]:
        """The object lies on another face; a second scan joins the first: the result, and how far off the join is.

        Where the scans have too little in common it is turned less, as the sentence says, and scanned once more. Raises
        Refused; the first scan stays then.
        """
        try:
            return self._scan_joining(solid, scanned, views, IN_COMMON[0])
        except Refused as refused:
            print(f"{solid.kind} {solid.seed}: turned once more: {refused}", flush=True)
            return self._scan_joining(solid, scanned, views, IN_COMMON[1])

    def _scan_joining(self, solid: Solid, scanned: Scanned, views: int, in_common: float) -> tuple[Any, str]:
        pictures, base_from_scan = read_scan(scanned.folder), self._base_from_scan(scanned)
        eyes = [transform(base_from_scan, inverse(view.pose)[:3, 3]) for view in pictures]
        looks = np.array(eyes) - scanned.base_from_solid[:3, 3]
        looks /= np.linalg.norm(looks, axis=1, keepdims=True)
        seed = turned_over_seed(solid, scanned.base_from_solid, looks, in_common)
        there = self._session.set_scene(scene=solid.kind, seed=solid.seed, random_pose=True, pose_seed=seed)
        result = self._grasp.scan(solid.kind, views, join=True)
        about = read_json(scanned.folder / "scan.json")
        error_m, turn = join_error(about, scanned.base_from_solid, pose_matrix(there.pose), solid.same)
        return result, f"{1000 * error_m:.1f} mm, {np.degrees(turn):.1f}°"

    def click(self, solid: Solid, scanned: Scanned, keypoint: str = PLAIN_CONTACT) -> Clicked:
        """Teach the solid's contact by a click in the picture of its scan that shows it best. Raises ClickError."""
        views = read_scan(scanned.folder)
        point = transform(inverse(self._base_from_scan(scanned)) @ scanned.base_from_solid, solid.contact)
        number, u, v = click_on(views, point)
        self._register(solid.kind, keypoint, number, u, v)
        picture = views[number].rgb.copy()
        picture[max(0, v - 3) : v + 4, max(0, u - 3) : u + 4] = (255, 0, 255)
        return Clicked(number, picture)

    @staticmethod
    def _base_from_scan(scanned: Scanned) -> Array:
        return np.array(read_json(scanned.folder / "scan.json")["base_from_object"])

    def _register(self, kind: str, keypoint: str, view: int, u: int, v: int) -> None:
        request = {"object_id": kind, "keypoint": keypoint, "u": float(u), "v": float(v), "overwrite": True}
        request |= {"source": RegisterDescriptor.Request.SCAN_VIEW, "scan_view": view}

        def answered() -> Any:
            answer = self._client.call("register", PATIENCE_S, **request)
            return None if answer.code in (StoreCode.BUSY, StoreCode.NO_SCAN) else answer

        answer = self._client.wait(answered, PATIENCE_S, f"a described scan of the {kind}, to click on")
        if answer.code != StoreCode.OK:
            raise ClickError(f"the click at ({u}, {v}) in picture {view} was refused: {answer.message}")

    def goal(self, solid: Solid, pose_seed: int) -> ObjectGoal:
        """One goal for the object at a drawn pose, on another table."""
        there = self._session.set_scene(
            scene=f"{solid.kind}_elsewhere", seed=solid.seed, random_pose=True, pose_seed=pose_seed
        )
        before = picture_now(self._client, COLOR_TOPIC)
        places = transform(pose_matrix(there.pose), solid.equal_contacts)
        trial = Trial(pose_seed, solid.kind, scene=there.message)
        goal = GraspObject.Goal(object_id=solid.kind, may_drop=True)
        self._session.goal_trial(trial, goal, {PLAIN_CONTACT: [(float(x), float(y), float(z)) for x, y, z in places]})
        report = self._client.call("get_report")
        held = bool(report.both_pads and not report.other_contacts and report.height >= HELD_AT)
        end = picture_now(self._client, OVERVIEW_TOPIC)
        return ObjectGoal(trial, trial.lifted and held and not trial.touched, before, end)
