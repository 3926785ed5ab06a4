"""A state that another process writes is read whole, or not at all."""

from __future__ import annotations

import multiprocessing

import numpy as np
import pytest
from dense_grasp_franka.arm_state import SharedArmState, StateUnavailable

CONTEXT = multiprocessing.get_context("spawn")
WRITES = 20_000


def write_often(shared: SharedArmState) -> None:
    """Rows whose 28 numbers are equal: a torn read shows."""
    for count in range(1, WRITES + 1):
        row = [float(count)] * 7
        shared.write(1, count, row, row, row, row)


def test_nothing_written_yet():
    with pytest.raises(StateUnavailable, match="has not sent a state"):
        SharedArmState(CONTEXT).read()


def test_what_was_written_is_read():
    shared = SharedArmState(CONTEXT)
    shared.write(4, -1, list(range(7)), [0.1] * 7, [2.0] * 7, [3.0] * 7)
    state = shared.read()
    np.testing.assert_array_equal(state.positions, np.arange(7))
    assert (state.velocities == 0.1).all() and (state.efforts == 2.0).all() and (state.commanded == 3.0).all()
    assert (state.mode, state.row) == ("Reflex", -1)
    assert 0.0 <= state.age < 5.0


def test_reads_beside_a_writer_are_never_torn():
    shared = SharedArmState(CONTEXT)
    shared.write(1, 0, [0.0] * 7, [0.0] * 7, [0.0] * 7, [0.0] * 7)
    writer = CONTEXT.Process(target=write_often, args=(shared,))
    writer.start()
    last, reads = 0.0, 0
    while last < WRITES:
        assert writer.is_alive() or shared.read().row == WRITES
        state = shared.read()
        numbers = np.concatenate([state.positions, state.velocities, state.efforts, state.commanded])
        assert (numbers == state.row).all()
        assert numbers[0] >= last
        last, reads = numbers[0], reads + 1
    writer.join()
    assert reads > 10


def test_a_writer_that_was_stopped_in_between_is_told():
    shared = SharedArmState(CONTEXT)
    shared.write(1, 0, [0.0] * 7, [0.0] * 7, [0.0] * 7, [0.0] * 7)
    shared._memory[0] += 1.0
    with pytest.raises(StateUnavailable, match="half-written"):
        shared.read()
