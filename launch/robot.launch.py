"""The arm and gripper of the real cell through franka_ros2, with MoveIt's move_group when the planner is that."""

from dense_grasp.bringup.lasting_node import launch_file
from dense_grasp.bringup.launch_arguments import launch_arguments
from dense_grasp.bringup.launch_support import LaunchArgumentError, config_file, read_parameter
from dense_grasp_core.grippers.record import gripper_record
from dense_grasp_ros.shared_parameters import GRIPPER
from launch.actions import IncludeLaunchDescription, LogInfo
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

ARGUMENTS = launch_arguments("robot_ip", "robot_type", "prefix", "gripper", "planner", "namespace")


def include(package, *path, **arguments):
    """A launch file of another package."""
    source = PythonLaunchDescriptionSource(PathJoinSubstitution([FindPackageShare(package), *path]))
    return IncludeLaunchDescription(source, launch_arguments=list(arguments.items()))


def start(values):
    """Drivers and controllers; nothing when no address is given."""
    if not values["robot_ip"]:
        return [LogInfo(msg="robot_ip is empty: the arm's driver is expected to run already")]
    robot_type = values["robot_type"] or str(read_parameter(config_file("robot.yaml"), "robot_type"))
    prefix = values["prefix"] or str(read_parameter(config_file("robot.yaml"), "prefix", ""))
    planner = values["planner"] or str(read_parameter(config_file("grasp.yaml"), "planner", "auto"))
    gripper = values["gripper"] or str(read_parameter(config_file("robot.yaml"), "gripper", GRIPPER.default))
    # Another gripper has a driver of its own, and a robot description that somebody publishes.
    hand, frankas_hand = (gripper_record(name, robot_type, prefix).hand for name in (gripper, "franka"))
    load_gripper = "true" if hand == frankas_hand else "false"
    if robot_type != "fr3" or prefix or values["namespace"]:
        raise LaunchArgumentError(
            f"robot_type '{robot_type}' with prefix '{prefix}' in namespace '{values['namespace']}': franka_ros2 "
            "brings controllers for one fr3 without prefix and namespace; start the driver of this arm yourself and "
            "leave robot_ip empty"
        )
    if planner == "move_group":
        return [
            include(
                "franka_fr3_moveit_config",
                "launch",
                "moveit.launch.py",
                robot_ip=values["robot_ip"],
                use_fake_hardware="false",
                load_gripper=load_gripper,
            )
        ]
    # franka_bringup's own controllers hold no trajectory controller, those of the MoveIt configuration do.
    controllers = PathJoinSubstitution(
        [FindPackageShare("franka_fr3_moveit_config"), "config", "fr3_ros_controllers.yaml"]
    )
    return [
        include(
            "franka_bringup",
            "launch",
            "franka.launch.py",
            robot_type=robot_type,
            robot_ip=values["robot_ip"],
            load_gripper=load_gripper,
            use_fake_hardware="false",
            controllers_yaml=controllers,
        ),
        Node(
            package="controller_manager",
            executable="spawner",
            arguments=[f"{robot_type}_arm_controller", "--controller-manager-timeout", "60"],
            output="screen",
        ),
    ]


def generate_launch_description():
    """Read by `ros2 launch`."""
    return launch_file(__file__, ARGUMENTS, start)
