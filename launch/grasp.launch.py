"""Grasping: hand_eye_publisher, which says where the camera sits, grasp_executor and the watchdog of its motions."""

from dense_grasp.bringup.lasting_node import lasting_node, launch_file
from dense_grasp.bringup.launch_arguments import launch_arguments
from dense_grasp.bringup.launch_support import (
    SIMULATED_HEARTBEAT_S,
    SIMULATED_JOINT_STATE_S,
    camera_make,
    config_file,
    flag,
    given,
    gripper_files,
    store_url,
)

ARGUMENTS = launch_arguments(
    "robot_type",
    "prefix",
    "gripper",
    "camera",
    "planner",
    "heartbeat_timeout",
    "store",
    "namespace",
    "use_sim_time",
)


def start(values):
    """The nodes, with the arguments laid over the configuration files."""
    clock = {"use_sim_time": flag("use_sim_time", values["use_sim_time"])}
    robot = given({name: values[name] for name in ("robot_type", "prefix", "gripper")})
    camera = camera_make(values["camera"])
    patience = {}
    if values["heartbeat_timeout"]:
        patience = {"heartbeat_timeout": float(values["heartbeat_timeout"])}
    elif clock["use_sim_time"]:
        patience = {"heartbeat_timeout": SIMULATED_HEARTBEAT_S}
    age = {"joint_state_timeout": SIMULATED_JOINT_STATE_S} if clock["use_sim_time"] else {}
    store = {"store": store_url(values["store"], values["namespace"])}
    nodes = {
        "hand_eye_publisher": (["robot.yaml", "camera.yaml", "hand_eye.yaml"], {**clock, **robot, **camera}),
        "motion_watchdog": (["robot.yaml", "grasp.yaml"], {**clock, **robot, **patience}),
        "grasp_executor": (
            # perception.yaml: a scan goes where query_node looks. hand_eye.yaml: a scan says what belongs there.
            ["robot.yaml", "camera.yaml", "hand_eye.yaml", "perception.yaml", "grasp.yaml"],
            {**clock, **robot, **camera, **age, **store, **given({"planner": values["planner"]})},
        ),
    }
    return [
        lasting_node(
            package="dense_grasp",
            executable=name,
            name=name,
            parameters=[*[config_file(file) for file in files], *gripper_files(values["gripper"]), overrides],
            output="screen",
        )
        for name, (files, overrides) in nodes.items()
    ]


def generate_launch_description():
    """Read by `ros2 launch`."""
    return launch_file(__file__, ARGUMENTS, start)
