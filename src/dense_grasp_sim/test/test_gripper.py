"""The hand behaves as libfranka documents it."""

import pytest
from dense_grasp_sim.devices.gripper import GripperCommand, GripperError
from dense_grasp_sim.physics.physics_check import GRASP_FORCE, PINCH_DEPTH, TopDownIk, move, top_down
from dense_grasp_sim.physics.simulator import Simulator


def finish(simulator: Simulator, command: GripperCommand, limit: float = 5.0):
    end = simulator.time + limit
    while command.outcome is None:
        assert simulator.time < end, "the command does not end"
        simulator.step(5)
    return command.outcome


def test_unhomed_hand_has_no_width() -> None:
    simulator = Simulator(homed=False)
    with pytest.raises(GripperError, match="not homed"):
        simulator.gripper.move(simulator.data, 0.05, 0.1)
    assert finish(simulator, simulator.gripper.homing(simulator.data)).success
    assert finish(simulator, simulator.gripper.move(simulator.data, 0.05, 0.1)).success


@pytest.mark.parametrize("width", [0.0, 0.02, 0.08])
def test_move_reaches_the_width_at_the_speed(empty_cell: Simulator, width: float) -> None:
    gripper = empty_cell.gripper
    gripper.place(empty_cell.data, 0.05)
    began = empty_cell.time
    outcome = finish(empty_cell, gripper.move(empty_cell.data, width, 0.05))
    assert outcome.success and outcome.width == pytest.approx(width, abs=1.5e-3)
    assert empty_cell.time - began == pytest.approx(abs(width - 0.05) / 0.05, abs=0.25)


def test_grasp_of_nothing_fails_outside_epsilon_and_says_so(empty_cell: Simulator) -> None:
    empty_cell.gripper.place(empty_cell.data, 0.05)
    outcome = finish(empty_cell, empty_cell.gripper.grasp(empty_cell.data, 0.03, 0.1, 20.0, 0.005, 0.005))
    assert not outcome.success and "expected 0.0250 to 0.0350" in outcome.error


def test_grasp_with_wide_epsilon_succeeds_even_on_nothing(empty_cell: Simulator) -> None:
    empty_cell.gripper.place(empty_cell.data, 0.05)
    outcome = finish(empty_cell, empty_cell.gripper.grasp(empty_cell.data, 0.0, 0.1, 20.0, 0.08, 0.08))
    assert outcome.success and outcome.width == pytest.approx(0.0, abs=1e-3)


def test_fingers_that_tremble_are_stopped_all_the_same(empty_cell: Simulator) -> None:
    gripper, data = empty_cell.gripper, empty_cell.data
    gripper.place(data, 0.01)
    command = gripper.grasp(data, 0.0, 0.1, 20.0, 0.08, 0.08)
    end, sign = empty_cell.time + 2.0, 1.0
    while command.outcome is None:
        assert empty_cell.time < end, f"not stopped at {gripper.states(data)[1]} m/s"
        empty_cell.step(1)
        if gripper.width(data) < 0.001:
            data.qvel[gripper._fingers._dofs] = sign * 0.005
            sign = -sign
    assert command.outcome.stalled


def test_grasp_of_a_cap_ends_at_its_thickness_and_keeps_pressing(cap_cell: Simulator) -> None:
    ik = TopDownIk(cap_cell.cell.urdf, cap_cell.cell.names.record)
    contact = cap_cell.truth("crown", 0.5, 0.0).position
    front = cap_cell.truth("crown", 0.0, 0.0).position
    grasp = top_down(contact - [0.0, 0.0, PINCH_DEPTH], front - contact)
    above = grasp.copy()
    above[2, 3] += 0.1
    joints = ik.solve(above, cap_cell.arm.positions(cap_cell.data))
    assert move(cap_cell, joints) and move(cap_cell, ik.solve(grasp, joints), 0.3)
    outcome = finish(cap_cell, cap_cell.gripper.grasp(cap_cell.data, 0.0025, 0.05, GRASP_FORCE, 0.002, 0.004))
    assert outcome.success and outcome.stalled
    assert 0.0020 < outcome.width < 0.006
    cap_cell.step(250)
    assert cap_cell.gripper.states(cap_cell.data)[2][0] == pytest.approx(-GRASP_FORCE)


def test_stop_ends_a_command_and_holds(empty_cell: Simulator) -> None:
    empty_cell.gripper.place(empty_cell.data, 0.08)
    command = empty_cell.gripper.move(empty_cell.data, 0.0, 0.05)
    empty_cell.step(200)
    empty_cell.gripper.stop(empty_cell.data)
    assert command.outcome is not None and not command.outcome.success
    width = empty_cell.gripper.width(empty_cell.data)
    empty_cell.step(300)
    assert 0.03 < width < 0.07
    assert empty_cell.gripper.width(empty_cell.data) == pytest.approx(width, abs=2e-3)


@pytest.mark.parametrize(("width", "speed"), [(0.09, 0.1), (-0.01, 0.1), (0.05, 0.0), (float("nan"), 0.1)])
def test_impossible_numbers_are_refused(empty_cell: Simulator, width: float, speed: float) -> None:
    with pytest.raises(GripperError, match="expected"):
        empty_cell.gripper.move(empty_cell.data, width, speed)


def test_refusing_hand(empty_cell: Simulator) -> None:
    empty_cell.gripper.refuses = True
    with pytest.raises(GripperError, match="refuses"):
        empty_cell.gripper.homing(empty_cell.data)
    empty_cell.gripper.refuses = False
