"""A robot has only what python.lock pins: nodes, simulated cell and demo run without anything of train.lock."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.setup.choice import distribution, read_lock

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "models/compact_caps.safetensors"
#: What needs torch or another package of train.lock, beside the whole of dense_grasp_train.
OF_TRAINING = (
    *("dense_grasp_core.descriptors.network", "dense_grasp_core.descriptors.pipeline"),
    *("dense_grasp_core.descriptors.efficientnet_lite", "dense_grasp_core.descriptors.residual_head"),
    "dense_grasp_core.geometry.se3_torch",
    *("dense_grasp_bench.objects.shapes", "dense_grasp_bench.objects.run"),
)
PACKAGES = ("core", "assets", "ros", "client", "sim", "bench", "franka")

BLOCK = """
import importlib.abc, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""
IMPORT_ALL = """
import importlib, pkgutil
for root in ROOTS:
    package = importlib.import_module(root)
    for module in pkgutil.walk_packages(package.__path__, root + "."):
        if module.name in OF_TRAINING:
            continue
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            if error.name.partition(".")[0] in ABSENT:
                raise
            continue  # MoveIt and franky are not on every machine either
        print(module.name)
"""
DESCRIBE = """
import numpy as np
import rclpy
from rclpy.parameter import Parameter
from dense_grasp.nodes.descriptor_node import DescriptorNode
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
image = np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8)
extractor = DescriptorExtractor(MODEL)
print(extractor(image).shape, extractor.backend)
rclpy.init()
node = DescriptorNode(parameter_overrides=[Parameter("model", value=MODEL)])
print(node.get_name())
node.destroy_node()
rclpy.shutdown()
"""


@functools.lru_cache
def absent() -> frozenset[str]:
    """Top-level modules of the distributions that only train.lock pins."""
    pins = {name: read_lock((ROOT / f"requirements/{name}.lock").read_text()) for name in ("python", "train")}
    robot, train = ({re.sub("[-_.]+", "-", distribution(pin)) for pin in pins[name]} for name in pins)
    found = set()
    for module, owners in importlib.metadata.packages_distributions().items():
        names = {re.sub("[-_.]+", "-", owner).lower() for owner in owners}
        if names & (train - robot) and not names & robot:
            found.add(module)
    return frozenset(found)


def run(code: str) -> subprocess.CompletedProcess[str]:
    """The code in a process that cannot import what a robot does not have."""
    roots = ("dense_grasp", *(f"dense_grasp_{name}" for name in PACKAGES))
    values = {"ABSENT": set(absent()), "ROOTS": roots, "OF_TRAINING": OF_TRAINING, "MODEL": str(MODEL)}
    head = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    return subprocess.run(
        [sys.executable, "-c", head + BLOCK + code], capture_output=True, text=True, env=dict(os.environ)
    )


def test_what_is_taken_away_is_a_lot():
    assert {"torch", "torchvision", "lightning", "skimage", "tensorboard", "trimesh", "hypothesis"} <= absent()
    assert not {"numpy", "cv2", "openvino", "mujoco", "rclpy", "yaml", "pytest"} & absent()


def test_every_module_of_the_robot_and_its_simulation_imports():
    done = run(IMPORT_ALL)
    assert done.returncode == 0, done.stderr
    imported = done.stdout.split()
    for node in ("descriptor_node", "query_node", "grasp_executor"):
        assert f"dense_grasp.nodes.{node}" in imported
    assert {"dense_grasp_sim.ros.sim_cell", "dense_grasp_bench.demo", "dense_grasp_bench.bench_grasp"} <= set(imported)


def test_the_shipped_network_describes_an_image():
    done = run(DESCRIBE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["(30, 40, 64) openvino", "descriptor_node"]


@pytest.mark.parametrize("command", ["train", "generate"])
def test_a_command_of_training_says_what_adds_its_libraries(command):
    done = run(f"from dense_grasp_train.__main__ import main\nraise SystemExit(main([{command!r}, '--help']))")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert re.match(rf"{command}: the library \w+ is not installed: `make setup-train` adds", line), line


@pytest.mark.parametrize("backend", ["auto", "torch"])
def test_a_network_without_its_graph_says_what_adds_torch(tmp_path, backend):
    bare = tmp_path / "bare.safetensors"
    bare.write_bytes(MODEL.read_bytes())
    code = f"""
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.errors import DenseGraspError
try:
    DescriptorExtractor({str(bare)!r}, {backend!r})
except DenseGraspError as error:
    print(error)
"""
    (line,) = run(code).stdout.splitlines()
    assert str(bare) in line and "`make setup-train` adds it" in line
    assert backend == "torch" or "bare.xml does not exist" in line
