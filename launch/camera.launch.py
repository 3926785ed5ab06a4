"""The camera of the real cell: a RealSense through realsense2_camera, or recorded images through replay_camera."""

from dense_grasp.bringup.lasting_node import lasting_node, launch_file, transport_actions
from dense_grasp.bringup.launch_arguments import launch_arguments
from dense_grasp.bringup.launch_support import camera_serial, config_file, given
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import PathJoinSubstitution
from launch_ros.substitutions import FindPackageShare

ARGUMENTS = launch_arguments("camera", "camera_serial", "source")
# Aligned depth carries the stamp of the colour image only with enable_sync.
REALSENSE = {
    "align_depth.enable": "true",
    "enable_sync": "true",
    "rgb_camera.color_profile": "640x480x30",
    "depth_module.depth_profile": "640x480x30",
}


def start(values):
    """The source of images that was asked for."""
    if values["camera"] == "none":
        return []
    if values["camera"] == "replay":
        return [
            lasting_node(
                package="dense_grasp_sim",
                executable="replay_camera",
                name="replay_camera",
                parameters=[config_file("camera.yaml"), {"use_sim_time": False, **given({"source": values["source"]})}],
                output="screen",
            )
        ]
    arguments = {**REALSENSE, **given({"serial_no": camera_serial(values["camera_serial"])})}
    path = PathJoinSubstitution([FindPackageShare("realsense2_camera"), "launch", "rs_launch.py"])
    return [
        IncludeLaunchDescription(PythonLaunchDescriptionSource(path), launch_arguments=list(arguments.items())),
    ]


def generate_launch_description():
    """Read by `ros2 launch`."""
    return launch_file(__file__, ARGUMENTS, start, transport_actions())
