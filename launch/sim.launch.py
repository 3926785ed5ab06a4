"""The embedded cell in MuJoCo: robot, camera, table and caps under the real cell's names."""

from dense_grasp.bringup.lasting_node import lasting_node, launch_file, transport_actions
from dense_grasp.bringup.launch_arguments import launch_arguments
from dense_grasp.bringup.launch_support import camera_make, config_file, given, gripper_files

ARGUMENTS = launch_arguments("robot_type", "prefix", "gripper", "camera", "namespace")


def start(values):
    """The cell, with the arguments laid over the configuration files; it makes the clock itself."""
    robot = given({name: values[name] for name in ("robot_type", "prefix", "gripper")})
    files = [config_file(name) for name in ("robot.yaml", "camera.yaml", "hand_eye.yaml", "grasp.yaml", "sim.yaml")]
    files += gripper_files(values["gripper"])
    return [
        lasting_node(
            package="dense_grasp_sim",
            executable="sim_cell",
            name="sim_cell",
            parameters=[*files, {"use_sim_time": False, **robot, **camera_make(values["camera"])}],
            output="screen",
        )
    ]


def generate_launch_description():
    """Read by `ros2 launch`."""
    return launch_file(__file__, ARGUMENTS, start, transport_actions())
