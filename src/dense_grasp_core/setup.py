from setuptools import find_packages, setup

package_name = "dense_grasp_core"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={package_name: ["grippers/*.yaml", "cameras/*.yaml"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + package_name]),
        ("share/" + package_name, ["package.xml"]),
    ],
    python_requires=">=3.10",
    install_requires=[
        "numpy",
        "opencv-python-headless",
        "openvino>=2025",
        "PyYAML",
        "safetensors",
        "SQLAlchemy>=2",
    ],
    extras_require={
        "train": ["torch>=2.6", "torchvision"],
        "motion": ["pin>=3", "coal>=3", "ompl>=1.7", "toppra>=0.6.3"],
        "test": ["hypothesis", "pytest", "scipy"],
    },
    zip_safe=True,
    maintainer="dense_grasp maintainers",
    maintainer_email="maintainers@dense-grasp.org",
    description="The mathematics of dense_grasp: network, matching, geometry, store, motion planning. No ROS import.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [],
    },
)
