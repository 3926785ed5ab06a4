from setuptools import find_packages, setup

package_name = "dense_grasp_bench"

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
    description="Demos and benchmarks of the whole graph: on top of everything, nothing imports it.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "demo = dense_grasp_bench.demo:main",
            "demo_photo = dense_grasp_bench.demo_photo:main",
            "bench_grasp = dense_grasp_bench.bench_grasp:main",
            "bench_stop = dense_grasp_bench.bench_stop:main",
            "soak = dense_grasp_bench.soak.run:main",
            "bench_finding = dense_grasp_bench.bench_finding:main",
            "bench_place = dense_grasp_bench.bench_place:main",
            "bench_place_on = dense_grasp_bench.bench_place_on:main",
            "bench_scanned = dense_grasp_bench.bench_scanned:main",
            "bench_arm_scan = dense_grasp_bench.bench_arm_scan:main",
            "bench_objects = dense_grasp_bench.bench_objects:main",
            "bench_few_views = dense_grasp_bench.bench_few_views:main",
            "bench_picks = dense_grasp_bench.bench_picks:main",
            "bench_tables = dense_grasp_bench.bench_tables:main",
            "bench_page = dense_grasp_bench.bench_page:main",
            "bench_ik = dense_grasp_bench.bench_ik:main",
            "bench_idle = dense_grasp_bench.bench_idle:main",
            "interfaces_page = dense_grasp_bench.interfaces_page:main",
        ]
    },
)
