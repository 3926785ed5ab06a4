"""The whole cell: in simulation with `sim:=true`, otherwise with a camera and a Franka arm.

Every part is a launch file of its own beside this one and can be started alone.
"""

from dense_grasp.bringup.lasting_node import launch_file, transport_actions
from dense_grasp.bringup.launch_arguments import launch_arguments
from dense_grasp.bringup.launch_support import config_file, flag, read_parameter
from dense_grasp.bringup.operators_page import page_lacks
from dense_grasp.bringup.planner_choice import bringups_planner
from dense_grasp.planning.moveit.installed import AUTO
from launch.actions import IncludeLaunchDescription, LogInfo
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

ARGUMENTS = launch_arguments(
    "sim",
    "robot_type",
    "gripper",
    "robot_ip",
    "prefix",
    "namespace",
    "planner",
    "heartbeat_timeout",
    "model",
    "store",
    "camera",
    "camera_serial",
    "rviz",
    "ui",
    "ui_host",
    "ui_port",
)
SHARED_FRAMES = (
    "the cell in namespace {namespace} has no prefix: its frames on /tf have the same names as those of any other "
    "cell. Where there is one, give each a prefix of its own, such as prefix:=left_"
)


def part(name, values, *arguments, **more):
    """One of the launch files beside this one, with those of our arguments that it takes."""
    path = PathJoinSubstitution([FindPackageShare("dense_grasp"), "launch", f"{name}.launch.py"])
    handed = {**{argument: values[argument] for argument in arguments}, **more}
    return IncludeLaunchDescription(PythonLaunchDescriptionSource(path), launch_arguments=list(handed.items()))


def start(values):
    """The parts that the arguments ask for."""
    sim = flag("sim", values["sim"])
    clock = {"use_sim_time": "true" if sim else "false"}
    prefix, robot_type = (
        values[name] or str(read_parameter(config_file("robot.yaml"), name, "")) for name in ("prefix", "robot_type")
    )
    asked = values["planner"] or str(read_parameter(config_file("grasp.yaml"), "planner", AUTO))
    choice = bringups_planner(asked, robot_type, prefix, values["namespace"])
    if sim:
        parts = [part("sim", values, "robot_type", "prefix", "gripper", "camera")]
    else:
        parts = [
            part("camera", values, "camera", "camera_serial", "prefix"),
            # A move_group that runs already brought its driver along.
            part(
                "robot",
                values,
                "robot_ip",
                "robot_type",
                "prefix",
                "gripper",
                planner="ompl" if asked == AUTO else asked,
            ),
        ]
    # A real arm's move_group comes with its driver, see robot.launch.py.
    if choice.planner == "moveit_py" or (asked == "move_group" and sim):
        parts.append(part("moveit", values, "robot_type", "prefix", "gripper", planner=choice.planner, **clock))
    parts += [
        part("perception", values, "model", "store", "robot_type", "prefix", "camera", **clock),
        part(
            "grasp",
            values,
            "robot_type",
            "prefix",
            "gripper",
            "camera",
            "heartbeat_timeout",
            "store",
            planner=choice.planner,
            **clock,
        ),
        LogInfo(msg=choice.sentence),
    ]
    if flag("ui", values["ui"]):
        lacking = page_lacks()
        if lacking:
            parts.append(LogInfo(msg=lacking))
        else:
            parts.append(
                part(
                    "ui",
                    values,
                    "ui_host",
                    "ui_port",
                    "model",
                    "camera",
                    "robot_type",
                    "prefix",
                    "gripper",
                    **clock,
                )
            )
    if flag("rviz", values["rviz"]):
        rviz = Node(
            package="rviz2",
            executable="rviz2",
            name="rviz2",
            arguments=["-d", config_file("dense_grasp.rviz"), "-f", f"{prefix}{robot_type}_link0"],
            # RViz looks for camera_info beside the image, where there is one for each of our images.
            remappings=[("dense_grasp/camera_info", "dense_grasp/heatmap/camera_info")],
            parameters=[{"use_sim_time": sim}],
            output="log",
        )
        parts.append(rviz)
    if values["namespace"] and not prefix:
        parts.append(LogInfo(msg=SHARED_FRAMES.format(**values)))
    return parts


def generate_launch_description():
    """Read by `ros2 launch`."""
    return launch_file(__file__, ARGUMENTS, start, transport_actions())
