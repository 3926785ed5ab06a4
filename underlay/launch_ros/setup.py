from setuptools import find_packages, setup

package_name = "launch_ros"

setup(
    name=package_name,
    version="0.26.6",
    packages=find_packages(exclude=["test"]),
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + package_name]),
        ("share/" + package_name, ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=True,
    maintainer="dense_grasp maintainers",
    maintainer_email="maintainers@dense-grasp.org",
    description="Stand-in for launch_ros: ROS nodes in launch files.",
    license="Apache-2.0",
)
