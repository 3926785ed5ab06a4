"""What goes wrong with the cell, drawn from a seed: nodes killed and paused, faults of devices, store and clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dense_grasp_sim.ros.faults import FAULTS
from rosgraph_msgs.msg import Clock

from dense_grasp_bench.soak.cell_under_test import CellUnderTest
from dense_grasp_bench.soak.store_tasks import register_some

#: s from the beginning of a call to the trouble, and how long a trouble lasts.
LATEST_BEGIN = 12.0
DURATION = (0.5, 8.0)
LONG_PAUSE = 25.0
CLOCK_STEPS = (-50.0, 100.0)
RATES = (1e-9, 0.0, 10.0)
FACTORS = (0.3, 3.0)
STORELESS_S = 8.0  # until the operator acts
FRAMES = (("fr3_link3", "fr3_link4"), ("fr3_hand", "camera_link"), ("camera_link", "camera_color_optical_frame"))

Begin = Callable[[CellUnderTest], Callable[[], None] | None]


@dataclass(frozen=True)
class Trouble:
    """`begin` starts it and returns what ends it, None for what is over at once. between: only when no call is open."""

    name: str
    begin: Begin
    between: bool = False


def schedule(trouble: Trouble, cell: CellUnderTest) -> None:
    """Put a trouble on the agenda, for a while from some time on; at once when it is for between calls."""
    if trouble.between:
        trouble.begin(cell)
        return
    length = LONG_PAUSE if cell.rng.random() < 0.1 else cell.rng.uniform(*DURATION)

    def begin() -> None:
        end = trouble.begin(cell)
        if end is not None:
            cell.caller.agenda.after(length, end)

    cell.caller.agenda.after(cell.rng.uniform(0.0, LATEST_BEGIN), begin)


def _kill(node: str) -> Trouble:
    return Trouble(f"kill -9 {node}", lambda cell: cell.kill(node, "kill -9"))


def _pause(node: str) -> Trouble:
    def begin(cell: CellUnderTest) -> Callable[[], None]:
        pid = cell.pause(node)
        return lambda: cell.go_on(pid)

    return Trouble(f"pause {node}", begin)


def _fault(fault: str) -> Trouble:
    def begin(cell: CellUnderTest) -> Callable[[], None]:
        cell.change("sim_cell", "fault", fault, "")
        return cell.change_back

    return Trouble(f"fault {fault}", begin)


def _remove_store(cell: CellUnderTest) -> None:
    """Then query_node is started anew: there is no backup, so that is what an operator is told to do."""
    cell.replace_store(None, {})
    cell.caller.agenda.after(STORELESS_S, lambda: cell.kill("query_node", "restarted for an empty store"))


def _restore_backup(cell: CellUnderTest) -> None:
    if not cell.store.exists():
        return
    backup = cell.store.with_suffix(".backup")
    rows = cell.backup(backup)
    register_some(cell, 5)
    cell.replace_store(backup, rows)


def _hostile_messages(cell: CellUnderTest) -> None:
    topics = cell.hostile.topics()
    for topic in cell.rng.sample(topics, min(8, len(topics))):
        cell.hostile.send(topic, cell.rng, cell.client.now())


def _hostile_transforms(cell: CellUnderTest) -> None:
    for _ in range(10):
        cell.hostile.send_transform(*cell.rng.choice(FRAMES), cell.rng, cell.client.now())


def _clock_jump(cell: CellUnderTest) -> None:
    stamp = cell.client.now()
    stamp.sec = max(0, stamp.sec + round(cell.rng.choice(CLOCK_STEPS)))
    cell.hostile.send_exactly("/clock", Clock(clock=stamp))


def _slow_or_fast(cell: CellUnderTest) -> Callable[[], None]:
    cell.change("sim_cell", "real_time_factor", cell.rng.choice(FACTORS), 1.0)
    return cell.change_back


def _odd_rate(cell: CellUnderTest) -> Callable[[], None]:
    cell.change("descriptor_node", "max_rate", cell.rng.choice(RATES), 10.0)
    return cell.change_back


def all_troubles(nodes: list[str]) -> dict[str, list[Trouble]]:
    """Every trouble of a cell with these nodes, by kind; each kind is drawn as often as another."""
    return {
        "kill": [_kill(node) for node in nodes],
        "pause": [_pause(node) for node in nodes],
        "fault": [_fault(fault) for fault in FAULTS if fault],
        "store": [
            Trouble("store files removed", _remove_store, between=True),
            Trouble("backup moved over the store", _restore_backup, between=True),
        ],
        "messages": [Trouble("hostile messages", _hostile_messages), Trouble("broken transforms", _hostile_transforms)],
        "clock": [Trouble("clock jump", _clock_jump), Trouble("other speed", _slow_or_fast)],
        "parameter": [Trouble("odd max_rate", _odd_rate)],
    }
