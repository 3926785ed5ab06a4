"""What is printed: a line a round, and the table at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dense_grasp_bench.soak.ledger import Line
from dense_grasp_bench.soak.meter import Trend
from dense_grasp_bench.soak.rows import Key
from dense_grasp_bench.soak.tasks import Tally

#: What files of processes that are gone may take in /dev/shm at the end beyond the start.
SHARED_MEMORY_ALLOWED = 200e6


@dataclass
class Findings:
    """Everything that a soak found out.

    ends: (node, cause) of every end of a process. never_recovered: what was still lacking, with the trouble before it.
    shared_memory: bytes in use, and bytes left behind, at (start, end). acknowledged: registrations answered OK.
    """

    seconds: float = 0.0
    rounds: int = 0
    lines: Sequence[Line] = ()
    tally: Tally = field(default_factory=Tally)
    troubles: Mapping[str, int] = field(default_factory=dict)
    ends: Sequence[tuple[str, str]] = ()
    trends: Sequence[Trend] = ()
    shared_memory: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))
    lost: Sequence[Key] = ()
    reappeared: Sequence[Key] = ()
    acknowledged: int = 0
    present: int = 0
    never_recovered: list[str] = field(default_factory=list)
    slowest_recovery: Mapping[str, float] = field(default_factory=dict)

    @property
    def died_by_themselves(self) -> list[tuple[str, str]]:
        """Ends of processes that nobody killed."""
        return [(node, cause) for node, cause in self.ends if cause.startswith("by itself")]

    @property
    def shared_memory_grew(self) -> bool:
        """Whether more was left behind in /dev/shm than is allowed."""
        (_, before), (_, after) = self.shared_memory
        return after - before > SHARED_MEMORY_ALLOWED

    def faults(self) -> list[str]:
        """What must not be; empty after a good soak."""
        found = [f"{line.unanswered} x {line.kind}: no answer" for line in self.lines if line.unanswered]
        found += [f"lost: {object_id}/{keypoint}" for object_id, keypoint in self.lost]
        found += [f"deleted and still there: {object_id}/{keypoint}" for object_id, keypoint in self.reappeared]
        found += [f"{trend.node}: {trend.measure} grew" for trend in self.trends if trend.grew]
        found += ["/dev/shm grew"] if self.shared_memory_grew else []
        found += [f"{node} ended {cause}" for node, cause in self.died_by_themselves]
        found += [f"not recovered: {what}" for what in self.never_recovered]
        return found


def text(findings: Findings) -> str:
    """The table."""
    parts = [
        [f"{findings.rounds} rounds in {findings.seconds / 60.0:.1f} minutes"],
        _calls(findings.lines),
        [
            f"SUCCESS: the referee saw {findings.tally.lifted} lifted and {findings.tally.not_lifted} not",
            f"taught: {findings.acknowledged} registrations acknowledged, {findings.present} rows at the end, "
            f"{len(findings.lost)} lost, {len(findings.reappeared)} deleted and still there",
        ],
        _ends(findings.ends),
        _troubles(findings.troubles, findings.slowest_recovery),
        _trends(findings.trends),
        _shared_memory(findings),
    ]
    wrong = findings.faults()
    parts.append(["NOT AS IT MUST BE:", *(f"  {line}" for line in wrong)] if wrong else ["all answered, nothing lost"])
    return "\n\n".join("\n".join(part) for part in parts if part)


def _calls(lines: Sequence[Line]) -> list[str]:
    rows = [f"{'calls':18s}{'sent':>7s}{'answered':>10s}{'cut off':>9s}{'no answer':>11s}{'slowest':>10s}  codes"]
    for line in lines:
        codes = ", ".join(f"{count} x {code}" for code, count in line.codes.items())
        rows.append(
            f"{line.kind:18s}{line.sent:7d}{line.answered:10d}{line.cut_off:9d}{line.unanswered:11d}"
            f"{line.slowest:8.1f} s  {codes}"
        )
    return [*rows, "(cut off: the node was killed while it worked on the call)"]


def _ends(ends: Sequence[tuple[str, str]]) -> list[str]:
    counted = Counter(ends)
    return [
        "ends of processes, each started again by launch:" if counted else "no process ended",
        *(f"  {node:22s}{count:4d} x {cause}" for (node, cause), count in sorted(counted.items())),
    ]


def _troubles(troubles: Mapping[str, int], slowest: Mapping[str, float]) -> list[str]:
    return [
        "troubles, and the longest time until everything was as before:",
        *(f"  {name:34s}{count:4d} x {slowest.get(name, 0.0):7.1f} s" for name, count in sorted(troubles.items())),
    ]


def _trends(trends: Sequence[Trend]) -> list[str]:
    head = f"{'process':22s}{'':9s}{'first':>9s}{'last':>9s}{'per hour':>10s}{'life':>9s}"
    rows = [f"{head}   (quarters of its longest life)"]
    for t in trends:
        scale, unit = (1e6, " MB") if t.measure == "memory" else (1.0, "   ")
        rows.append(
            f"{t.node:22s}{t.measure:9s}{t.first / scale:6.0f}{unit}{t.last / scale:6.0f}{unit}"
            f"{t.slope / scale:+7.0f}{unit}{t.life / 60.0:5.1f} min{'   GREW' if t.grew else ''}"
        )
    return rows


def _shared_memory(findings: Findings) -> list[str]:
    (before, left_before), (after, left_after) = findings.shared_memory
    return [
        f"/dev/shm: {before / 1e6:.0f} MB at the start, {after / 1e6:.0f} MB at the end; "
        f"of ended processes {left_before / 1e6:.0f} MB and {left_after / 1e6:.0f} MB"
    ]
