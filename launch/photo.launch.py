"""Perception alone on recorded images: replay_camera, descriptor_node and query_node, no arm."""

from dense_grasp.bringup.lasting_node import launch_file, transport_actions
from dense_grasp.bringup.launch_arguments import LaunchArgument, launch_arguments
from dense_grasp.bringup.launch_support import config_file, model_path, store_url
from launch_ros.actions import Node

ARGUMENTS = {
    **launch_arguments("model", "store", "namespace", source="motorcycle"),
    "side": LaunchArgument("left", "image of the pair", options=("left", "right")),
}
# A photograph has neither a robot nor a workspace, and a slow machine may take its time.
WITHOUT_ROBOT = {
    "base_frame": "camera_link",
    "workspace_min": [-100.0, -100.0, -100.0],
    "workspace_max": [100.0, 100.0, 100.0],
    "max_frame_age": 10.0,
}


def start(values):
    """The three nodes. They are not started again when they end: the demo on top of them shall notice."""
    files = [config_file("camera.yaml"), config_file("perception.yaml")]
    shared = {"model": model_path(values["model"]), "store": store_url(values["store"], values["namespace"])}
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
    return launch_file(__file__, ARGUMENTS, start, transport_actions())
