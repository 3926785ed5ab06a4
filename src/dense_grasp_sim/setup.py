from setuptools import find_packages, setup

package_name = "dense_grasp_sim"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + package_name]),
        ("share/" + package_name, ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=True,
    maintainer="dense_grasp maintainers",
    maintainer_email="maintainers@dense-grasp.org",
    description="The embedded cell in MuJoCo: camera, arm and gripper under the real cell's names.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "sim_cell = dense_grasp_sim.ros.sim_cell:main",
            "franka_cell = dense_grasp_sim.ros.franka_cell:main",
            "robot_description = dense_grasp_sim.world.robot_model:main",
            "replay_camera = dense_grasp_sim.ros.replay_camera:main",
        ],
        "dense_grasp.parameters": [
            "sim_cell = dense_grasp_sim.ros.sim_parameters:SIM_CELL",
            "franka_cell = dense_grasp_sim.ros.sim_parameters:FRANKA_CELL",
            "replay_camera = dense_grasp_sim.ros.sim_parameters:REPLAY_CAMERA",
        ],
    },
)
