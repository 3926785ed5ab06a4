"""Kills a process that writes a store, at random moments of every kind of write call, and looks at what is left.

    python store_kills.py --kills 1000 --seed 0

A kill strikes one call, chosen evenly among the kinds, after a random part of the time that such a call takes. What had
returned before must be there, what was under way must be there whole or not at all. Exit code 1 when it is not.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.store import DescriptorStore, Row
from dense_grasp_core.store.maintenance import backup_store, check_store, restore_store

VERSION_1 = Path(__file__).parent / "data" / "store_v1.db"
CAMERA = CameraModel(640, 480, 600.0, 600.0, 319.5, 239.5)
KINDS = ("create", "migrate", "add", "overwrite", "delete", "delete_object", "backup", "restore")
OPENINGS = {"create": "create", "migrate": "migrate"}
OBJECTS, KEYPOINTS, BEFORE, AFTER = 4, 12, 3, 6
MARGIN = 1.2  # of a call's usual time: some kills come after it

Rows = dict[tuple[str, str], int]


@dataclass
class State:
    """What a store and its backups hold: a value for each row, from which all its bytes follow."""

    rows: Rows = field(default_factory=dict)
    backups: dict[str, Rows] = field(default_factory=dict)

    def copy(self) -> State:
        return State(dict(self.rows), {name: dict(rows) for name, rows in self.backups.items()})


@dataclass(frozen=True)
class Call:
    """One call on the store, with its effect."""

    kind: str
    object_id: str = ""
    keypoint: str = ""
    value: int = 0

    def apply(self, state: State) -> None:
        if self.kind in ("add", "overwrite"):
            state.rows[self.object_id, self.keypoint] = self.value
        elif self.kind == "delete":
            del state.rows[self.object_id, self.keypoint]
        elif self.kind == "delete_object":
            state.rows = {name: value for name, value in state.rows.items() if name[0] != self.object_id}
        elif self.kind == "backup":
            state.backups[self.object_id] = dict(state.rows)
        elif self.kind == "restore":
            state.rows = dict(state.backups[self.object_id])

    def run(self, path: Path, store: DescriptorStore) -> None:
        if self.kind in ("add", "overwrite"):
            overwrite = self.kind == "overwrite"
            vector, patch = contents(self.value)
            store.add(
                *(self.object_id, self.keypoint, vector, "m", self.value, 0.5, patch),
                overwrite=overwrite,
                camera=CAMERA,
                picture=patch[::-1],
            )
        elif self.kind == "delete":
            store.delete(self.object_id, self.keypoint)
        elif self.kind == "delete_object":
            store.delete(self.object_id)
        elif self.kind == "backup":
            backup_store(str(path), path.with_name(self.object_id))
        elif self.kind == "restore":
            restore_store(str(path), path.with_name(self.object_id))


def contents(value: int) -> tuple[np.ndarray, bytes]:
    """Vector and patch of a value; the patch takes one to six pages."""
    return np.full(64, value, np.float32), value.to_bytes(4, "little") * (500 + value % 5000)


def value_of(store: DescriptorStore, row: Row) -> int | None:
    """The value of a row; None for one that is not whole. Rows of the store of 0.1.0 are told by their model."""
    if row.model_id != "m":
        return len(row.keypoint)
    value = int(row.u)
    vector, patch = contents(value)
    picture = store.picture(row.object_id, row.keypoint)[1]
    return value if np.array_equal(row.descriptor, vector) and row.patch == patch == picture[::-1] else None


def content_of(path: Path) -> Rows | None:
    """Every row's value; None when something is not whole."""
    store = DescriptorStore(str(path))
    try:
        objects = {entry.object_id for entry in store.list().entries}
        found = {(row.object_id, row.keypoint): value_of(store, row) for name in objects for row in store.get_all(name)}
    finally:
        store.close()
    if check_store(str(path)).problems or None in found.values():
        return None
    return found  # type: ignore[return-value]


class Plan:
    """A folder with a store, what is known of it, and the calls that a writer is to make."""

    def __init__(self, folder: Path, generator: random.Random) -> None:
        self.path = folder / "store.db"
        self.state = State()
        self._folder = folder
        self._generator = generator
        self._count = 0

    def begin(self, kind: str) -> None:
        """A fresh folder for what needs one."""
        if kind in OPENINGS:
            shutil.rmtree(self._folder)
            self._folder.mkdir()
            self.state = State()
        if kind == "migrate":
            shutil.copy(VERSION_1, self.path)
            self.state.rows = {("cap", "contact"): 7, ("cap", "axis_a"): 6, ("mug", "handle"): 6}

    def calls(self, kind: str) -> tuple[list[Call], int]:
        """The calls, and the index of the one to strike."""
        state, made = self.state.copy(), [Call(OPENINGS.get(kind, "open"))]

        def call(wanted: str) -> None:
            for needed in self._needed(wanted, state):
                made.append(needed)
                needed.apply(state)

        if kind not in OPENINGS:
            for _ in range(BEFORE):
                call("add")
            call(kind)
        target = len(made) - 1
        for _ in range(AFTER):
            call(self._generator.choice(("add", "overwrite", "delete", "delete_object")))
        return made, target

    def _needed(self, kind: str, state: State) -> list[Call]:
        """The call, after what it needs to succeed."""
        self._count += 1
        value = self._generator.randrange(1, 2**22)
        taken = sorted(state.rows)
        names = [(f"object{o}", f"kp{k}") for o in range(OBJECTS) for k in range(KEYPOINTS)]
        free = [name for name in names if name not in state.rows]
        if kind == "add" and free:
            return [Call("add", *self._generator.choice(free), value)]
        if kind == "restore" and state.backups:
            return [Call("restore", self._generator.choice(sorted(state.backups)))]
        if kind in ("backup", "restore"):
            backup = Call("backup", f"backup{self._count}")
            return [backup] if kind == "backup" else [backup, Call("restore", backup.object_id)]
        if not taken:
            add = Call("add", *self._generator.choice(free), value)
            return [add, *([Call(kind, add.object_id, add.keypoint, value + 1)] if kind != "add" else [])]
        object_id, keypoint = self._generator.choice(taken)
        if kind == "delete_object":
            return [Call(kind, object_id)]
        return [Call("overwrite" if kind == "add" else kind, object_id, keypoint, value)]


def write(path: Path, calls: list[Call], pipe: int) -> None:
    """The child: makes the calls, and says before and after each."""
    store: DescriptorStore | None = None
    for index, call in enumerate(calls):
        os.write(pipe, f"b {index}\n".encode())
        began = time.perf_counter()
        if store is None:
            store = DescriptorStore(str(path))
        else:
            call.run(path, store)
        os.write(pipe, f"a {index} {time.perf_counter() - began}\n".encode())
    signal.pause()


def strike(path: Path, calls: list[Call], target: int, delay: float | None) -> tuple[int, int, list[float]]:
    """Runs the writer and kills it `delay` s into call `target` (None: after it).

    How many calls had begun, how many had returned, and the time of each that had.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            write(path, calls, writing)
        except BaseException as error:
            os.write(writing, f"failed {error!r}\n".encode())
        os._exit(3)
    os.close(writing)
    begun, times, struck = 0, [], False
    with os.fdopen(reading, "r") as lines:
        for line in lines:
            word, *rest = line.split()
            if word == "failed":
                os.waitpid(child, 0)
                raise SystemExit(f"the writer failed: {line.strip()} in {calls}")
            begun += word == "b"
            if word == "a":
                times.append(float(rest[1]))
            at_target = (word, rest[0]) == ("b" if delay is not None else "a", str(target))
            if at_target and not struck:
                struck = True
                time.sleep(delay or 0.0)
                os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return begun, len(times), times


def judge(plan: Plan, calls: list[Call], begun: int, returned: int) -> str:
    """before, after or idle for a store as it has to be; else what is wrong. The plan takes over what there is."""
    before = plan.state.copy()
    for call in calls[:returned]:
        call.apply(before)
    after = before.copy()
    under_way = calls[returned] if begun > returned else None
    if under_way is not None:
        under_way.apply(after)
        if under_way.kind == "backup" and not plan.path.with_name(under_way.object_id).exists():
            after.backups.pop(under_way.object_id)
    found = content_of(plan.path)
    if found is None:
        return "a row or a page is not whole"
    for name, rows in after.backups.items():
        backup = plan.path.with_name(name)
        if name not in plan.state.backups and content_of(backup) != rows:
            return f"backup {name} is not what the store was"
    if found not in (before.rows, after.rows):
        wrong = [name for name, value in before.rows.items() if found.get(name) not in (value, after.rows.get(name))]
        return f"{len(wrong)} acknowledged rows are lost or others: found {found}, expected {before.rows}"
    plan.state = State(found, after.backups)
    if len(plan.state.backups) > 3:
        for name in plan.state.backups:
            plan.path.with_name(name).unlink()
        plan.state.backups = {}
    if under_way is None:
        return "idle"
    made_backup = under_way.kind == "backup" and under_way.object_id in after.backups
    return "after" if made_backup or (found == after.rows and before.rows != after.rows) else "before"


def usual_times(plan: Plan, repeats: int) -> dict[str, float]:
    """Seconds that a call of each kind takes, median of an odd number."""
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for kind in KINDS * repeats:
        plan.begin(kind)
        calls, target = plan.calls(kind)
        begun, returned, measured = strike(plan.path, calls, target, None)
        times[kind].append(measured[target])
        judge(plan, calls, begun, returned)
    return {kind: sorted(found)[len(found) // 2] for kind, found in times.items()}


def run(kills: int, seed: int, folder: Path, say: Callable[[str], None] = print) -> int:
    """Number of kills after which something was wrong."""
    generator = random.Random(seed)
    plans = {}
    for name in ("fresh", "kept"):  # one for first openings, and one that lives through all the kills
        (folder / name).mkdir()
        plans[name] = Plan(folder / name, generator)
    usual = usual_times(plans["fresh"], 3 if kills > 100 else 1)
    results: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    rows = acknowledged = wrong = 0
    for number in range(kills):
        kind = KINDS[number % len(KINDS)]
        plan = plans["fresh" if kind in OPENINGS else "kept"]
        plan.begin(kind)
        calls, target = plan.calls(kind)
        delay = generator.random() * MARGIN * usual[kind]
        begun, returned, _ = strike(plan.path, calls, target, delay)
        result = judge(plan, calls, begun, returned)
        if result in ("before", "after", "idle"):
            results[kind]["beyond" if returned > target else result] += 1
            rows += len(plan.state.rows)
            acknowledged += returned
        else:
            wrong += 1
            say(f"kill {number} (seed {seed}), {calls[min(returned, len(calls) - 1)]}: {result}")
            plan.begin("create")  # go on from what is known
    say(f"{'kind':14} {'usual ms':>8} {'kills':>6} {'in it':>6} {'took effect':>11} {'after it':>8}")
    for kind, counted in results.items():
        within = counted["before"] + counted["after"]
        say(
            f"{kind:14} {1000 * usual[kind]:8.1f} {sum(counted.values()):6} {within:6} {counted['after']:11} "
            f"{counted['beyond'] + counted['idle']:8}"
        )
    say(
        f"seed {seed}: {kills} kills, {acknowledged} acknowledged calls, {rows} rows looked at, "
        f"{wrong} times something lost or not whole"
    )
    return wrong


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return 1 if run(arguments.kills, arguments.seed, Path(folder)) else 0


if __name__ == "__main__":
    sys.exit(main())
