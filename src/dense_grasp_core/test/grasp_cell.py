"""A cell of fakes for the stages of a grasp, and the sequence over it."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.grasp_sequence import GraspSequence
from dense_grasp_core.grasping.interfaces import GraspGoal, Located
from dense_grasp_core.motion.interfaces import PickPlan, PlanError
from dense_grasp_core.result_codes import MatchCode, Stage
from fake_cell import GRASP, HOME, FakeCell, settings, trajectory

CONTACT = GRASP[:3, 3]
PLAN = PickPlan(
    trajectory(HOME, HOME + 1), trajectory(HOME + 1, HOME + 2), trajectory(HOME + 2, HOME + 3), GRASP, 0, 0.2, {}
)


class Cell(FakeCell):
    """Fingers are open, and close on a cap 3 mm thick."""

    def __init__(self, start=HOME):
        super().__init__(start, fingers=0.08)
        #: m at which the fingers close, and where something else puts them during an action of the log.
        self.closes_at: float | None = 0.003
        self.moved_by_others: dict[str, float | None] = {}
        self.taught_names = ["contact", "axis_a", "axis_b"]
        self.code_of: dict[str, MatchCode] = {}
        self.plan_errors: list[PlanError | None] = []
        self.position = CONTACT

    def _do(self, what: str) -> None:
        super()._do(what)
        if what in self.moved_by_others:
            self.fingers = self.moved_by_others[what]

    # arm
    def execute(self, part, stop=None):
        name = {id(PLAN.to_pre_grasp): "to_pre_grasp", id(PLAN.approach): "approach", id(PLAN.lift): "lift"}
        self._do(name.get(id(part), "move"))
        self._go(part, stop)

    def wait_still(self, stop=None):
        self._do("still")

    # gripper
    def open(self, width, stop=None):
        self._do("open")
        self.fingers = width

    def grasp(self, stop=None):
        self.fingers = self.closes_at
        self._do("grasp")

    # perception
    def taught(self, object_id, stop=None):
        return self.taught_names

    def locate(self, object_id, keypoints, stop=None):
        self._do("locate")
        code = self._code()
        return [
            Located(k, self.code_of.get(k, code if i == 0 else MatchCode.OK), "said so", self.position, 5)
            for i, k in enumerate(keypoints)
        ]

    def points(self, stamp_ns, stop=None):
        self._do(f"points {stamp_ns}")
        return np.zeros((0, 3))

    # planner
    def plan_line(self, start, base_from_tcp, speed=None, stop=None):
        self._do(f"plan_line {base_from_tcp[2, 3]:.2f}")
        return trajectory(start, start)

    def plan_pick(self, request, stop=None):
        self.request = request
        self._do("plan_pick")
        error = self.plan_errors.pop(0) if self.plan_errors else None
        if error is not None:
            raise error
        return PLAN


def sequence(cell: Cell, stop_in: Stage | None = None, forces=(), memory=None, ready=None, **changes) -> GraspSequence:
    reached: list[Stage] = []
    told = list(forces)
    clock = count()

    def on_stage(stage, detail):
        reached.append(stage)
        cell.log.append(stage.name)

    made = GraspSequence(
        cell,
        cell,
        cell,
        cell,
        lambda found, points: [(found, points)],
        settings(**changes),
        on_stage=on_stage,
        stop=lambda: stop_in in reached,
        force=lambda: told.pop(0) if told else None,
        sleep=lambda seconds: cell._do("wait"),
        now=lambda: 0.02 * next(clock),
        memory=memory,
        check_ready=ready or (lambda stop: None),
    )
    made.reached = reached
    return made


def actions(cell: Cell) -> list[str]:
    return [entry for entry in cell.log if entry not in Stage.__members__ and entry != "wait"]


def fails(cell: Cell, goal=None, **changes) -> GraspFailure:
    with pytest.raises(GraspFailure) as failure:
        sequence(cell, **changes).run(goal or GraspGoal("cap"))
    assert "stop" in cell.log
    return failure.value
