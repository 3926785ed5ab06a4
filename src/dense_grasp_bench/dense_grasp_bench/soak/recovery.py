"""After a trouble: is everything back, and does it see and grasp again?"""

from __future__ import annotations

import time

from dense_grasp_client.connection import GraphError
from dense_grasp_core.result_codes import GraspCode, MatchCode
from rclpy.duration import Duration

from dense_grasp_bench.soak.cell_under_test import CellUnderTest
from dense_grasp_bench.taught_clicks import CAP, TRAINING_SEED
from dense_grasp_interfaces.action import GraspObject

#: s of wall clock in which a cell has to be as it was. A killed server looks alive to its clients for 20 s.
RECOVERY_PATIENCE = 120.0
PROBE_PATIENCE = 6.0
BLIND = {MatchCode.NO_FRAME, MatchCode.STALE, MatchCode.NO_TF, MatchCode.STORE_ERROR, MatchCode.BUSY}
UNFIT = {
    GraspCode.PERCEPTION_UNAVAILABLE,
    GraspCode.PLANNER_UNAVAILABLE,
    GraspCode.CONTROLLER_UNAVAILABLE,
    GraspCode.JOINT_STATE_STALE,
    GraspCode.GRIPPER_UNAVAILABLE,
    GraspCode.BUSY,
    GraspCode.CLOCK_ERROR,
    GraspCode.INTERNAL_ERROR,
}


def recover(cell: CellUnderTest) -> tuple[float, str]:
    """Wait until the cell is whole; (s that it took, what it still lacked after the patience or "")."""
    began = time.monotonic()
    lacks = "not asked"

    def whole() -> bool:
        nonlocal lacks
        lacks = _lacking(cell)
        return not lacks

    cell.caller.until(lambda: cell.caller.agenda.empty, RECOVERY_PATIENCE)
    for pid in list(cell.stopped):
        cell.go_on(pid)
    cell.caller.until(whole, RECOVERY_PATIENCE)
    if not lacks:
        for node in cell.replaced:
            cell.caller.ledger.server_is_back(node)
        cell.replaced.clear()
    return time.monotonic() - began, lacks


def _lacking(cell: CellUnderTest) -> str:
    pids = cell.log.read().pids
    cell.change_back()
    if cell.changed:
        return f"{', '.join(f'{name} of {node}' for node, name in cell.changed)} cannot be set back"
    gone = [node for node in cell.replaced if pids[node] in cell.killed]
    if gone:
        return f"{', '.join(gone)} was not started again"
    try:
        return _probe(cell)
    except GraphError as error:
        return str(error)


def _probe(cell: CellUnderTest) -> str:
    """What a user would miss; calls of its own, which the ledger does not count."""
    client = cell.client
    listed = client.call("list", PROBE_PATIENCE, object_id=CAP.object_id)
    if listed.code != listed.OK:
        return f"list answers {listed.code}: {listed.message}"
    taught = {row.keypoint for row in listed.taught}
    if not taught >= CAP.clicks.keys():
        client.forget_descriptors()
        cell.session.set_for(CAP, TRAINING_SEED)
        cell.session.teach()
        cell.note_taught()
        return "the lesson was not in the store"
    answer = client.call(
        "locate",
        PROBE_PATIENCE,
        object_id=CAP.object_id,
        not_before=client.now(),
        timeout=Duration(seconds=3.0).to_msg(),
    )
    if answer.code in BLIND:
        return f"locate answers {MatchCode(answer.code).name}: {answer.message}"
    goal = GraspObject.Goal(object_id=CAP.object_id, plan_only=True)
    result = client.grasp(goal, 40.0, accept_timeout=PROBE_PATIENCE)
    if result.code in UNFIT or result.code in {GraspCode.PERCEPTION + code for code in BLIND}:
        return f"a plan-only goal ends with {result.code}: {result.message}"
    return ""
