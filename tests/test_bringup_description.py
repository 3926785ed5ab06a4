"""What the launch files would start, for each set of arguments; nothing is started here."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

launch = pytest.importorskip("launch", reason="the workspace is not sourced")
pytest.importorskip("dense_grasp", reason="the workspace is not sourced")

from dense_grasp.bringup.launch_support import LaunchArgumentError  # noqa: E402
from dense_grasp.bringup.operators_page import page_lacks  # noqa: E402
from dense_grasp.planning.moveit.installed import lacking  # noqa: E402
from dense_grasp_ros.known_parameters import known_nodes  # noqa: E402
from dense_grasp_ros.parameter_files import read_parameter_file  # noqa: E402
from launch import LaunchContext  # noqa: E402
from launch.action import Action  # noqa: E402
from launch.actions import IncludeLaunchDescription  # noqa: E402
from launch.launch_description_sources import PythonLaunchDescriptionSource  # noqa: E402

LAUNCH = Path(__file__).resolve().parents[1] / "launch"
NODES = ["descriptor_node", "query_node", "hand_eye_publisher", "motion_watchdog", "grasp_executor"]
OURS = NODES + ([] if page_lacks() else ["operators_page"])
FOREIGN = {
    "realsense2_camera": "rs_launch.py",
    "orbbec_camera": "gemini_330_series.launch.py",
    "franka_bringup": "franka.launch.py",
    "franka_fr3_moveit_config": "moveit.launch.py",
}
RECORDER = """
import json
from launch import LaunchDescription
from launch.actions import OpaqueFunction

def note(context):
    with open({path!r}, "a") as file:
        file.write(json.dumps([{name!r}, dict(context.launch_configurations)]) + "\\n")
    return []

def generate_launch_description():
    return LaunchDescription([OpaqueFunction(function=note)])
"""


def called(node: dict) -> str:
    """The node's name, or its executable where the launch file gives none."""
    return node.get("name") or node["executable"]


class Cell:
    """The nodes and the foreign launch files that a launch file asked for."""

    def __init__(self, nodes: list[dict], included: dict[str, dict]):
        self.nodes = nodes
        self.included = included

    @property
    def names(self) -> list[str]:
        return [called(node) for node in self.nodes]

    def overrides(self, executable: str) -> dict:
        """Parameters laid over the files, of one node."""
        (node,) = [node for node in self.nodes if called(node) == executable]
        return {k: v for part in node["parameters"] if isinstance(part, dict) for k, v in part.items()}

    def files(self, executable: str) -> list[str]:
        """Names of the parameter files of one node."""
        (node,) = [node for node in self.nodes if called(node) == executable]
        return [Path(part).name for part in node["parameters"] if not isinstance(part, dict)]


@pytest.fixture
def start(tmp_path, monkeypatch):
    """`start("bringup", sim="true")` gives the Cell; the drivers' packages are dummies that note their arguments."""
    noted = tmp_path / "noted"
    for package, file in FOREIGN.items():
        share = tmp_path / "share" / package
        (share / "launch").mkdir(parents=True)
        (share / "launch" / file).write_text(RECORDER.format(path=str(noted), name=package))
        index = tmp_path / "share/ament_index/resource_index/packages"
        index.mkdir(parents=True, exist_ok=True)
        (index / package).touch()
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"{tmp_path}{os.pathsep}{os.environ['AMENT_PREFIX_PATH']}")
    monkeypatch.setenv("ROS_HOME", str(tmp_path / "ros"))
    nodes: list[dict] = []

    class Recorded(Action):
        def __init__(self, **arguments):
            super().__init__()
            self._arguments = arguments
            nodes.append(arguments)

        def execute(self, context):
            self._arguments["pushed"] = context.launch_configurations.get("ros_namespace", "")
            self._arguments["remaps"] = context.launch_configurations.get("ros_remaps", [])

    import launch_ros.actions

    monkeypatch.setattr(launch_ros.actions, "Node", Recorded)

    def visit(entity, context):
        for part in entity.visit(context) or []:
            visit(part, context)

    def run(name: str | Path, **arguments: str) -> Cell:
        path = name if isinstance(name, Path) else LAUNCH / f"{name}.launch.py"
        source = PythonLaunchDescriptionSource(str(path))
        visit(IncludeLaunchDescription(source, launch_arguments=list(arguments.items())), LaunchContext())
        lines = noted.read_text().splitlines() if noted.exists() else []
        return Cell(nodes, dict(map(json.loads, lines)))

    run.nodes = nodes
    return run


def test_the_simulation_is_the_cell_and_our_nodes_on_its_clock(start):
    cell = start("bringup", sim="true")
    assert cell.names == ["sim_cell", *OURS]
    assert cell.included == {}
    assert all(cell.overrides(name)["use_sim_time"] is True for name in OURS)
    assert cell.overrides("sim_cell")["use_sim_time"] is False
    assert all(node.get("respawn") or node.get("on_exit") for node in cell.nodes)
    assert all(node["name"] in (node["executable"], "operators_page") for node in cell.nodes)


def test_the_real_cell_without_an_address_brings_the_camera_only(start):
    cell = start("bringup")
    assert cell.names == OURS
    assert list(cell.included) == ["realsense2_camera"]
    camera = cell.included["realsense2_camera"]
    assert camera["align_depth.enable"] == "true"
    assert camera["enable_sync"] == "true"
    assert camera["rgb_camera.color_profile"] == "640x480x30"
    assert not camera.get("serial_no")
    assert all(cell.overrides(name)["use_sim_time"] is False for name in OURS)


@pytest.mark.skipif(bool(page_lacks()), reason="NiceGUI is not installed")
def test_the_page_is_on_this_machine_alone_by_default_and_can_be_left_out(start):
    page = start("bringup", sim="true").overrides("operators_page")
    assert (page["host"], page["port"], page["use_sim_time"]) == ("127.0.0.1", 8080, True)
    start.nodes.clear()
    assert "operators_page" not in start("bringup", sim="true", ui="false").names
    start.nodes.clear()
    page = start("bringup", ui_host="0.0.0.0", ui_port="9000", namespace="left").overrides("operators_page")
    assert (page["host"], page["port"]) == ("0.0.0.0", 9000)


@pytest.mark.parametrize("port", ["0", "70000", "http"])
def test_a_port_that_is_none_is_refused(start, port):
    with pytest.raises(LaunchArgumentError, match=f"ui_port is '{port}', expected a whole number from 1 to 65535"):
        start("bringup", sim="true", ui_port=port)


def test_without_its_toolkit_the_cell_starts_without_a_page(start, monkeypatch):
    monkeypatch.setattr("dense_grasp.bringup.operators_page.TOOLKIT", "no_such_toolkit")
    assert "Python package no_such_toolkit is not installed; the cell runs without it" in page_lacks()
    assert start("bringup", sim="true").names == ["sim_cell", *NODES]


def test_serial_number_and_address_reach_the_drivers(start):
    cell = start("bringup", camera_serial="012345", robot_ip="172.16.0.2")
    assert cell.included["realsense2_camera"]["serial_no"] == "_012345"
    arm = cell.included["franka_bringup"]
    assert (arm["robot_ip"], arm["robot_type"], arm["load_gripper"]) == ("172.16.0.2", "fr3", "true")
    assert arm["controllers_yaml"].endswith("franka_fr3_moveit_config/config/fr3_ros_controllers.yaml")
    assert "spawner" in cell.names
    assert "franka_fr3_moveit_config" not in cell.included


def test_frankas_move_group_comes_with_its_driver(start):
    cell = start("bringup", robot_ip="172.16.0.2", camera="none", planner="move_group")
    assert list(cell.included) == ["franka_fr3_moveit_config"]
    assert cell.overrides("grasp_executor")["planner"] == "move_group"
    assert "move_group" not in cell.names


MOVEIT = ("moveit_msgs", "shape_msgs", "moveit_planners_ompl", "moveit_py", "moveit_ros_move_group")


@pytest.fixture
def moveit_shares(tmp_path):
    """What the launch files read of an installed MoveIt."""
    share = tmp_path / "share"
    srdf = '<robot name="panda"><group name="panda_arm"/></robot>'
    plugin = "planning_plugins: [ompl_interface/OMPLPlanner]"
    for package, file, text in (
        ("moveit_resources_panda_moveit_config", "config/panda.srdf", srdf),
        ("moveit_configs_utils", "default_configs/ompl_planning.yaml", plugin),
        ("moveit_kinematics", "package.xml", ""),
        *((package, "package.xml", "") for package in MOVEIT),
    ):
        (share / package / file).parent.mkdir(parents=True, exist_ok=True)
        (share / package / file).write_text(text)
        (share / "ament_index/resource_index/packages" / package).touch()


def test_a_move_group_that_only_plans_is_started_for_the_simulation(start, moveit_shares):
    cell = start("bringup", sim="true", planner="move_group")
    parameters = cell.overrides("move_group")
    assert parameters["use_sim_time"] is True and parameters["allow_trajectory_execution"] is False
    assert 'name="fr3_arm"' in parameters["robot_description_semantic"]
    (node,) = [node for node in cell.nodes if node["executable"] == "move_group"]
    assert "name" not in node


@pytest.mark.parametrize("where", [{"sim": "true"}, {"robot_ip": "172.16.0.2", "camera": "none"}])
def test_moveit_py_is_started_for_simulation_and_arm_alike(start, moveit_shares, where):
    cell = start("bringup", planner="moveit_py", **where)
    parameters = cell.overrides("moveit_py_planner")
    assert parameters["use_sim_time"] is ("sim" in where) and parameters["allow_trajectory_execution"] is False
    assert parameters["planning_pipelines"] == {"pipeline_names": ["ompl"]}
    assert 'name="fr3_arm"' in parameters["robot_description_semantic"]
    assert cell.overrides("grasp_executor")["planner"] == "moveit_py"
    assert "move_group" not in cell.names and "franka_fr3_moveit_config" not in cell.included
    (node,) = [node for node in cell.nodes if node["executable"] == "moveit_py_planner"]
    assert "name" not in node


def test_by_default_moveit_plans_where_it_is_installed(start, moveit_shares):
    cell = start("bringup", sim="true")
    assert "moveit_py_planner" in cell.names and cell.overrides("grasp_executor")["planner"] == "moveit_py"


@pytest.mark.skipif(lacking("moveit_py", "fr3") == (), reason="MoveIt is installed here")
def test_by_default_the_embedded_planner_plans_elsewhere(start):
    cell = start("bringup", sim="true")
    assert not {"moveit_py_planner", "move_group"} & set(cell.names)
    assert cell.overrides("grasp_executor")["planner"] == "ompl"


@pytest.mark.parametrize("planner", ["moveit_py", "move_group"])
def test_a_planner_that_is_not_complete_is_refused_with_all_that_is_missing(start, moveit_shares, tmp_path, planner):
    packages = ("moveit_planners_ompl", "moveit_kinematics")
    for package in packages:
        (tmp_path / "share/ament_index/resource_index/packages" / package).unlink()
    with pytest.raises(Exception, match=f"planner:={planner} cannot be started") as caught:
        start("bringup", sim="true", planner=planner)
    assert "sudo apt install ros-" in str(caught.value)
    assert all(package in str(caught.value) for package in packages)


def test_what_is_not_given_stays_with_the_configuration_files(start):
    cell = start("bringup", sim="true")
    assert not {"robot_type", "prefix"} & set(cell.overrides("grasp_executor"))
    assert {"robot.yaml", "grasp.yaml"} <= set(cell.files("grasp_executor"))
    assert {"robot.yaml", "perception.yaml", "camera.yaml"} <= set(cell.files("query_node"))


def test_what_is_given_goes_to_every_node_that_takes_it(start, tmp_path):
    model, store = tmp_path / "net.safetensors", "sqlite:////tmp/store.db"
    cell = start("bringup", sim="true", robot_type="panda", prefix="left_", model=str(model), store=store)
    for name in ("sim_cell", "query_node", "hand_eye_publisher", "grasp_executor"):
        assert cell.overrides(name)["robot_type"] == "panda", name
        assert cell.overrides(name)["prefix"] == "left_", name
    assert cell.overrides("descriptor_node")["model"] == str(model)
    assert cell.overrides("query_node")["store"] == store


def test_a_gripper_reaches_every_node_that_knows_it_with_its_file(start):
    cell = start("bringup", sim="true", gripper="robotiq")
    for name in ("sim_cell", "hand_eye_publisher", "motion_watchdog", "grasp_executor"):
        assert cell.overrides(name)["gripper"] == "robotiq", name
        assert cell.files(name)[-1] == "gripper_robotiq.yaml", name


def test_frankas_hand_is_not_started_where_another_gripper_is(start):
    driver = start("bringup", camera="none", robot_ip="10.0.0.1", gripper="robotiq").included["franka_bringup"]
    assert driver["load_gripper"] == "false"


def test_watchdog_and_executor_are_patient_in_simulation_only(start):
    simulated = start("bringup", sim="true")
    assert simulated.overrides("motion_watchdog")["heartbeat_timeout"] == 2.0
    assert simulated.overrides("grasp_executor")["joint_state_timeout"] == 5.0


def test_those_of_the_real_cell_are_as_configured(start):
    real = start("bringup")
    assert "heartbeat_timeout" not in real.overrides("motion_watchdog")
    assert "joint_state_timeout" not in real.overrides("grasp_executor")


def test_the_patience_of_the_watchdog_can_be_given(start):
    cell = start("bringup", sim="true", heartbeat_timeout="0.06")
    assert cell.files("motion_watchdog") == ["robot.yaml", "grasp.yaml"]
    assert cell.overrides("motion_watchdog") == {
        "use_sim_time": True,
        "heartbeat_timeout": 0.06,
    }


def test_recorded_images_need_no_robot(start):
    cell = start("photo")
    assert cell.names == ["replay_camera", "descriptor_node", "query_node"]
    assert cell.overrides("replay_camera")["source"] == "motorcycle"
    assert cell.included == {}


def test_rviz_only_when_asked_for(start):
    cell = start("bringup", sim="true", rviz="true")
    (rviz,) = [node for node in cell.nodes if node["package"] == "rviz2"]
    assert Path(rviz["arguments"][1]).is_file()


def test_a_namespace_and_a_prefix_reach_every_node(start, tmp_path):
    cell = start("bringup", sim="true", namespace="left", prefix="left_", rviz="true")
    assert {node["pushed"] for node in cell.nodes} == {"/left"}
    assert all(node["remaps"] == [("/clock", "/left/clock")] for node in cell.nodes)
    assert cell.overrides("query_node")["store"] == f"sqlite:///{tmp_path}/ros/left/dense_grasp.db"
    assert not any("namespace" in part for node in cell.nodes for part in node["parameters"] if isinstance(part, dict))
    (rviz,) = [node for node in cell.nodes if node["package"] == "rviz2"]
    assert rviz["arguments"][-1] == "left_fr3_link0"


def test_a_part_alone_takes_a_namespace(start):
    assert {node["pushed"] for node in start("perception", namespace="hall/left").nodes} == {"/hall/left"}


def test_without_a_namespace_names_are_those_of_one_cell(start, tmp_path):
    cell = start("bringup", sim="true")
    assert all(node["pushed"] == "" and node["remaps"] == [] for node in cell.nodes)
    assert cell.overrides("query_node")["store"] == f"sqlite:///{tmp_path}/ros/dense_grasp.db"


def test_a_realsense_of_a_prefixed_cell_has_frames_of_its_own_and_the_usual_topics(start):
    camera = start("bringup", namespace="left", prefix="left_").included["realsense2_camera"]
    assert camera["camera_name"] == "left_camera"
    assert ["~/color/image_raw", "/left/camera/camera/color/image_raw"] in camera["ros_remaps"]


def test_a_camera_of_another_make_is_one_argument(start):
    """Its driver with its own arguments, and its name at every node that takes pictures or looks for its frames."""
    cell = start("bringup", camera="orbbec_gemini_330", camera_serial="CP1", namespace="left", prefix="left_")
    assert list(cell.included) == ["orbbec_camera"]
    driver = cell.included["orbbec_camera"]
    assert (driver["depth_registration"], driver["time_domain"]) == ("true", "global")
    assert (driver["serial_number"], driver["camera_name"]) == ("CP1", "left_camera")
    assert ["depth/image_raw", "/left/camera/depth/image_raw"] in driver["ros_remaps"]
    told = {name: cell.overrides(name).get("camera") for name in cell.names}
    nodes = {"descriptor_node", "query_node", "hand_eye_publisher", "grasp_executor", "operators_page"} & set(told)
    assert {name for name, camera in told.items() if camera} == nodes
    start.nodes.clear()
    assert (
        start("bringup", sim="true", camera="orbbec_gemini_330").overrides("sim_cell")["camera"] == "orbbec_gemini_330"
    )


def test_a_record_of_ones_own_starts_its_driver(start, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("like: realsense\nlaunch_arguments: {initial_reset: 'true'}\n")
    cell = start("bringup", camera=str(path))
    assert cell.included["realsense2_camera"]["initial_reset"] == "true"
    assert cell.overrides("query_node")["camera"] == str(path)


def test_without_a_make_the_file_says_which(start):
    for camera in ("", "none"):
        cell = start("bringup", camera=camera)
        assert "camera" not in cell.overrides("query_node")
        start.nodes.clear()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"namespace": "1st"}, "namespace is '1st', expected a ROS name"),
        ({"camera": "none", "robot_ip": "10.0.0.1", "namespace": "left"}, "in namespace '/left'"),
        ({"sim": "maybe"}, "sim is 'maybe'"),
        ({"camera": "kinect"}, "camera is 'kinect'"),
        ({"sim": "true", "planner": "chomp"}, "planner is 'chomp'"),
        ({"camera": "none", "robot_ip": "10.0.0.1", "robot_type": "panda"}, "robot_type 'panda'"),
        ({"heartbeat_timeout": "abc"}, "heartbeat_timeout is 'abc', expected a number"),
        ({"simm": "true"}, "no launch argument simm, did you mean sim"),
    ],
)
def test_a_wrong_argument_is_named(start, arguments, message):
    with pytest.raises(Exception, match=message):
        start("bringup", **arguments)


FILES = sorted(LAUNCH.glob("*.launch.py")) + sorted(
    (LAUNCH.parent / "src/dense_grasp_franka/launch").glob("*.launch.py")
)


def declared(path: Path) -> list[str]:
    description = PythonLaunchDescriptionSource(str(path)).get_launch_description(LaunchContext())
    return [argument.name for argument in description.get_launch_arguments()]


@pytest.mark.parametrize(
    ("path", "name"), [(path, name) for path in FILES for name in declared(path)], ids=lambda v: getattr(v, "name", v)
)
def test_every_launch_file_refuses_each_argument_with_a_letter_missing(start, path, name):
    """Before it starts or includes anything."""
    known = declared(path)
    mistyped = next(m for m in (name[:i] + name[i + 1 :] for i in range(1, len(name))) if m not in known)
    nodes = start.nodes
    with pytest.raises(Exception, match=f"no launch argument {mistyped}, did you mean") as caught:
        start(path, **{mistyped: "true"})
    assert caught.value.args[0].split("did you mean ")[1].rstrip("?") in known
    assert nodes == []


def keys(path: Path) -> set[str]:
    return {setting.name for setting in read_parameter_file(str(path))}


CELLS = [
    ("bringup", {"sim": "true"}),
    ("bringup", {"camera": "replay"}),
    ("bringup", {"sim": "true", "planner": "moveit_py", "gripper": "robotiq"}),
    ("photo", {}),
]


@pytest.fixture
def readers(start, moveit_shares):
    """Shipped file -> the nodes that the launch files give it to, over all kinds of cell."""
    given: dict[str, set[str]] = {}
    for name, arguments in CELLS:
        del start.nodes[:]
        for node in start(name, **arguments).nodes:
            for part in node["parameters"]:
                if not isinstance(part, dict):
                    given.setdefault(Path(part).name, set()).add(called(node))
    return given


@pytest.mark.parametrize("path", sorted((LAUNCH.parent / "config").glob("*.yaml")), ids=lambda path: path.name)
def test_each_key_of_each_shipped_file_reaches_a_node_that_declares_it(readers, path):
    declared = {name for node in readers[path.name] for name in known_nodes()[node]}
    assert keys(path) - declared == set()


def test_a_node_is_given_every_shipped_file_that_has_a_parameter_of_its_own(readers):
    """A value in a file that a node declares and does not read would be another one than its neighbours'."""
    nodes = {node for given in readers.values() for node in given}
    for path in sorted((LAUNCH.parent / "config").glob("*.yaml")):
        for node in nodes - readers[path.name]:
            # sim.yaml is of the cell alone: what it sets beside others' parameters is its own device's.
            own = set() if path.name == "sim.yaml" else set(known_nodes()[node])
            assert keys(path) & own == set(), (path.name, node)
