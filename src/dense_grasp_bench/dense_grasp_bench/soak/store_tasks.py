"""Registrations and deletions, booked row by row."""

from __future__ import annotations

from dense_grasp_bench.soak.calls import SERVICE_PATIENCE, Sent, code_name
from dense_grasp_bench.soak.cell_under_test import CellUnderTest
from dense_grasp_bench.soak.rows import Key

OBJECTS = 40
KEYPOINTS = 10
IMAGE = (640, 480)


def register_some(cell: CellUnderTest, count: int, at_once: bool = False) -> list[Sent]:
    """Teach `count` drawn pixels under drawn names, one after the other or all in one moment."""
    keys = [(f"soak_{n // KEYPOINTS}", f"p{n % KEYPOINTS}") for n in cell.rng.sample(range(OBJECTS * KEYPOINTS), count)]
    sent = []
    for key in keys:
        one = _register(cell, key)
        if one is None:
            continue
        sent.append((key, one))
        if not at_once:
            _wait(cell, [one])
    _wait(cell, [one for _, one in sent])
    for key, one in sent:
        if one.answer is not None and one.answer.code != one.answer.OK:
            cell.rows.refused([key])
        elif one.answer is not None:
            row = one.answer.taught
            cell.rows.registered(key, (row.u, row.v))
    return [one for _, one in sent]


def _wait(cell: CellUnderTest, sent: list[Sent]) -> None:
    cell.caller.until(lambda: all(one.closed for one in sent), SERVICE_PATIENCE)


def _register(cell: CellUnderTest, key: Key) -> Sent | None:
    u, v = (float(cell.rng.randrange(size)) for size in IMAGE)
    cell.rows.write_sent([key])
    one = cell.caller.send("register", object_id=key[0], keypoint=key[1], u=u, v=v, overwrite=True)
    if one is None:
        cell.rows.refused([key])
    return one


def delete_some(cell: CellUnderTest) -> str:
    """Delete a drawn object whole, or one of its points; the answer's code."""
    object_id = f"soak_{cell.rng.randrange(OBJECTS)}"
    keypoint = cell.rng.choice(["", f"p{cell.rng.randrange(KEYPOINTS)}"])
    keys = [key for key in cell.rows.of_object(object_id) if keypoint in ("", key[1])]
    cell.rows.write_sent(keys)
    answer = cell.caller.call("delete", object_id=object_id, keypoint=keypoint)
    if answer is None:
        return "cut off"
    if answer.code == answer.OK or answer.code == answer.UNKNOWN_KEYPOINT:
        cell.rows.deleted(keys)
    else:
        cell.rows.refused(keys)
    return code_name(answer)
