from setuptools import find_packages, setup

package_name = "dense_grasp_client"

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
    description="For programs of your own: teach, list, locate, plan, grasp and cancel by a few calls.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "list_taught = dense_grasp_client.examples.list_taught:main",
            "teach_and_locate = dense_grasp_client.examples.teach_and_locate:main",
            "grasp_taught = dense_grasp_client.examples.grasp_taught:main",
        ]
    },
)
