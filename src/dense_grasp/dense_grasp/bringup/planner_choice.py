"""Which planner bringup starts."""

from __future__ import annotations

from dense_grasp.planning.moveit.installed import PlannerChoice, choose_planner


def bringups_planner(asked: str, robot_type: str, prefix: str, namespace: str) -> PlannerChoice:
    """What `asked` is for a launch that can start moveit_py; namespace: of the cell, "" for the root."""
    services = {
        "moveit_py": f"{namespace}/{prefix}{robot_type}_moveit_py/plan_kinematic_path",
        "move_group": f"{namespace}/plan_kinematic_path",
    }
    return choose_planner(asked, robot_type, can_start=True, runs=lambda planner: _runs(services[planner]))


def _runs(service: str) -> bool:
    """Whether the service answers, by a node made for the question: a launch has none."""
    import rclpy

    from dense_grasp.ros.discovery import service_runs

    context = rclpy.Context()
    rclpy.init(context=context)
    try:
        return service_runs(rclpy.create_node("planner_choice", context=context), service)
    finally:
        context.try_shutdown()
