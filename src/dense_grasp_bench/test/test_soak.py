"""The parts of the soak test that need no graph: its books, its meter, its agenda, its messages, its table."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import pytest
from dense_grasp_bench.soak import meter
from dense_grasp_bench.soak.agenda import Agenda
from dense_grasp_bench.soak.calls import code_name
from dense_grasp_bench.soak.hostile import broken_transform, message_class, nasty_message
from dense_grasp_bench.soak.launch_log import LaunchLog
from dense_grasp_bench.soak.ledger import Ledger
from dense_grasp_bench.soak.meter import Meter, Sample, shared_memory
from dense_grasp_bench.soak.report import Findings, text
from dense_grasp_bench.soak.rows import RowBook
from dense_grasp_bench.soak.troubles import all_troubles
from dense_grasp_sim.ros.faults import FAULTS
from rclpy.serialization import deserialize_message, serialize_message

from dense_grasp_interfaces.action import GraspObject
from dense_grasp_interfaces.srv import LocateKeypoints, RegisterDescriptor


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_call_without_an_answer_is_reported():
    clock = Clock()
    ledger = Ledger(clock)
    first, second = ledger.sent("locate", "query_node"), ledger.sent("locate", "query_node")
    clock.now = 3.0
    ledger.answered(first, "OK")
    assert ledger.unanswered == [second]
    (line,) = ledger.lines()
    assert (line.sent, line.answered, line.unanswered, line.slowest) == (2, 1, 1, 3.0)
    assert Findings(lines=ledger.lines()).faults() == ["1 x locate: no answer"]


def test_a_killed_server_owes_no_answer_until_it_is_back():
    ledger = Ledger()
    open_call, other = ledger.sent("locate", "query_node"), ledger.sent("grasp", "grasp_executor")
    ledger.server_went_down("query_node")
    while_down = ledger.sent("list", "query_node")
    ledger.server_is_back("query_node")
    after = ledger.sent("list", "query_node")
    assert open_call.closed and while_down.closed and not after.closed and not other.closed
    ledger.answered(open_call, "OK")  # it had been sent before the kill
    assert [line.cut_off for line in ledger.lines()] == [0, 1, 0]


def test_rows():
    book = RowBook()
    for key in (("a", "p"), ("a", "q"), ("b", "p")):
        book.write_sent([key])
        book.registered(key, (1.0, 2.0))
    book.write_sent([("b", "p")])
    book.deleted([("b", "p")])
    book.write_sent([("c", "p")])  # its node was killed: there or not there, both are right
    assert not book.compare({("a", "p"): (1.0, 2.0), ("a", "q"): (1.0, 2.0)})
    assert not book.compare({("a", "p"): (1.0, 2.0), ("a", "q"): (1.0, 2.0), ("c", "p"): (5.0, 5.0)})
    difference = book.compare({("a", "p"): (9.0, 2.0), ("b", "p"): (1.0, 2.0)})
    assert difference.lost == (("a", "p"), ("a", "q")) and difference.reappeared == (("b", "p"),)


def test_a_write_that_was_refused_leaves_the_row():
    book = RowBook()
    book.write_sent([("a", "p")])
    book.registered(("a", "p"), (1.0, 2.0))
    book.write_sent([("a", "p")])
    book.refused([("a", "p")])
    assert book.compare({}).lost == (("a", "p"),)


def test_agenda_does_what_is_due_in_order():
    clock, done = Clock(), []
    agenda = Agenda(clock)
    agenda.after(2.0, lambda: done.append("second"))
    agenda.after(1.0, lambda: done.append("first"))
    agenda.after(9.0, lambda: done.append("never"), background=True)
    agenda.tick()
    assert not done and not agenda.empty
    clock.now = 5.0
    agenda.tick()
    assert done == ["first", "second"] and agenda.empty


def test_launch_log_is_read_as_it_grows(tmp_path):
    log = tmp_path / "graph.log"
    log.write_text("[INFO] [query_node-3]: process started with pid [11]\n[INFO] [query_node-3]: process st")
    read = LaunchLog(log).read()
    assert read.pids == {"query_node": 11} and not read.ends
    with log.open("a") as file:
        file.write("arted with pid [12]\n[ERROR] [query_node-3]: process has died [pid 11, exit code -9, cmd 'x'].\n")
    read.read()
    assert read.pids == {"query_node": 12} and read.starts == {"query_node": 2}
    assert read.ends == [("query_node", 11, -9)]


def life(node: str, pid: int, memory, start: float = 0.0) -> list[Sample]:
    """A sample every 5 s."""
    return [Sample(start + 5.0 * i, node, pid, 5.0 * i, value, 30.0, 9.0) for i, value in enumerate(memory)]


def test_growth_is_told_from_a_level():
    m = Meter()
    m.samples = life("steady", 1, [300e6 + 1e6 * (i % 3) for i in range(200)])
    m.samples += life("growing", 2, [300e6 + 1e6 * i for i in range(200)])
    trends = {(t.node, t.measure): t for t in m.trends()}
    assert not trends["steady", "memory"].grew and trends["growing", "memory"].grew
    assert trends["growing", "memory"].slope == pytest.approx(720e6)
    assert not trends["growing", "files"].grew
    assert Findings(trends=m.trends()).faults() == ["growing: memory grew"]


def test_a_start_is_no_growth():
    """A process that was started again is judged by each of its lives."""
    m = Meter()
    m.samples = life("node", 1, [100e6] * 20 + [300e6] * 80) + life("node", 2, [100e6] * 12 + [300e6] * 8, 600.0)
    memory = next(t for t in m.trends() if t.measure == "memory")
    first_life = [s for s in m.samples if s.pid == 1 and s.age >= meter.WARM_UP]
    assert memory.life == first_life[-1].time - first_life[0].time
    assert memory.last == 300e6 and not memory.grew


def test_meter_sees_a_real_process():
    m = Meter()
    program = "import time; a = bytearray(50_000_000); print(1, flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        m.look(0.0, {"one": process.pid, "gone": 2**22 + 1})
    finally:
        process.kill()
        process.wait()
    (sample,) = m.samples
    assert sample.node == "one" and 50e6 < sample.memory < 200e6 and sample.files >= 3 and sample.threads == 1


def test_shared_memory_that_nobody_maps(tmp_path):
    folder, processes = tmp_path / "shm", tmp_path / "proc"
    folder.mkdir()
    for name in ("fastrtps_1", "fastrtps_2", "other"):
        (folder / name).write_bytes(os.urandom(8192))
    (processes / "7").mkdir(parents=True)
    (processes / "7" / "maps").write_text(f"7f00-7f01 rw-s 00000000 00:17 9   {folder}/fastrtps_1\n")
    assert shared_memory(folder, processes) == (16384, 8192)


@pytest.mark.parametrize("name", [
    "sensor_msgs/msg/Image", "sensor_msgs/msg/CameraInfo", "sensor_msgs/msg/JointState", "tf2_msgs/msg/TFMessage",
    "dense_grasp_interfaces/msg/DescriptorImage", "diagnostic_msgs/msg/DiagnosticStatus",
    "action_msgs/msg/GoalStatusArray", "std_msgs/msg/String",
])  # fmt: skip
def test_nasty_messages_can_be_sent_and_differ(name):
    kind, rng = message_class(name), random.Random(0)
    sent = {bytes(serialize_message(nasty_message(kind, rng))) for _ in range(20)}
    assert len(sent) > 5
    for data in sent:
        deserialize_message(data, kind)


def test_nasty_messages_come_from_the_seed():
    kind = message_class("sensor_msgs/msg/JointState")
    first, second = (str(nasty_message(kind, random.Random(3))) for _ in range(2))
    assert first == second != str(nasty_message(kind, random.Random(4)))


def test_broken_transform_names_its_frames():
    transform = broken_transform("a", "b", random.Random(0)).transforms[0]
    assert (transform.header.frame_id, transform.child_frame_id) == ("a", "b")


def test_every_node_and_every_fault_of_the_cell_has_its_trouble():
    troubles = all_troubles(["query_node", "sim_cell"])
    names = {trouble.name for kind in troubles.values() for trouble in kind}
    assert {f"fault {fault}" for fault in FAULTS if fault} <= names
    assert {"kill -9 query_node", "pause query_node", "kill -9 sim_cell", "pause sim_cell"} <= names


def test_codes_have_names():
    assert code_name(GraspObject.Result(code=104)) == "104 MODEL_MISMATCH"
    assert code_name(GraspObject.Result(code=501)) == "501 BUSY"
    assert code_name(GraspObject.Result(code=777)) == "777 777"
    assert code_name(LocateKeypoints.Response(code=5)) == "LOW_SCORE"
    assert code_name(RegisterDescriptor.Response(code=15)) == "PIXEL_OUTSIDE"


def test_the_table_says_what_is_wrong():
    good = Findings(ends=[("query_node", "kill -9")])
    assert not good.faults() and "all answered, nothing lost" in text(good)
    bad = Findings(
        ends=[("query_node", "by itself, exit code 1")],
        lost=[("cap", "contact")],
        never_recovered=["pause query_node: locate answers NO_FRAME"],
        shared_memory=((0, 0), (10**9, 10**9)),
    )
    assert len(bad.faults()) == 4
    assert all(fault in text(bad) for fault in bad.faults())
