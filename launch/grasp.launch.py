"""Grasping: hand_eye_publisher, which says where the camera sits, grasp_executor and the watchdog of its motions."""

from dense_grasp.launch_nodes import lasting_node
from dense_grasp.launch_support import SIMULATED_HEARTBEAT_S, config_file, flag, given, one_of
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration

PLANNERS = ("", "ompl", "moveit_py", "move_group")
ARGUMENTS = {
    "robot_type": ("", "fr3, panda, fer, fp3 or fr3v2; empty: as in config/robot.yaml"),
    "prefix": ("", "before the robot type in names; empty: as in config/robot.yaml"),
    "planner": ("", "ompl (embedded), moveit_py or move_group; empty: as in config/grasp.yaml"),
    "heartbeat_timeout": ("", "s of silence that stops a motion; empty: as in config/robot.yaml, simulated 2"),
    "use_sim_time": ("false", "take the time from /clock"),
}


def start(context):
    """The nodes, with the arguments laid over the configuration files."""
    values = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    one_of("planner", values["planner"], PLANNERS)
    clock = {"use_sim_time": flag("use_sim_time", values["use_sim_time"])}
    robot = given({name: values[name] for name in ("robot_type", "prefix")})
    patience = {}
    if values["heartbeat_timeout"]:
        patience = {"heartbeat_timeout": float(values["heartbeat_timeout"])}
    elif clock["use_sim_time"]:
        patience = {"heartbeat_timeout": SIMULATED_HEARTBEAT_S}
    nodes = {
        "hand_eye_publisher": (["robot.yaml", "hand_eye.yaml"], {**clock, **robot}),
        "motion_watchdog": (["robot.yaml"], {**clock, **robot, **patience}),
        "grasp_executor": (
            ["robot.yaml", "camera.yaml", "grasp.yaml"],
            {**clock, **robot, **given({"planner": values["planner"]})},
        ),
    }
    return [
        lasting_node(
            package="dense_grasp",
            executable=name,
            name=name,
            parameters=[*[config_file(file) for file in files], overrides],
            output="screen",
        )
        for name, (files, overrides) in nodes.items()
    ]


def generate_launch_description():
    """Read by `ros2 launch`."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=start)])
