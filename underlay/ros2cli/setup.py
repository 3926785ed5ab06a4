from setuptools import find_packages, setup

package_name = "ros2cli"

setup(
    name=package_name,
    version="0.32.2",
    packages=find_packages(exclude=["test"]),
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + package_name]),
        ("share/" + package_name, ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=True,
    maintainer="dense_grasp maintainers",
    maintainer_email="maintainers@dense-grasp.org",
    description="Stand-in for ros2cli and its verbs: the ros2 command.",
    license="Apache-2.0",
    entry_points={"console_scripts": ["ros2 = ros2cli.main:main"]},
)
