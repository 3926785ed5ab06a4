"""Perception alone on recorded images: replay_camera, descriptor_node and query_node, no arm."""

from dense_grasp.launch_support import config_file, model_path, store_url, transport_environment
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

ARGUMENTS = {
    "source": ("motorcycle", "motorcycle (the photograph pair that scikit-image carries) or a folder of recordings"),
    "side": ("left", "image of the pair: left or right"),
    "model": ("", "network file; empty: the shipped one"),
    "store": ("", "database URL of the taught points; empty: a file in the ROS home folder"),
}
# A photograph has neither a robot nor a workspace, and a slow machine may take its time.
WITHOUT_ROBOT = {
    "base_frame": "camera_link",
    "workspace_min": [-100.0, -100.0, -100.0],
    "workspace_max": [100.0, 100.0, 100.0],
    "max_frame_age": 10.0,
}


def start(context):
    """The three nodes. They are not started again when they end: the demo on top of them shall notice."""
    values = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    files = [config_file("camera.yaml"), config_file("perception.yaml")]
    shared = {"model": model_path(values["model"]), "store": store_url(values["store"])}
    nodes = {
        "replay_camera": ("dense_grasp_sim", {"source": values["source"], "side": values["side"]}),
        "descriptor_node": ("dense_grasp", shared),
        "query_node": ("dense_grasp", {**shared, **WITHOUT_ROBOT}),
    }
    return [
        Node(package=package, executable=name, name=name, parameters=[*files, overrides], output="screen")
        for name, (package, overrides) in nodes.items()
    ]


def generate_launch_description():
    """Read by `ros2 launch`."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    transport = [SetEnvironmentVariable(name, value) for name, value in transport_environment().items()]
    return LaunchDescription([*declared, *transport, OpaqueFunction(function=start)])
