"""The camera of the real cell: a RealSense through realsense2_camera, or recorded images through replay_camera."""

from dense_grasp.launch_support import RESPAWN_DELAY_S, camera_serial, config_file, given, one_of, transport_environment
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction, SetEnvironmentVariable
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

ARGUMENTS = {
    "camera": ("realsense", "realsense, replay or none"),
    "camera_serial": ("", "serial number of the RealSense; empty: the only one that is plugged in"),
    "source": ("", "what replay shows: a folder of recordings or motorcycle; empty: the node's default"),
}
# Aligned depth carries the stamp of the colour image only with enable_sync.
REALSENSE = {
    "align_depth.enable": "true",
    "enable_sync": "true",
    "rgb_camera.color_profile": "640x480x30",
    "depth_module.depth_profile": "640x480x30",
}


def start(context):
    """The source of images that was asked for."""
    values = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    camera = one_of("camera", values["camera"], ("realsense", "replay", "none"))
    if camera == "none":
        return []
    if camera == "replay":
        return [
            Node(
                package="dense_grasp_sim",
                executable="replay_camera",
                name="replay_camera",
                parameters=[config_file("camera.yaml"), {"use_sim_time": False, **given({"source": values["source"]})}],
                output="screen",
                respawn=True,
                respawn_delay=RESPAWN_DELAY_S,
            )
        ]
    arguments = {**REALSENSE, **given({"serial_no": camera_serial(values["camera_serial"])})}
    path = PathJoinSubstitution([FindPackageShare("realsense2_camera"), "launch", "rs_launch.py"])
    return [
        IncludeLaunchDescription(PythonLaunchDescriptionSource(path), launch_arguments=list(arguments.items())),
    ]


def generate_launch_description():
    """Read by `ros2 launch`."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    transport = [SetEnvironmentVariable(name, value) for name, value in transport_environment().items()]
    return LaunchDescription([*declared, *transport, OpaqueFunction(function=start)])
