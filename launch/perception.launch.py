"""Descriptors of the camera's images and the search for taught points: descriptor_node and query_node."""

from dense_grasp.bringup.lasting_node import lasting_node, launch_file, transport_actions
from dense_grasp.bringup.launch_arguments import launch_arguments
from dense_grasp.bringup.launch_support import camera_make, config_file, flag, given, model_path, store_url

ARGUMENTS = launch_arguments("model", "store", "robot_type", "prefix", "camera", "namespace", "use_sim_time")


def start(values):
    """The two nodes, with the arguments laid over the configuration files."""
    shared = {
        "model": model_path(values["model"]),
        "store": store_url(values["store"], values["namespace"]),
        "use_sim_time": flag("use_sim_time", values["use_sim_time"]),
        **given({name: values[name] for name in ("robot_type", "prefix")}),
        **camera_make(values["camera"]),
    }
    files = [config_file(name) for name in ("robot.yaml", "camera.yaml", "perception.yaml")]
    return [
        lasting_node(
            package="dense_grasp",
            executable=name,
            name=name,
            parameters=[*files, shared],
            output="screen",
        )
        for name in ("descriptor_node", "query_node")
    ]


def generate_launch_description():
    """Read by `ros2 launch`."""
    return launch_file(__file__, ARGUMENTS, start, transport_actions())
