"""No test has a bound on time that a busy machine can miss: read from the source of every test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TESTS = sorted(
    path
    for pattern in ("tests/**/*.py", "src/*/test/**/*.py", "underlay/*/test/**/*.py")
    for path in ROOT.glob(pattern)
)
CLOCKS = {"monotonic", "perf_counter", "time"}
#: s that something may take at most, and calls that wait for it, by the place of their time-out
LEAST = 50.0
WAITS = {"communicate": 1, "run": None, "join": 0, "wait_for_service": 0, "wait_for_server": 0, "result": 0}


def numbers(node: ast.expr) -> Iterator[float]:
    """The number that it is; none if it is something else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield float(node.value)


def spans(node: ast.Compare) -> Iterator[float]:
    """Numbers that a difference with a clock's reading must stay below."""
    sides = [node.left, *node.comparators]
    for small, operator, large in zip(sides, node.ops, sides[1:], strict=False):
        if isinstance(operator, (ast.Gt, ast.GtE)):
            small, large = large, small
        elif not isinstance(operator, (ast.Lt, ast.LtE)):
            continue
        calls = {getattr(call.func, "attr", "") for call in ast.walk(small) if isinstance(call, ast.Call)}
        if isinstance(small, ast.BinOp) and isinstance(small.op, ast.Sub) and calls & CLOCKS:
            yield from numbers(large)


def time_outs(call: ast.Call) -> Iterator[float]:
    """The time-out of a call that waits, where it is a number."""
    name = getattr(call.func, "attr", "")
    if name not in WAITS:
        return
    place = WAITS[name]
    given = [keyword.value for keyword in call.keywords if keyword.arg in ("timeout", "timeout_sec")]
    if place is not None and len(call.args) > place:
        given.append(call.args[place])
    for one in given:
        yield from numbers(one)


def hasty(source: str) -> list[str]:
    """What a busy machine may miss in a source, with its line."""
    found = []
    for node in ast.walk(ast.parse(source)):
        limits = spans(node) if isinstance(node, ast.Compare) else time_outs(node) if isinstance(node, ast.Call) else ()
        found += [f"line {node.lineno}: {limit:g} s" for limit in limits if limit < LEAST]
    return found


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_busy_machine_has_time(path: Path):
    """Show "at once" by what was not waited for; wait PATIENCE for what must happen."""
    assert not hasty(path.read_text()), f"{path}: expected at least {LEAST:g} s"


@pytest.mark.parametrize(
    "line",
    [
        "assert time.monotonic() - began < 4.0",
        "assert 0.4 < time.time() - began < 10",
        "thread.join(5.0)",
        "process.communicate(timeout=20)",
        "subprocess.run(command, timeout=30)",
        "assert client.wait_for_service(10.0)",
    ],
)
def test_what_is_looked_for_is_found(line: str):
    assert hasty(line)
