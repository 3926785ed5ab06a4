"""One session with the simulated cell: teach a cap by some clicks, then trial after trial on other caps."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dense_grasp_core.grasping.contacts import PLAIN_CONTACT
from dense_grasp_core.result_codes import GraspCode, MatchCode, Stage
from rclpy.duration import Duration

from dense_grasp_bench.graph_client import (
    PERCEPTION_SERVICES,
    SIM_SERVICES,
    Feedback,
    GraphClient,
    stamp_seconds,
)
from dense_grasp_bench.graph_process import GraphProcess
from dense_grasp_bench.taught_clicks import CAP, Lesson
from dense_grasp_client import GraphError, contact
from dense_grasp_interfaces.action import GraspObject
from dense_grasp_interfaces.msg import KeypointMatch
from dense_grasp_sim_interfaces.srv import SetScene

CLICK_TOLERANCE_PX = 3.0
START_TIMEOUT_S = 90.0
GRASP_TIMEOUT_S = 120.0
REFEREE_TIMEOUT_S = 30.0
HOLD_S = 4.0

#: m in the base frame.
Position = tuple[float, float, float]


@dataclass
class Trial:
    """What one trial gave. Lengths in m unless named otherwise, times in s, NaN where it did not come to it. robot_s:
    from the goal to its result by the robot's clock.
    """

    seed: int
    object: str
    code: int = GraspCode.INTERNAL_ERROR
    message: str = ""
    found: bool = False
    score: float = math.nan
    position: tuple[float, float, float] = (math.nan,) * 3
    truth: Position = (math.nan,) * 3
    error_mm: float = math.nan
    planning_time: float = math.nan
    time_to_first_motion: float = math.nan
    total_time: float = math.nan
    robot_s: float = math.nan
    lifted: bool = False
    reason: str = ""
    width_mm: float = math.nan
    raised: float = math.nan
    matches: list[dict] = field(default_factory=list)
    used_contact: str = ""
    scene: str = ""
    touched: list[str] = field(default_factory=list)
    stage_times: dict[str, float] = field(default_factory=dict)
    last_stage: str = ""

    @property
    def not_found(self) -> bool:
        """Whether the answer was that the object is not there."""
        return self.code == GraspCode.PERCEPTION + MatchCode.LOW_SCORE

    @property
    def code_name(self) -> str:
        """Name of the result code; of the match code for perception failures."""
        if GraspCode.PERCEPTION < self.code < GraspCode.PERCEPTION_UNAVAILABLE:
            return MatchCode(self.code - GraspCode.PERCEPTION).name
        return GraspCode(self.code).name

    def line(self) -> str:
        """The trial in one line of text."""
        name = f"{self.object or 'no cap':11s} {self.seed:5d}"
        if not self.object:
            best = max((match["score"] for match in self.matches if match["keypoint"] == "contact"), default=math.nan)
            seen = f"score {best:.2f}, {self.code_name}: {self.message}"
            return f"{name} | {'not found' if self.not_found else 'WRONG ANSWER'} | {seen} | {self.scene}"
        if not self.found:
            return f"{name} | not found: {self.code_name}: {self.message}"
        x, y, z = self.position
        text = f"{name} | found at ({x:.3f}, {y:+.3f}, {z:.3f}) m | error {self.error_mm:5.1f} mm"
        if math.isfinite(self.planning_time):
            text += f" | planned in {self.planning_time:.2f} s"
        if self.used_contact not in ("", "contact"):
            text += f" | by {self.used_contact}"
        outcome = f"lifted {100 * self.raised:.0f} cm" if self.lifted else f"NOT lifted: {self.why_not()}"
        return f"{text} | {outcome}" + (f" | TOUCHED {', '.join(self.touched)}" if self.touched else "")

    def why_not(self) -> str:
        """Why the object was not lifted: the executor's code first, the referee's word where it saw no failure."""
        if self.code != GraspCode.SUCCESS:
            return f"{self.code_name}: {self.message}"
        return self.reason or "the referee gives no reason"


class StageTimes:
    """Wall clock s spent in each stage of a goal, from its feedback; hands the feedback on."""

    def __init__(self, on_feedback: Callable[[object], None] | None = None, now: Callable[[], float] = time.monotonic):
        self._hand_on, self._now = on_feedback, now
        self._spent: dict[str, float] = {}
        self._stage, self._since = "", now()

    def __call__(self, message: Any) -> None:
        """One feedback message."""
        self._count()
        self._stage = Stage(message.feedback.stage).name
        if self._hand_on is not None:
            self._hand_on(message)

    def end(self) -> tuple[dict[str, float], str]:
        """Seconds by stage, and the stage that the goal ended in ("" before the first)."""
        self._count()
        return dict(self._spent), self._stage

    def _count(self) -> None:
        now = self._now()
        if self._stage:
            self._spent[self._stage] = self._spent.get(self._stage, 0.0) + now - self._since
        self._since = now


def launch_arguments(
    out: Path, model: str = "", extra: Sequence[str] = (), page_port: int = 0, planner: str = ""
) -> list[str]:
    """Arguments of bringup.launch.py for a fresh store in `out`. page_port: of the operator's page, 0 for none.

    model: file of the network, planner: name of the motion planner; "" for the configured one.
    """
    for path in out.glob("store.db*"):
        if path.is_dir():  # its scans
            shutil.rmtree(path)
        else:
            path.unlink()
    page = ["ui:=true", f"ui_port:={page_port}"] if page_port else ["ui:=false"]
    arguments = ["sim:=true", "rviz:=false", *page, f"store:=sqlite:///{(out / 'store.db').resolve()}", *extra]
    if model:
        arguments.append(f"model:={Path(model).resolve()}")
    if planner:
        arguments.append(f"planner:={planner}")
    return arguments


class CellSession:
    """Talks to a graph that is running in simulation. Raises GraphError when the graph fails, not when a grasp does."""

    def __init__(self, client: GraphClient):
        self.client = client

    @classmethod
    def ready(cls, graph: GraphProcess, client: GraphClient, timeout: float = START_TIMEOUT_S) -> CellSession:
        """Wait until every service and the action are there and images are described."""
        client.wait_services((*PERCEPTION_SERVICES, *SIM_SERVICES), timeout)
        client.wait_grasp_action(timeout)
        client.watch_descriptors()
        client.wait_descriptors(0.0, timeout)
        return cls(client)

    def set_for(self, lesson: Lesson, seed: int) -> None:
        """Put a cap where the lesson is given."""
        x, y, yaw = lesson.pose
        self.set_scene(scene=lesson.scene, seed=seed, x=x, y=y, yaw=yaw)

    def set_cap(self, seed: int, pose_seed: int | None = None, scene: str = "cap") -> SetScene.Response:
        """Put a cap on the table, in a scene of the simulation, at a random pose or at the pose it is taught in; the
        answer has where it lies.
        """
        x, y, yaw = CAP.pose
        return self.set_scene(
            scene=scene,
            seed=seed,
            random_pose=pose_seed is not None,
            pose_seed=pose_seed or 0,
            x=x,
            y=y,
            yaw=yaw,
        )

    def clear(self, seed: int = 0) -> str:
        """Take the cap away; the seed draws table, light and, when odd, other things. What there is then, in words."""
        return str(self.set_scene(scene="empty", seed=seed).message)

    def set_scene(self, **fields: Any) -> SetScene.Response:
        """Set a scene by the fields of SetScene.Request; waits until every node has a picture of it."""
        answer = self.client.call("set_scene", 60.0, **fields)
        if not answer.success:
            raise GraphError(f"the scene {fields} was not set: {answer.message}")
        self.client.wait_descriptors(stamp_seconds(self.client.now()), 30.0)
        return answer

    def truth(self, points: Sequence[tuple[str, float, float]]) -> Any:
        """Where surface points (part, u, v) are now: the GetTruth response."""
        parts, us, vs = zip(*points, strict=True)
        answer = self.client.call("get_truth", parts=list(parts), us=list(us), vs=list(vs))
        if not answer.success:
            raise GraphError(f"no truth for {points}: {answer.message}")
        return answer

    def teach(self, object_id: str = "", lesson: Lesson = CAP) -> dict[str, tuple[float, float]]:
        """Register the lesson's clicks on the cap that lies there, as the lesson's object unless named; the pixels.

        The truth's pixels play the operator's mouse. Looks again at a new image, and raises GraphError when a taught
        point is not found where it was clicked.
        """
        object_id = object_id or lesson.object_id
        truth = self.truth(list(lesson.clicks.values()))
        clicks = {}
        for keypoint, pixel, visible in zip(lesson.clicks, truth.pixels, truth.visible, strict=True):
            if not visible:
                raise GraphError(f"{keypoint} at pixel ({pixel.x:.0f}, {pixel.y:.0f}) is not visible")
            clicks[keypoint] = (float(round(pixel.x)), float(round(pixel.y)))
            u, v = clicks[keypoint]
            self.client.register(object_id, keypoint, u, v)
        for match in self.locate(object_id, list(lesson.clicks)):
            u, v = clicks[match.keypoint]
            if not math.hypot(match.u - u, match.v - v) <= CLICK_TOLERANCE_PX:
                raise GraphError(
                    f"{match.keypoint} was clicked at ({u:.0f}, {v:.0f}) and found at ({match.u:.1f}, {match.v:.1f}) "
                    f"with code {match.code} on the same cap, expected at most {CLICK_TOLERANCE_PX} px between"
                )
        return clicks

    def locate(self, object_id: str, keypoints: Sequence[str] = (), timeout: float = 10.0) -> list[KeypointMatch]:
        """Matches in an image taken from now on."""
        answer = self.client.call(
            "locate",
            timeout + 10.0,
            object_id=object_id,
            keypoints=list(keypoints),
            not_before=self.client.now(),
            timeout=Duration(seconds=timeout).to_msg(),
        )
        return list(answer.matches)

    def grasp_trial(
        self, seed: int, is_empty: bool = False, on_feedback: Feedback | None = None, lesson: Lesson = CAP
    ) -> Trial:
        """One GraspObject goal for the lesson's object on the scene as it is, judged by the referee."""
        trial = Trial(seed, "" if is_empty else "cap")
        contacts = [one.name for one in lesson.contacts] or [PLAIN_CONTACT]
        truths = {} if is_empty else self._truths(contacts, lesson)
        goal = GraspObject.Goal(object_id=lesson.object_id)
        goal.contacts = [contact(one.name, one.axis, one.approach) for one in lesson.contacts]
        return self.goal_trial(trial, goal, truths, on_feedback)

    def goal_trial(
        self,
        trial: Trial,
        goal: GraspObject.Goal,
        truths: dict[str, Sequence[Position]],
        on_feedback: Callable[[object], None] | None = None,
        timeout: float = GRASP_TIMEOUT_S,
    ) -> Trial:
        """Send the goal and fill in the trial, with the referee's word where it names an object. truths: where each
        contact is, m in the base frame; several places where the object looks the same in several ways. timeout: s of
        the wall's clock until the result.
        """
        stages = StageTimes(on_feedback)
        began = stamp_seconds(self.client.now())
        result = self.client.grasp(goal, timeout, stages)
        trial.robot_s = stamp_seconds(self.client.now()) - began
        trial.stage_times, trial.last_stage = stages.end()
        _fill(trial, result, truths)
        if trial.object:
            self._ask_referee(trial)
        return trial

    def _truths(self, keypoints: Sequence[str], lesson: Lesson) -> dict[str, Sequence[Position]]:
        positions = self.truth([lesson.clicks[keypoint] for keypoint in keypoints]).positions
        return {keypoint: [(point.x, point.y, point.z)] for keypoint, point in zip(keypoints, positions, strict=True)}

    def _ask_referee(self, trial: Trial) -> None:
        began = stamp_seconds(self.client.now())

        def decided():
            answer = self.client.call("get_report")
            waited = stamp_seconds(self.client.now()) - began
            gave_up = trial.code != GraspCode.SUCCESS or waited > HOLD_S
            return answer if answer.lifted or gave_up else None

        report = self.client.wait(decided, REFEREE_TIMEOUT_S, "the referee's word")
        trial.lifted, trial.reason = bool(report.lifted), report.reason
        trial.raised, trial.width_mm = float(report.max_height), 1e3 * float(report.width)
        trial.touched = list(report.touched)


def _fill(trial: Trial, result: GraspObject.Result, truths: dict[str, Sequence[Position]]) -> None:
    trial.code, trial.message = int(result.code), result.message
    trial.planning_time = float(result.planning_time)
    trial.time_to_first_motion = float(result.time_to_first_motion)
    trial.total_time = float(result.total_time)
    trial.matches = [
        {
            "keypoint": match.keypoint,
            "code": int(match.code),
            "score": float(match.score),
            "second_peak_ratio": float(match.second_peak_ratio),
            "u": float(match.u),
            "v": float(match.v),
        }
        for match in result.matches
    ]
    trial.used_contact = result.used_contact or PLAIN_CONTACT
    places = truths.get(trial.used_contact, [trial.truth])
    trial.truth = places[0]
    contact = next((match for match in result.matches if match.keypoint == trial.used_contact), None)
    if contact is None:
        return
    trial.score = float(contact.score)
    trial.found = contact.code == MatchCode.OK
    if trial.found:
        trial.position = (contact.position.x, contact.position.y, contact.position.z)
        trial.truth = min(places, key=lambda place: math.dist(trial.position, place))
        trial.error_mm = 1e3 * math.dist(trial.position, trial.truth)
