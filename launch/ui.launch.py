"""The operator's page on this machine's own address, http://127.0.0.1:8080."""

from dense_grasp.bringup.lasting_node import lasting_node, launch_file, transport_actions
from dense_grasp.bringup.launch_arguments import launch_arguments
from dense_grasp.bringup.launch_support import camera_make, config_file, flag, given, gripper_files, model_path

ARGUMENTS = launch_arguments(
    "ui_host", "ui_port", "model", "camera", "robot_type", "prefix", "gripper", "namespace", "use_sim_time"
)


def start(values):
    """The page's node."""
    own = {
        "host": values["ui_host"],
        "port": int(values["ui_port"]),
        "model": model_path(values["model"]),
        "use_sim_time": flag("use_sim_time", values["use_sim_time"]),
        **camera_make(values["camera"]),
        **given({name: values[name] for name in ("robot_type", "prefix", "gripper")}),
    }
    return [
        lasting_node(
            package="dense_grasp_ui",
            executable="page",
            name="operators_page",
            parameters=[
                *[config_file(file) for file in ("robot.yaml", "camera.yaml", "perception.yaml")],
                *gripper_files(values["gripper"]),
                own,
            ],
            output="screen",
        )
    ]


def generate_launch_description():
    """Read by `ros2 launch`."""
    return launch_file(__file__, ARGUMENTS, start, transport_actions())
