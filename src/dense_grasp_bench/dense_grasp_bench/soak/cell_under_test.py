"""The graph that is soaked, with everything that is booked about it."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dense_grasp_client.connection import GraphError

from dense_grasp_bench.graph_client import GraphClient
from dense_grasp_bench.session import CellSession
from dense_grasp_bench.soak.calls import Caller
from dense_grasp_bench.soak.hostile import HostileSender
from dense_grasp_bench.soak.launch_log import LaunchLog
from dense_grasp_bench.soak.rows import Key, Pixel, RowBook
from dense_grasp_bench.taught_clicks import CAP

LIST_PATIENCE = 60.0
PAGE = 1000


@dataclass
class CellUnderTest:
    """killed: cause of the end of each process that this program killed. stopped: processes that are paused."""

    caller: Caller
    session: CellSession
    log: LaunchLog
    store: Path
    hostile: HostileSender
    rng: random.Random
    rows: RowBook = field(default_factory=RowBook)
    lost: set[Key] = field(default_factory=set)
    reappeared: set[Key] = field(default_factory=set)
    killed: dict[int, str] = field(default_factory=dict)
    stopped: set[int] = field(default_factory=set)
    replaced: set[str] = field(default_factory=set)
    changed: dict[tuple[str, str], Any] = field(default_factory=dict)

    @property
    def client(self) -> GraphClient:
        """The client that talks to it."""
        return self.caller.client

    def pid(self, node: str) -> int:
        """Process of a node."""
        return self.log.read().pids[node]

    def kill(self, node: str, cause: str) -> None:
        """kill -9; what the node was asked and has not answered is not owed any more."""
        pid = self.pid(node)
        self.killed[pid] = cause
        self.replaced.add(node)
        self.caller.ledger.server_went_down(node)
        _signal(pid, signal.SIGKILL)

    def pause(self, node: str) -> int:
        """SIGSTOP; the process."""
        pid = self.pid(node)
        self.stopped.add(pid)
        _signal(pid, signal.SIGSTOP)
        return pid

    def go_on(self, pid: int) -> None:
        """SIGCONT."""
        self.stopped.discard(pid)
        _signal(pid, signal.SIGCONT)

    def change(self, node: str, name: str, value: Any, normal: Any) -> None:
        """Set a parameter; `change_back` sets it to `normal`. A node that does not answer is left as it is."""
        self.changed[node, name] = normal
        with suppress(GraphError):
            self.client.set_parameter(node, name, value)

    def change_back(self) -> None:
        """Every parameter that was changed is as before; those whose node does not answer stay in `changed`."""
        for (node, name), normal in list(self.changed.items()):
            with suppress(GraphError):
                self.client.set_parameter(node, name, normal, timeout=5.0)
                del self.changed[node, name]

    # the store

    def listed(self) -> dict[Key, Pixel] | None:
        """Every row that the store lists; None when it does not answer OK."""
        found: dict[Key, Pixel] = {}
        while True:
            answer = self.caller.call("list", offset=len(found), limit=PAGE)
            if answer is None or answer.code != answer.OK:
                return None
            before = len(found)
            found.update({(row.object_id, row.keypoint): (row.u, row.v) for row in answer.taught})
            if len(found) == before or len(found) >= answer.total:
                return found

    def note_taught(self) -> None:
        """Book the rows of the lesson as they are listed, once the store answers."""
        rows: list[dict[Key, Pixel]] = []

        def answered() -> bool:
            listed = self.listed()
            rows.extend([] if listed is None else [listed])
            return bool(rows)

        self.caller.until(answered, LIST_PATIENCE)
        for key, pixel in (rows[0] if rows else {}).items():
            if key[0] == CAP.object_id:
                self.rows.registered(key, pixel)

    def check_rows(self) -> None:
        """Note rows that were acknowledged and are not as they were."""
        present = self.listed()
        if present is None:
            return
        difference = self.rows.compare(present)
        self.lost.update(difference.lost)
        self.reappeared.update(difference.reappeared)
        # Each is counted once.
        self.rows.replaced_by(present)

    def backup(self, target: Path) -> Mapping[Key, Pixel]:
        """Copy the database as an operator would; the rows that are in the copy for certain."""
        target.unlink(missing_ok=True)
        source, copy = sqlite3.connect(self.store), sqlite3.connect(target)
        try:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
        finally:
            copy.close()
            source.close()
        return self.rows.rows

    def replace_store(self, backup: Path | None, rows: Mapping[Key, Pixel]) -> None:
        """Remove the database's files while it is open, or move a backup over it and leave its log as it is."""
        if backup is not None:
            backup.replace(self.store)
        else:
            for path in self.store.parent.glob(f"{self.store.name}*"):
                path.unlink()
        self.rows.replaced_by(rows)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
