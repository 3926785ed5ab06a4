from glob import glob

from setuptools import find_packages, setup

package_name = "dense_grasp_franka"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + package_name]),
        ("share/" + package_name, ["package.xml"]),
        ("share/" + package_name + "/launch", glob("launch/*.launch.py")),
    ],
    install_requires=["setuptools"],
    zip_safe=True,
    maintainer="dense_grasp maintainers",
    maintainer_email="maintainers@dense-grasp.org",
    description="A Franka arm and hand over their own control interface, without franka_ros2.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": ["bridge = dense_grasp_franka.bridge:main"],
        "dense_grasp.parameters": ["franka_bridge = dense_grasp_franka.bridge_parameters:FRANKA_BRIDGE"],
    },
)
