"""The planners by name. Imports nothing: parameters and launch files read it."""

from __future__ import annotations

#: Name -> `module:function` that makes the backend for (node, robot settings, callback group); imported when chosen.
PLANNERS = {
    "ompl": "dense_grasp.planning.in_process.backend:make_ompl",
    "moveit_py": "dense_grasp.planning.moveit.backend:make_moveit_py",
    "move_group": "dense_grasp.planning.moveit.backend:make_move_group",
}
