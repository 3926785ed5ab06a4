"""MoveIt, by move_group or MoveItPy."""
