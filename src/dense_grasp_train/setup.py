from setuptools import find_packages, setup

package_name = "dense_grasp_train"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={package_name: ["training/presets/*.yaml"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + package_name]),
        ("share/" + package_name, ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=True,
    maintainer="dense_grasp maintainers",
    maintainer_email="maintainers@dense-grasp.org",
    description="Offline: data generation, training, evaluation and benchmarks of dense descriptors.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "scan = dense_grasp_train.__main__:scan",
            "generate = dense_grasp_train.__main__:generate",
            "pairs = dense_grasp_train.__main__:pairs",
            "train = dense_grasp_train.__main__:train",
            "evaluate = dense_grasp_train.__main__:evaluate",
            "benchmark = dense_grasp_train.__main__:benchmark",
            "export = dense_grasp_train.__main__:export",
            "memory = dense_grasp_train.__main__:memory",
            "solids = dense_grasp_train.__main__:solids",
            "inspect = dense_grasp_train.__main__:inspect",
            "reproduce = dense_grasp_train.__main__:reproduce",
        ]
    },
)
