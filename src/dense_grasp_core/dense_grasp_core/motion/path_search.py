"""A collision-free joint path by OMPL's RRTConnect, shortened and smoothed."""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import dataclass

import numpy as np
from ompl import base as ob
from ompl import geometric as og
from ompl import util as ou

from dense_grasp_core.errors import Canceled
from dense_grasp_core.motion.cartesian import describe
from dense_grasp_core.motion.collision import CollisionQueries
from dense_grasp_core.motion.interfaces import PlanError, StopCheck
from dense_grasp_core.result_codes import GraspCode

Array = np.ndarray
ou.setLogLevel(ou.LogLevel.LOG_ERROR)


@dataclass(frozen=True)
class PathOptions:
    """What a search may spend, and how closely it looks.

    Attributes:
        allowed_time: s of wall clock for the search.
        allowed_checks: arm positions that the search may test, None for as many as the time allows.
        simplify_checks: arm positions that are tested to shorten the path, at most (some hundreds more are possible).
        step: rad between two tested positions of a path.
        seed: of the random numbers, 1 or more; the same question then has the same answer, unless time runs out.
            0 draws others each time.
    """

    allowed_time: float = 2.0
    allowed_checks: int | None = None
    simplify_checks: int = 6000
    step: float = 0.03
    seed: int = 0


class _Budget:
    """Counts the tested positions of one question."""

    def __init__(self, options: PathOptions, stop: StopCheck | None):
        self._deadline = time.monotonic() + options.allowed_time
        self._checks = math.inf if options.allowed_checks is None else options.allowed_checks
        self._stop = stop
        self.tested = 0

    def stopped(self) -> bool:
        """Whether the caller gave up."""
        return self._stop is not None and self._stop()

    def over(self) -> bool:
        """Whether the search has to end."""
        return self.tested >= self._checks or time.monotonic() > self._deadline or self.stopped()


def find_path(
    checker: CollisionQueries,
    start: Array,
    goal: Array,
    options: PathOptions,
    stop: StopCheck | None = None,
) -> Array:
    """Polyline (N, 7) from `start` to `goal` (both (7,)), collision-free at steps of `options.step`.

    Raises PlanError START_IN_COLLISION, GOAL_IN_COLLISION, PLANNING_FAILED; Canceled.
    """
    for code, name, q in (
        (GraspCode.START_IN_COLLISION, "start", start),
        (GraspCode.GOAL_IN_COLLISION, "goal", goal),
    ):
        if not checker.free(q):
            raise PlanError(code, f"the {name} of the path is in collision: {describe(checker.contacts(q))}")
    direct = np.stack([start, goal])
    if checker.path_free(direct, options.step):
        return direct
    budget = _Budget(options, stop)
    for attempt in itertools.count():
        if options.seed > 0:
            _seed(options.seed + attempt)
        path = _search(checker, start, goal, options, budget)
        if budget.stopped():
            raise Canceled("planning was canceled")
        if path is not None and checker.path_free(path, options.step):
            return path
        if budget.over():
            break
    raise PlanError(
        GraspCode.PLANNING_FAILED,
        f"no collision-free path was found in {options.allowed_time:.1f} s and {budget.tested} tested arm positions",
    )


def _seed(seed: int) -> None:
    """Of the generators that OMPL makes from now on. It warns that those there already keep theirs: each search makes
    its own.
    """
    ou.setLogLevel(ou.LogLevel.LOG_NONE)
    ou.RNG.setSeed(seed)
    ou.setLogLevel(ou.LogLevel.LOG_ERROR)


def _search(
    checker: CollisionQueries,
    start: Array,
    goal: Array,
    options: PathOptions,
    budget: _Budget,
) -> Array | None:
    size = len(start)
    space = ob.RealVectorStateSpace(size)
    bounds = ob.RealVectorBounds(size)
    for i in range(size):
        bounds.setLow(i, float(min(checker.robot.lower[i], start[i], goal[i])))
        bounds.setHigh(i, float(max(checker.robot.upper[i], start[i], goal[i])))
    space.setBounds(bounds)
    setup = og.SimpleSetup(space)

    def valid(state: ob.State) -> bool:
        budget.tested += 1
        return bool(checker.free(np.array([state[i] for i in range(size)])))

    information = setup.getSpaceInformation()
    setup.setStateValidityChecker(valid)
    information.setStateValidityCheckingResolution(2 * options.step / space.getMaximumExtent())
    setup.setStartAndGoalStates(_state(space, start), _state(space, goal))
    setup.setPlanner(og.RRTConnect(information))

    if not setup.solve(ob.PlannerTerminationCondition(budget.over)) or not setup.haveExactSolutionPath():
        return None
    short_enough = budget.tested + options.simplify_checks
    setup.simplifySolution(ob.PlannerTerminationCondition(lambda: budget.tested >= short_enough or budget.stopped()))
    states = setup.getSolutionPath().getStates()
    path = np.array([[state[i] for i in range(size)] for state in states])
    path[0], path[-1] = start, goal
    return path


def _state(space: ob.RealVectorStateSpace, positions: Array) -> ob.State:
    state = space.allocState()
    for i, value in enumerate(positions):
        state[i] = float(value)
    return state
