"""A collision-free joint path by OMPL's RRTConnect, shortened and smoothed."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from ompl import base as ob
from ompl import geometric as og
from ompl import util as ou

from dense_grasp_core.codes import GraspCode
from dense_grasp_core.motion.cartesian import describe
from dense_grasp_core.motion.collision import CollisionChecker
from dense_grasp_core.motion.protocol import PlanCanceled, PlanError, StopCheck

Array = np.ndarray
ou.setLogLevel(ou.LogLevel.LOG_ERROR)


@dataclass(frozen=True)
class PathOptions:
    """allowed_time s for the search, simplify_time s for shortening, step rad between collision checks."""

    allowed_time: float = 2.0
    simplify_time: float = 0.15
    step: float = 0.03


def find_path(
    checker: CollisionChecker,
    start: Array,
    goal: Array,
    options: PathOptions,
    stop: StopCheck | None = None,
) -> Array:
    """Polyline (N, 7) from `start` to `goal` (both (7,)), collision-free at steps of `options.step`.

    Raises PlanError START_IN_COLLISION, GOAL_IN_COLLISION, PLANNING_FAILED; PlanCanceled.
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
    deadline = time.monotonic() + options.allowed_time
    while time.monotonic() < deadline:
        path = _search(checker, start, goal, options, deadline, stop)
        if stop is not None and stop():
            raise PlanCanceled("planning was canceled")
        if path is not None and checker.path_free(path, options.step):
            return path
    raise PlanError(GraspCode.PLANNING_FAILED, f"no collision-free path was found in {options.allowed_time:.1f} s")


def _search(
    checker: CollisionChecker,
    start: Array,
    goal: Array,
    options: PathOptions,
    deadline: float,
    stop: StopCheck | None,
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
        return bool(checker.free(np.array([state[i] for i in range(size)])))

    information = setup.getSpaceInformation()
    setup.setStateValidityChecker(valid)
    information.setStateValidityCheckingResolution(2 * options.step / space.getMaximumExtent())
    setup.setStartAndGoalStates(_state(space, start), _state(space, goal))
    setup.setPlanner(og.RRTConnect(information))

    def over() -> bool:
        return time.monotonic() > deadline or (stop is not None and stop())

    if not setup.solve(ob.PlannerTerminationCondition(over)) or not setup.haveExactSolutionPath():
        return None
    setup.simplifySolution(options.simplify_time)
    states = setup.getSolutionPath().getStates()
    path = np.array([[state[i] for i in range(size)] for state in states])
    path[0], path[-1] = start, goal
    return path


def _state(space: ob.RealVectorStateSpace, positions: Array) -> ob.State:
    state = space.allocState()
    for i, value in enumerate(positions):
        state[i] = float(value)
    return state
