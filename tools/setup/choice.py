"""Decide, package by package, what set-up installs and builds on this machine.

Pure functions: what the sourced ROS environment offers goes in, what is lacking comes out. The rules:

- A sourced ROS environment is never replaced by wheels: where it has `rclpy`, no ROS wheel is installed at all.
- A stand-in of `underlay/` is built only where the environment lacks the upstream package of that name.
- NumPy stays on the side of its ABI break for which the environment's `cv_bridge` was built.
- Without a GPU torch comes without CUDA, where pip's index offers that build.
"""

from __future__ import annotations

import operator
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

INDEX = Path("share/ament_index/resource_index/packages")
NUMPY_BEFORE_2 = "numpy==1.26.4"
# Distributions whose apt packages of cv_bridge were built against NumPy 1.
NUMPY_1_DISTRIBUTIONS = ("humble", "jazzy")
# What torch's builds with CUDA bring along.
CUDA_PART = re.compile(r"nvidia-|cuda-|triton$")
# Tools that belong to the rosidl of an environment: it brings the versions that its generators understand.
ROSIDL_TOOLS = ("empy", "lark-parser", "cmake")


@dataclass(frozen=True)
class RosEnvironment:
    """What the shell that called set-up has sourced.

    Attributes:
        distro: ROS_DISTRO, empty when nothing is sourced.
        prefixes: entries of AMENT_PREFIX_PATH outside this checkout, in order.
        packages: package name -> the first prefix whose ament index lists it.
        numpy: version of NumPy that the environment's Python imports, empty when none.
    """

    distro: str = ""
    prefixes: tuple[str, ...] = ()
    packages: Mapping[str, str] = None  # type: ignore[assignment]
    numpy: str = ""

    def __post_init__(self) -> None:
        if self.packages is None:
            object.__setattr__(self, "packages", {})

    @property
    def has_core(self) -> bool:
        """True when the environment is a ROS of its own: it brings the client library."""
        return "rclpy" in self.packages


@dataclass(frozen=True)
class Choice:
    """What is to be installed and built; lock lines keep their order."""

    python_pins: tuple[str, ...]
    ros_wheels: tuple[str, ...]
    underlay: tuple[str, ...]
    upstream: tuple[str, ...]
    missing: tuple[str, ...]
    system_site_packages: bool


def read_environment(
    environ: Mapping[str, str], checkout: Path, numpy_version: Callable[[], str] = lambda: ""
) -> RosEnvironment:
    """The sourced ROS environment, without what this checkout itself put there.

    `numpy_version` is asked only where the environment has a `cv_bridge`, for which alone it matters.
    """
    prefixes = foreign_paths(environ.get("AMENT_PREFIX_PATH", ""), checkout)
    packages: dict[str, str] = {}
    for prefix in prefixes:
        index = Path(prefix) / INDEX
        if index.is_dir():
            for name in sorted(entry.name for entry in index.iterdir()):
                packages.setdefault(name, prefix)
    if not packages:
        return RosEnvironment()
    numpy = numpy_version() if "cv_bridge" in packages else ""
    return RosEnvironment(environ.get("ROS_DISTRO", ""), prefixes, packages, numpy)


def foreign_paths(value: str, checkout: Path) -> tuple[str, ...]:
    """Entries of a path list that lie outside the checkout, each once."""
    own = str(checkout)
    entries = [entry for entry in value.split(os.pathsep) if entry]
    return tuple(dict.fromkeys(e for e in entries if e != own and not e.startswith(own + os.sep)))


def read_lock(text: str) -> tuple[str, ...]:
    """The pins of a lock file, without comments and blank lines."""
    return tuple(line for line in map(str.strip, text.splitlines()) if line and not line.startswith("#"))


def distribution(pin: str) -> str:
    """Name of the distribution that a lock line pins."""
    return pin.partition(";")[0].partition("==")[0].strip().lower()


def ros_package(pin: str) -> str:
    """ROS package that a wheel's lock line carries: `ros-jazzy-std-msgs==1` and `ros-std-msgs==1` are `std_msgs`."""
    name = distribution(pin).removeprefix("ros-").removeprefix("jazzy-")
    return name.replace("-", "_")


def wanted_on(pin: str, version: tuple[int, int]) -> bool:
    """True when a lock line is meant for this Python; the lock's markers compare python_version alone."""
    marker = pin.partition(";")[2].strip()
    if not marker:
        return True
    comparisons = {"<": operator.lt, ">=": operator.ge, "==": operator.eq}
    for clause in marker.split(" or "):
        match = re.fullmatch(r"python_version (<|>=|==) '(\d+)\.(\d+)'", clause.strip())
        if match is None:
            raise ValueError(f"lock line '{pin}': expected markers of the form python_version < '3.11'")
        if comparisons[match[1]](version, (int(match[2]), int(match[3]))):
            return True
    return False


def choose_python_pins(environment: RosEnvironment, lock: Sequence[str]) -> tuple[str, ...]:
    """Lines of `python.lock` that fit the environment."""
    pins = list(lock)
    if "rosidl_adapter" in environment.packages:
        pins = [pin for pin in pins if distribution(pin) not in ROSIDL_TOOLS]
    if needs_numpy_1(environment):
        pins = [pin for pin in pins if distribution(pin) != "numpy"]
        pins.append(NUMPY_BEFORE_2)
    return tuple(pins)


def needs_numpy_1(environment: RosEnvironment) -> bool:
    """True when the environment's cv_bridge was built for NumPy 1, so NumPy 2 would break it."""
    if "cv_bridge" not in environment.packages:
        return False
    if environment.numpy:
        return environment.numpy.split(".")[0] == "1"
    return environment.distro in NUMPY_1_DISTRIBUTIONS


def choose_torch(pins: Sequence[str], has_gpu: bool, offers: Callable[[str], bool]) -> tuple[str, ...]:
    """The pins of `train.lock` for this machine: without a GPU those of torch's CPU build, where there is one.

    `offers` says whether pip's index has a pin. PyPI has no CPU build; an index that has one
    (https://download.pytorch.org/whl/cpu is torch's own) is added in pip's configuration or PIP_EXTRA_INDEX_URL.
    """
    if has_gpu:
        return tuple(pins)
    slim = [pin for pin in pins if not CUDA_PART.match(distribution(pin))]
    for number, pin in enumerate(slim):
        if distribution(pin) in ("torch", "torchvision"):
            slim[number] = pin.partition(";")[0].strip() + "+cpu"
            if not offers(slim[number]):
                return tuple(pins)
    return tuple(slim)


def choose(
    environment: RosEnvironment,
    python_lock: Sequence[str],
    ros_lock: Sequence[str],
    underlay: Iterable[str],
    wanted: Iterable[str] = (),
) -> Choice:
    """What to install and build.

    Args:
        environment: what is sourced.
        python_lock, ros_lock: pins of the two lock files.
        underlay: names of the stand-ins in `underlay/`.
        wanted: packages that `src/` depends on; of these, what a sourced ROS lacks and the wheels would have brought
            is named in `missing`, because a wheel must not be mixed into that ROS.
    """
    offered = environment.packages
    names = sorted(underlay)
    stand_ins = tuple(name for name in names if name not in offered)
    wheels = tuple(pin for pin in ros_lock if ros_package(pin) not in offered)
    missing: tuple[str, ...] = ()
    if environment.has_core:
        lacking = {ros_package(pin) for pin in wheels}
        missing = tuple(sorted(lacking & set(wanted)))
        wheels = ()
    return Choice(
        python_pins=choose_python_pins(environment, python_lock),
        ros_wheels=wheels,
        underlay=stand_ins,
        upstream=tuple(name for name in names if name in offered),
        missing=missing,
        system_site_packages=environment.has_core,
    )


def apt_names(distro: str, packages: Iterable[str]) -> tuple[str, ...]:
    """Debian names of ROS packages, as packages.ros.org spells them."""
    return tuple(f"ros-{distro or 'jazzy'}-{name.replace('_', '-')}" for name in packages)
