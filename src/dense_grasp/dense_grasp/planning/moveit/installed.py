"""Which parts of MoveIt are installed, and so which planner `auto` is. Asks the ament index and imports no MoveIt."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ament_index_python.packages import PackageNotFoundError, get_package_prefix

AUTO = "auto"
EMBEDDED = "ompl"
#: What a client of either server needs.
MESSAGES = ("moveit_msgs", "shape_msgs")
#: What either server needs to plan, see moveit_parameters.
PLANNING = ("moveit_configs_utils", "moveit_kinematics", "moveit_planners_ompl")
SERVERS = {"moveit_py": "moveit_py", "move_group": "moveit_ros_move_group"}
PANDA = "moveit_resources_panda_moveit_config"
FRANKA = "franka_description"

Has = Callable[[str], bool]


def is_installed(package: str) -> bool:
    """Whether the ament index knows the package."""
    try:
        get_package_prefix(package)
    except PackageNotFoundError:
        return False
    return True


def lacking(planner: str, robot_type: str, has: Has = is_installed) -> tuple[str, ...]:
    """The packages that a server, moveit_py or move_group, needs here for an arm and that are not installed."""
    # The semantic description: Franka's own is a xacro file, the Panda's serves the whole family.
    semantic = "xacro" if robot_type != "panda" and has(FRANKA) else PANDA
    return missing((*MESSAGES, *PLANNING, semantic, SERVERS[planner]), has)


def missing(packages: Iterable[str], has: Has = is_installed) -> tuple[str, ...]:
    """Those that are not installed."""
    return tuple(package for package in packages if not has(package))


def install_line(packages: Iterable[str], distro: str = "") -> str:
    """The command that installs ROS packages; distro: "" for the environment's."""
    distro = distro or os.environ.get("ROS_DISTRO", "$ROS_DISTRO")
    return "sudo apt install " + " ".join(f"ros-{distro}-{package.replace('_', '-')}" for package in packages)


def advice(packages: Iterable[str], distro: str = "") -> str:
    """Names what is missing, all at once, and what to do about it."""
    named = tuple(packages)
    return f"not installed: {', '.join(named)}. Install: {install_line(named, distro)}; then run make setup again"


@dataclass(frozen=True)
class PlannerChoice:
    """A planner's name, and why it is that one."""

    planner: str
    why: str

    @property
    def sentence(self) -> str:
        """One line for the operator."""
        return f"planner {self.planner}: {self.why}"


def choose_planner(
    asked: str,
    robot_type: str,
    *,
    can_start: bool,
    runs: Callable[[str], bool],
    has: Has = is_installed,
    distro: str = "",
) -> PlannerChoice:
    """What `asked` is here: itself, unless it is "auto".

    auto: moveit_py where all it needs is installed and the caller can start it; else a MoveIt server that runs; else
    the embedded planner. runs(planner): whether a server answers; it may take long, and is asked only if its answer
    counts.
    """
    if asked != AUTO:
        return PlannerChoice(asked, "as asked for")
    absent = lacking("moveit_py", robot_type, has)
    if can_start and not absent:
        return PlannerChoice("moveit_py", "MoveIt is installed")
    if not missing(MESSAGES, has):
        for planner in SERVERS:
            if runs(planner):
                return PlannerChoice(planner, f"a {planner} runs")
    reason = f"MoveIt is incomplete, {advice(absent, distro)}" if absent else "neither moveit_py nor move_group runs"
    return PlannerChoice(EMBEDDED, f"the embedded one; {reason}")
