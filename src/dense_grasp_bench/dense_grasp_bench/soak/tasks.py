"""What a user asks of the cell: grasps of every kind, locates, registrations, crowds of calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from builtin_interfaces.msg import Duration
from dense_grasp_core.result_codes import GraspCode, Stage

from dense_grasp_bench.soak.calls import SERVICE_PATIENCE, Caller, Sent, code_name
from dense_grasp_bench.soak.cell_under_test import CellUnderTest
from dense_grasp_bench.soak.store_tasks import delete_some, register_some
from dense_grasp_bench.taught_clicks import CAP
from dense_grasp_interfaces.action import GraspObject

GOALS_AT_ONCE = 20
REGISTERS_AT_ONCE = 100
SEEDS = (1000, 1_000_000)
REFEREE_PATIENCE = 30.0
#: s of a time-out that nobody can mean, among others that one can.
TIMEOUTS = (0, 1, 5, -3, 2**31 - 1)


@dataclass
class Tally:
    """What the referee said of goals that ended with SUCCESS."""

    lifted: int = 0
    not_lifted: int = 0


def new_cap(cell: CellUnderTest) -> bool:
    """An unseen cap at a random pose; False when the scene was not set."""
    seed = cell.rng.randrange(*SEEDS)
    answer = cell.caller.call("set_scene", scene="cap", seed=seed, random_pose=True, pose_seed=seed)
    return answer is not None and answer.success


def cap_goal(plan_only: bool = False) -> GraspObject.Goal:
    """A goal for the taught cap. What is held from before may be dropped."""
    return GraspObject.Goal(object_id=CAP.object_id, plan_only=plan_only, may_drop=True)


def pick(cell: CellUnderTest, tally: Tally) -> str:
    """A whole grasp, judged by the referee."""
    new_cap(cell)
    result = cell.caller.wait(cell.caller.send_goal(cap_goal(), "grasp"))
    if result is None:
        return "cut off"
    if result.code != GraspCode.SUCCESS:
        return f"{code_name(result)}: {result.message}"
    if _lifted(cell.caller):
        tally.lifted += 1
        return "lifted"
    tally.not_lifted += 1
    return "SUCCESS, but the referee saw no lift"


def _lifted(caller: Caller) -> bool:
    answers = [caller.call("get_report")]

    def said_so() -> bool:
        answers.append(caller.call("get_report"))
        return answers[-1] is None or answers[-1].lifted

    caller.until(said_so, REFEREE_PATIENCE)
    return answers[-1] is not None and bool(answers[-1].lifted)


def canceled(cell: CellUnderTest, tally: Tally) -> str:
    """A goal that is canceled in a drawn stage, or from its acceptance on."""
    new_cap(cell)
    sent = cell.caller.send_goal(cap_goal(), "grasp, canceled")
    stage = cell.rng.choice([0, *Stage])
    cell.caller.until(lambda: sent.closed or (sent.handle is not None and max([0, *sent.stages]) >= stage), 120.0)
    if not sent.closed:
        delay = cell.rng.uniform(0.0, 1.5)
        cell.caller.until(lambda: sent.closed, delay)
        cell.caller.cancel(sent)
    cell.caller.wait(sent)
    return f"canceled from stage {int(stage)} on: {sent.call.code or 'cut off'}"


def plan_only(cell: CellUnderTest, tally: Tally) -> str:
    """Plans, and moves nothing."""
    new_cap(cell)
    sent = cell.caller.send_goal(cap_goal(plan_only=True), "plan only")
    cell.caller.wait(sent)
    return sent.call.code or "cut off"


def unknown_object(cell: CellUnderTest, tally: Tally) -> str:
    """A goal for something that was never taught."""
    goal = GraspObject.Goal(object_id=f"never_taught_{cell.rng.randrange(100)}")
    sent = cell.caller.send_goal(goal, "unknown object")
    cell.caller.wait(sent)
    return sent.call.code or "cut off"


def empty_table(cell: CellUnderTest, tally: Tally) -> str:
    """A goal with nothing, or other things, on the table."""
    cell.caller.call("set_scene", scene="empty", seed=cell.rng.randrange(*SEEDS))
    sent = cell.caller.send_goal(cap_goal(), "empty table")
    cell.caller.wait(sent)
    return sent.call.code or "cut off"


def goals_at_once(cell: CellUnderTest, tally: Tally, count: int = GOALS_AT_ONCE) -> str:
    """Many goals in one moment: one runs, the others are told BUSY."""
    new_cap(cell)
    sent = [cell.caller.send_goal(cap_goal(plan_only=True), "goals at once") for _ in range(count)]
    return _count_codes(cell, sent)


def busy(cell: CellUnderTest, tally: Tally) -> str:
    """A second goal while the first is under way."""
    return goals_at_once(cell, tally, 2)


def locates(cell: CellUnderTest, tally: Tally) -> str:
    """Some locates at once, some with time-outs and times that make no sense."""
    sent = []
    for _ in range(cell.rng.randrange(1, 8)):
        fields = {
            "object_id": cell.rng.choice([CAP.object_id, CAP.object_id, "never_taught", "", "soak_1"]),
            "keypoints": cell.rng.choice([[], ["contact"], ["contact", "nobody"], ["axis_a", "axis_a"]]),
            "timeout": Duration(sec=cell.rng.choice(TIMEOUTS)),
        }
        if cell.rng.random() < 0.5:
            fields["not_before"] = cell.client.now()
            fields["not_before"].sec += cell.rng.choice((0, 0, 2))
        sent.append(cell.caller.send("locate", **fields))
    return _count_codes(cell, [one for one in sent if one is not None])


def registers(cell: CellUnderTest, tally: Tally) -> str:
    """Some points are taught, one after the other."""
    return _count_codes(cell, register_some(cell, cell.rng.randrange(1, 12)))


def registers_at_once(cell: CellUnderTest, tally: Tally) -> str:
    """A crowd of registrations in one moment."""
    return _count_codes(cell, register_some(cell, REGISTERS_AT_ONCE, at_once=True))


def delete(cell: CellUnderTest, tally: Tally) -> str:
    """An object that was taught, or was not, is forgotten."""
    return delete_some(cell)


def _count_codes(cell: CellUnderTest, sent: list[Sent]) -> str:
    cell.caller.until(lambda: all(one.closed for one in sent), SERVICE_PATIENCE)
    codes = [one.call.code or ("cut off" if one.closed else "NO ANSWER") for one in sent]
    return ", ".join(f"{codes.count(code)} x {code}" for code in sorted(set(codes)))


Task = Callable[[CellUnderTest, Tally], str]
#: Each task, and how often it is drawn.
TASKS: dict[Task, int] = {
    pick: 8,
    canceled: 3,
    plan_only: 1,
    unknown_object: 1,
    empty_table: 1,
    goals_at_once: 1,
    busy: 1,
    locates: 3,
    registers: 2,
    registers_at_once: 1,
    delete: 2,
}
