"""The whole cell: in simulation with `sim:=true`, otherwise with a RealSense and a Franka arm.

Every part is a launch file of its own beside this one and can be started alone.
"""

from dense_grasp.launch_support import config_file, flag, read_parameter
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

ARGUMENTS = {
    "sim": ("false", "true: the embedded cell instead of camera and robot"),
    "robot_type": ("", "fr3, panda, fer, fp3 or fr3v2; empty: as in config/robot.yaml"),
    "robot_ip": ("", "address of the arm; empty: its driver is started elsewhere"),
    "prefix": ("", "before the robot type in names; empty: as in config/robot.yaml"),
    "planner": ("", "ompl (embedded), moveit_py or move_group; empty: as in config/grasp.yaml"),
    "heartbeat_timeout": ("", "s of silence that stops a motion; empty: as in config/robot.yaml, simulated 2"),
    "model": ("", "network file; empty: the shipped one"),
    "store": ("", "database URL of the taught points; empty: a file in the ROS home folder"),
    "camera": ("realsense", "realsense, replay or none; the simulation brings its own"),
    "camera_serial": ("", "serial number of the RealSense; empty: the only one that is plugged in"),
    "rviz": ("false", "true: start RViz with config/dense_grasp.rviz"),
}


def part(name, values, *arguments, **more):
    """One of the launch files beside this one, with those of our arguments that it takes."""
    path = PathJoinSubstitution([FindPackageShare("dense_grasp"), "launch", f"{name}.launch.py"])
    handed = {**{argument: values[argument] for argument in arguments}, **more}
    return IncludeLaunchDescription(PythonLaunchDescriptionSource(path), launch_arguments=list(handed.items()))


def start(context):
    """The parts that the arguments ask for."""
    values = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    sim = flag("sim", values["sim"])
    clock = {"use_sim_time": "true" if sim else "false"}
    if sim:
        parts = [part("sim", values, "robot_type", "prefix")]
    else:
        parts = [
            part("camera", values, "camera", "camera_serial"),
            part("robot", values, "robot_ip", "robot_type", "prefix", "planner"),
        ]
    planner = values["planner"] or str(read_parameter(config_file("grasp.yaml"), "planner", "ompl"))
    # A real arm's move_group comes with its driver, see robot.launch.py.
    if planner == "moveit_py" or (planner == "move_group" and sim):
        parts.append(part("moveit", values, "robot_type", "prefix", planner=planner, **clock))
    parts += [
        part("perception", values, "model", "store", "robot_type", "prefix", **clock),
        part("grasp", values, "robot_type", "prefix", "planner", "heartbeat_timeout", **clock),
    ]
    if flag("rviz", values["rviz"]):
        rviz = Node(
            package="rviz2",
            executable="rviz2",
            name="rviz2",
            arguments=["-d", config_file("dense_grasp.rviz")],
            # RViz looks for camera_info beside the image, where there is one for each of our images.
            remappings=[("/dense_grasp/camera_info", "/dense_grasp/heatmap/camera_info")],
            parameters=[{"use_sim_time": sim}],
            output="log",
        )
        parts.append(rviz)
    return parts


def generate_launch_description():
    """Read by `ros2 launch`."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=start)])
