from glob import glob
from os.path import isdir

from setuptools import find_packages, setup

package_name = "dense_grasp"

for folder in ("config", "launch", "models"):
    if not isdir(folder):
        raise SystemExit(f"src/dense_grasp/{folder} is no folder, expected a link to ../../{folder}")

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + package_name]),
        ("share/" + package_name, ["package.xml"]),
        # The three folders are links to the top of the repository, where an operator edits them.
        ("share/" + package_name + "/config", glob("config/*.yaml") + glob("config/*.rviz") + glob("config/*.xml")),
        ("share/" + package_name + "/launch", glob("launch/*.launch.py")),
        (
            "share/" + package_name + "/models",
            # A graph's weights before its description, so that a description never lies alone.
            [name for kind in ("safetensors", "md", "onnx", "bin", "xml") for name in sorted(glob("models/*." + kind))],
        ),
    ],
    install_requires=["setuptools"],
    zip_safe=True,
    maintainer="dense_grasp maintainers",
    maintainer_email="maintainers@dense-grasp.org",
    description="The nodes of dense_grasp: descriptors, queries, grasps.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "descriptor_node = dense_grasp.nodes.descriptor_node:main",
            "query_node = dense_grasp.nodes.query_node:main",
            "grasp_executor = dense_grasp.nodes.grasp_executor:main",
            "hand_eye_publisher = dense_grasp.nodes.hand_eye_publisher:main",
            "motion_watchdog = dense_grasp.nodes.motion_watchdog:main",
            "moveit_py_planner = dense_grasp.nodes.moveit_py_planner:main",
            "check_cell = dense_grasp.nodes.check_cell:main",
            "store = dense_grasp.perception.store_command:main",
            "redescribe = dense_grasp.perception.redescribe_command:main",
        ],
        "dense_grasp.parameters": [
            "descriptor_node = dense_grasp.nodes.perception_parameters:DESCRIPTOR_NODE",
            "query_node = dense_grasp.nodes.perception_parameters:QUERY_NODE",
            "grasp_executor = dense_grasp.nodes.grasp_parameters:GRASP_EXECUTOR",
            "hand_eye_publisher = dense_grasp.nodes.robot_parameters:HAND_EYE_PUBLISHER",
            "motion_watchdog = dense_grasp.nodes.robot_parameters:MOTION_WATCHDOG",
            "moveit_py_planner = dense_grasp.nodes.robot_parameters:MOVEIT_PY_PLANNER",
            "check_cell = dense_grasp.nodes.robot_parameters:CHECK_CELL",
        ],
    },
)
