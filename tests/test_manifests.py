"""Manifests name what a package imports, runs or launches, and nothing else; and packages keep to their layer."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src"
PACKAGES = sorted(folder.name for folder in SOURCE.iterdir() if (folder / "setup.py").is_file())
#: What tests of several packages share: modules beside the tests of core and training, on pytest's path.
SHARED_BY_TESTS = {
    path.stem
    for package in ("dense_grasp_core", "dense_grasp_train")
    for path in (SOURCE / package / "test").glob("*.py")
}
#: Import names whose rosdep key, or ROS package, is called otherwise.
KEYS = {
    "cv2": "python3-opencv",
    "numpy": "python3-numpy",
    "scipy": "python3-scipy",
    "sqlalchemy": "python3-sqlalchemy",
    "yaml": "python3-yaml",
    "psutil": "python3-psutil",
    "joblib": "python3-joblib",
    "matplotlib": "python3-matplotlib",
    "pytest": "python3-pytest",
    "tf2_ros": "tf2_ros_py",
    "moveit": "moveit_py",
}
#: What rosdep does not carry, or not in the version that is needed: pinned in requirements/.
PINNED = {
    *("blenderproc", "bpy", "mathutils", "coacd", "coal", "distributed", "embreex", "franka_sim", "frankik", "franky"),
    *("hypothesis", "lightning", "mujoco", "ompl", "onnx", "onnxruntime", "onnxscript", "openvino", "PIL"),
    *("pinocchio", "pylibfranka", "rich", "safetensors", "skimage", "tensorboard", "timm", "toppra", "torch"),
    *(
        "torchvision",
        "trimesh",
        "fastapi",
        "nicegui",
        "playwright",
        "pycolmap",
        "pytransform3d",
        "rosbags",
        "starlette",
    ),
    "uvicorn",
}
#: The layers: what of ours a package may name. `bench` is on top of everything.
ALLOWED = {
    "dense_grasp_core": set(),
    "dense_grasp_assets": {"dense_grasp_core"},
    "dense_grasp_ros": {"dense_grasp_core"},
    "dense_grasp_client": {"dense_grasp_core", "dense_grasp_ros", "dense_grasp_interfaces"},
    "dense_grasp_ui": {"dense_grasp_core", "dense_grasp_ros", "dense_grasp_interfaces", "dense_grasp_client"},
    "dense_grasp_train": {"dense_grasp_core", "dense_grasp_assets"},
    "dense_grasp_sim": {"dense_grasp_core", "dense_grasp_assets", "dense_grasp_ros", "dense_grasp_sim_interfaces"},
    "dense_grasp": {"dense_grasp_core", "dense_grasp_ros", "dense_grasp_interfaces"},
    "dense_grasp_franka": {"dense_grasp_core", "dense_grasp_ros", "dense_grasp_interfaces"},
}
#: What launch files run is named, too, but not followed by code: bringup starts the cell and the page, the bridge ours
#: of bringup, and a command of training the page's window without ROS.
LAUNCHES = {
    "dense_grasp_train": {"dense_grasp_ui"},
    "dense_grasp": {"dense_grasp_sim", "dense_grasp_ui"},
    "dense_grasp_franka": {"dense_grasp", "dense_grasp_sim"},
}
#: Of the machine, not of the package: the launch files name them, and a real cell installs them by its make.
OF_THE_CELL = {
    *("rviz2", "controller_manager", "realsense2_camera", "franka_bringup", "franka_fr3_moveit_config"),
    *("robot_state_publisher", "moveit_ros_move_group"),
}


def imported(folder: Path) -> set[str]:
    """Top-level names that the Python files of a folder import, the standard library's aside."""
    names: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    here = {path.stem for path in folder.rglob("*.py")} | {folder.name}
    return {name for name in names if name not in sys.stdlib_module_names and name not in here - {"launch"}}


def launched(package: str) -> set[str]:
    """Packages whose executables or launch files a package's launch files and code start."""
    found: set[str] = set()
    for path in [*(SOURCE / package).glob("launch/*.py"), *(SOURCE / package / package).rglob("*.py")]:
        text = path.read_text()
        found.update(re.findall(r"package(?:: str)? ?= ?\"([a-z0-9_]+)\"", text))
        found.update(re.findall(r"\bros2 (?:run|launch) ([a-z0-9_]+)", text if "launch" in path.parts else ""))
    return found


def manifest(package: str) -> dict[str, set[str]]:
    """What package.xml names, by kind of dependency."""
    root = ElementTree.parse(SOURCE / package / "package.xml").getroot()
    kinds = ("depend", "exec_depend", "test_depend", "build_depend")
    return {kind: {element.text or "" for element in root.findall(kind)} for kind in kinds}


def keys(names: set[str], package: str) -> set[str]:
    """The manifest's names of imported ones."""
    return {KEYS.get(name, name) for name in names if name not in PINNED and name != package}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_manifest_names_what_is_imported_and_nothing_else(package):
    named = manifest(package)
    runtime = named["exec_depend"] | named["depend"]
    code = keys(imported(SOURCE / package / package), package)
    launch = keys(imported(SOURCE / package / "launch"), package) if (SOURCE / package / "launch").is_dir() else set()
    started = launched(package) - {package} - OF_THE_CELL
    assert (code | launch | started) - runtime == set(), "imported or launched, not named"
    tests = keys(imported(SOURCE / package / "test") - SHARED_BY_TESTS, package)
    assert tests - runtime - named["test_depend"] == set(), "imported by tests, not named"
    commands = {"ros2launch", "ros2run"}  # of the lines that README tells a user to type
    conditional = {
        element.text
        for element in ElementTree.parse(SOURCE / package / "package.xml").getroot().findall("exec_depend")
        if element.get("condition")
    }
    assert runtime - code - launch - started - commands - conditional == set(), "named, not imported or launched"
    assert named["test_depend"] - tests == set(), "named for tests, not imported by them"


@pytest.mark.parametrize("package", [name for name in PACKAGES if name in ALLOWED])
def test_a_package_keeps_to_its_layer(package):
    folders = [SOURCE / package / package, SOURCE / package / "test"]
    ours = {name for folder in folders for name in imported(folder) if name.startswith("dense_grasp")} - {package}
    assert ours - ALLOWED[package] == set(), "of a layer above or beside"
    assert launched(package) & set(PACKAGES) - {package} <= LAUNCHES.get(package, set()), "launched back"
