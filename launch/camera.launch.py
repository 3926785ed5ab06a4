"""The camera of the real cell: a RealSense through realsense2_camera, or recorded images through replay_camera."""

from dense_grasp.bringup.lasting_node import lasting_node, launch_file, transport_actions
from dense_grasp.bringup.launch_arguments import launch_arguments
from dense_grasp.bringup.launch_support import camera_serial, config_file, given, read_parameter
from launch.actions import GroupAction, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import PathJoinSubstitution
from launch_ros.actions import SetRemap
from launch_ros.substitutions import FindPackageShare

ARGUMENTS = launch_arguments("camera", "camera_serial", "source", "prefix", "namespace")
# Aligned depth carries the stamp of the colour image only with enable_sync.
REALSENSE = {
    "align_depth.enable": "true",
    "enable_sync": "true",
    "rgb_camera.color_profile": "640x480x30",
    "depth_module.depth_profile": "640x480x30",
}
TOPICS = (
    "color/image_raw",
    "color/camera_info",
    "aligned_depth_to_color/image_raw",
    "aligned_depth_to_color/camera_info",
)


def start(values):
    """The source of images that was asked for."""
    if values["camera"] == "none":
        return []
    if values["camera"] == "replay":
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
    # The driver names its frames by the camera: left_camera_link. Its topics stay where every cell has them.
    name = {"camera_name": f"{prefix}camera"} if prefix else {}
    arguments = {**REALSENSE, **name, **given({"serial_no": camera_serial(values["camera_serial"])})}
    path = PathJoinSubstitution([FindPackageShare("realsense2_camera"), "launch", "rs_launch.py"])
    driver = IncludeLaunchDescription(PythonLaunchDescriptionSource(path), launch_arguments=list(arguments.items()))
    if not prefix:
        return [driver]
    moved = [SetRemap(f"~/{topic}", f"{values['namespace']}/camera/camera/{topic}") for topic in TOPICS]
    return [GroupAction([*moved, driver])]


def generate_launch_description():
    """Read by `ros2 launch`."""
    return launch_file(__file__, ARGUMENTS, start, transport_actions())
