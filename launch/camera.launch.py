"""The camera of the real cell, through its maker's driver, or recorded images through replay_camera."""

from dense_grasp.bringup.lasting_node import lasting_node, launch_file, transport_actions
from dense_grasp.bringup.launch_arguments import launch_arguments
from dense_grasp.bringup.launch_support import (
    REPLAY,
    STARTED_ELSEWHERE,
    chosen_make,
    config_file,
    given,
    read_parameter,
)
from dense_grasp_core.cameras.record import camera_record
from launch.actions import GroupAction, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import PathJoinSubstitution
from launch_ros.actions import SetRemap
from launch_ros.substitutions import FindPackageShare

ARGUMENTS = launch_arguments("camera", "camera_serial", "source", "prefix", "namespace")


def start(values):
    """The source of images that was asked for."""
    if values["camera"] == STARTED_ELSEWHERE:
        return []
    if values["camera"] == REPLAY:
        files = [config_file(name) for name in ("robot.yaml", "camera.yaml")]
        chosen = given({name: values[name] for name in ("source", "prefix")})
        return [
            lasting_node(
                package="dense_grasp_sim",
                executable="replay_camera",
                name="replay_camera",
                parameters=[*files, {"use_sim_time": False, **chosen}],
                output="screen",
            )
        ]
    prefix = values["prefix"] or str(read_parameter(config_file("robot.yaml"), "prefix", ""))
    camera = camera_record(chosen_make(values["camera"]))
    # The driver names its frames by the camera: left_camera_link. Its topics stay where every cell has them.
    arguments = camera.driver_arguments(values["camera_serial"], prefix)
    path = PathJoinSubstitution([FindPackageShare(camera.package), "launch", camera.launch_file])
    driver = IncludeLaunchDescription(PythonLaunchDescriptionSource(path), launch_arguments=list(arguments.items()))
    if not prefix:
        return [driver]
    moved = [SetRemap(own, f"{values['namespace']}/{topic}") for own, topic in camera.moved_topics]
    return [GroupAction([*moved, driver])]


def generate_launch_description():
    """Read by `ros2 launch`."""
    return launch_file(__file__, ARGUMENTS, start, transport_actions())
