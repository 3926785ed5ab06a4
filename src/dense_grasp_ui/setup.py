from setuptools import find_packages, setup

package_name = "dense_grasp_ui"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={package_name: ["static/*"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + package_name]),
        ("share/" + package_name, ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=False,
    maintainer="dense_grasp maintainers",
    maintainer_email="maintainers@dense-grasp.org",
    description="The operator's page: look, point, teach and grasp from a browser.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": ["page = dense_grasp_ui.page:main"],
        "dense_grasp.parameters": ["operators_page = dense_grasp_ui.page_parameters:OPERATORS_PAGE"],
    },
)
