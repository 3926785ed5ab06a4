"""What set-up installs and builds, from what the shell has sourced."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.setup.choice import (
    INDEX,
    NUMPY_BEFORE_2,
    RosEnvironment,
    apt_names,
    choose,
    choose_python_pins,
    choose_torch,
    distribution,
    foreign_paths,
    needs_numpy_1,
    read_environment,
    read_lock,
    ros_package,
    wanted_on,
)

PYTHON_LOCK = ("numpy==2.2.6 ; python_version < '3.11'", "numpy==2.3.5 ; python_version >= '3.11'", "empy==3.3.4")
ROS_LOCK = ("ros-jazzy-rclpy==7.1.6", "ros-std-msgs==5.3.6", "ros-stereo-msgs==5.3.6", "ros-wheels-bootstrapper==0.1.2")
LOCKS = ("python", "train", "ros-jazzy")
UNDERLAY = ("tf2_msgs", "tf2_ros_py", "cv_bridge", "control_msgs")


def make_prefix(folder: Path, *packages: str) -> str:
    index = folder / INDEX
    index.mkdir(parents=True)
    for name in packages:
        (index / name).touch()
    return str(folder)


def environment(*packages: str, distro: str = "jazzy", numpy: str = "") -> RosEnvironment:
    return RosEnvironment(distro, ("/opt/ros/" + distro,), dict.fromkeys(packages, "/opt/ros/" + distro), numpy)


def test_nothing_sourced_takes_every_wheel_and_every_stand_in():
    choice = choose(RosEnvironment(), PYTHON_LOCK, ROS_LOCK, UNDERLAY)
    assert choice.ros_wheels == ROS_LOCK
    assert choice.python_pins == PYTHON_LOCK
    assert choice.underlay == tuple(sorted(UNDERLAY))
    assert choice.upstream == ()
    assert not choice.system_site_packages


def test_a_whole_ros_takes_nothing():
    sourced = environment("rclpy", "std_msgs", "stereo_msgs", "rosidl_adapter", *UNDERLAY, numpy="2.1.0")
    choice = choose(sourced, PYTHON_LOCK, ROS_LOCK, UNDERLAY, wanted=("rclpy", "std_msgs"))
    assert choice.ros_wheels == ()
    assert choice.underlay == ()
    assert choice.upstream == tuple(sorted(UNDERLAY))
    assert choice.missing == ()
    assert choice.system_site_packages
    assert "empy==3.3.4" not in choice.python_pins


def test_a_partly_furnished_ros_gets_the_stand_ins_it_lacks_and_no_wheels():
    choice = choose(environment("rclpy", "std_msgs", "tf2_msgs"), PYTHON_LOCK, ROS_LOCK, UNDERLAY)
    assert choice.ros_wheels == ()
    assert choice.underlay == ("control_msgs", "cv_bridge", "tf2_ros_py")
    assert choice.upstream == ("tf2_msgs",)


def test_what_a_sourced_ros_lacks_is_named_when_it_is_wanted():
    choice = choose(environment("rclpy", "std_msgs"), PYTHON_LOCK, ROS_LOCK, UNDERLAY, wanted=("stereo_msgs", "rclpy"))
    assert choice.missing == ("stereo_msgs",)
    unwanted = choose(environment("rclpy", "std_msgs"), PYTHON_LOCK, ROS_LOCK, UNDERLAY, wanted=("rclpy",))
    assert unwanted.missing == ()


def test_an_overlay_without_the_client_library_gets_the_other_wheels():
    choice = choose(environment("std_msgs", "tf2_msgs"), PYTHON_LOCK, ROS_LOCK, UNDERLAY)
    assert choice.ros_wheels == tuple(pin for pin in ROS_LOCK if "std-msgs" not in pin)
    assert "tf2_msgs" not in choice.underlay
    assert not choice.system_site_packages


@pytest.mark.parametrize(
    ("sourced", "kept"),
    [
        (environment("rclpy", "cv_bridge", distro="jazzy"), True),
        (environment("rclpy", "cv_bridge", distro="humble"), True),
        (environment("rclpy", "cv_bridge", distro="lyrical"), False),
        (environment("rclpy", "cv_bridge", distro="jazzy", numpy="2.3.1"), False),
        (environment("rclpy", "cv_bridge", distro="kilted", numpy="1.26.4"), True),
        (environment("rclpy", distro="jazzy", numpy="1.26.4"), False),
        (RosEnvironment(), False),
    ],
)
def test_numpy_stays_on_the_side_of_the_upstream_cv_bridge(sourced, kept):
    assert needs_numpy_1(sourced) is kept
    pins = choose_python_pins(sourced, PYTHON_LOCK)
    assert (NUMPY_BEFORE_2 in pins) is kept
    assert any(pin.startswith("numpy==2") for pin in pins) is not kept


def test_environment_is_read_from_the_ament_index(tmp_path):
    under = make_prefix(tmp_path / "under", "rclpy", "tf2_msgs")
    over = make_prefix(tmp_path / "over", "tf2_msgs", "my_robot")
    environ = {"ROS_DISTRO": "jazzy", "AMENT_PREFIX_PATH": f"{over}:{under}:{tmp_path}/gone"}
    read = read_environment(environ, tmp_path / "checkout")
    assert read.packages == {"my_robot": over, "tf2_msgs": over, "rclpy": under}
    assert read.distro == "jazzy"
    assert read.has_core


def test_what_this_checkout_put_there_is_no_environment(tmp_path):
    own = make_prefix(tmp_path / "install/dense_grasp", "dense_grasp")
    wheels = make_prefix(tmp_path / ".venv", "rclpy")
    environ = {"ROS_DISTRO": "jazzy", "AMENT_PREFIX_PATH": f"{own}:{wheels}"}
    assert read_environment(environ, tmp_path) == RosEnvironment()


def test_numpy_is_asked_for_only_beside_a_cv_bridge(tmp_path):
    prefix = make_prefix(tmp_path / "ros", "rclpy", "cv_bridge")
    plain = make_prefix(tmp_path / "plain", "rclpy")
    assert read_environment({"AMENT_PREFIX_PATH": prefix}, tmp_path / "checkout", lambda: "1.26.4").numpy == "1.26.4"
    assert read_environment({"AMENT_PREFIX_PATH": plain}, tmp_path / "checkout", lambda: 1 / 0).numpy == ""


def test_foreign_paths_keep_their_order_and_drop_the_checkout():
    assert foreign_paths("/a:/checkout/x:/b::/a:/checkout", Path("/checkout")) == ("/a", "/b")
    assert foreign_paths("/checkouts", Path("/checkout")) == ("/checkouts",)


@pytest.mark.parametrize(
    ("pin", "package"),
    [
        ("ros-jazzy-std-msgs==5.3.6", "std_msgs"),
        ("ros-ament-cmake-core==2.5.4", "ament_cmake_core"),
        ("ros-jazzy-rclpy==7.1.6 ; python_version < '3.12'", "rclpy"),
    ],
)
def test_package_of_a_wheel(pin, package):
    assert ros_package(pin) == package


def test_lock_lines_without_comments():
    assert read_lock("# compiled\n\na==1\n  b==2 ; python_version < '3.11'\n") == (
        "a==1",
        "b==2 ; python_version < '3.11'",
    )


@pytest.mark.parametrize(
    ("marker", "versions"),
    [
        ("", [(3, 10), (3, 13)]),
        (" ; python_version < '3.11'", [(3, 10)]),
        (" ; python_version >= '3.11'", [(3, 13)]),
        (" ; python_version == '3.10' or python_version == '3.13'", [(3, 10), (3, 13)]),
        (" ; python_version == '3.12'", []),
    ],
)
def test_lines_of_other_pythons_are_left_out(marker, versions):
    assert [version for version in [(3, 10), (3, 13)] if wanted_on("a==1" + marker, version)] == versions


def test_an_unknown_marker_is_refused():
    with pytest.raises(ValueError, match="a==1"):
        wanted_on("a==1 ; sys_platform == 'win32'", (3, 11))


def test_apt_names():
    assert apt_names("humble", ["stereo_msgs"]) == ("ros-humble-stereo-msgs",)
    assert apt_names("", ["tf2_ros"]) == ("ros-jazzy-tf2-ros",)


def test_the_locks_agree_and_are_exact():
    requirements = Path(__file__).resolve().parents[1] / "requirements"
    python, train, ros = (read_lock((requirements / f"{name}.lock").read_text()) for name in LOCKS)
    assert all("==" in pin.partition(";")[0] for pin in (*python, *train, *ros))
    assert all(pin.startswith("ros-") for pin in ros)
    assert not any(pin.startswith("ros-") for pin in (*python, *train))
    for wanted in ("numpy", "openvino", "mujoco", "setuptools"):
        assert any(pin.startswith(wanted + "==") for pin in python), wanted
    for version in ((3, 10), (3, 11), (3, 12), (3, 13)):
        pins = [pin for pin in (*python, *train) if wanted_on(pin, version)]
        pinned = {distribution(pin): pin.partition(";")[0].strip() for pin in pins}
        assert all(pinned[distribution(pin)] == pin.partition(";")[0].strip() for pin in pins), version


def test_what_a_robot_installs_holds_nothing_that_trains():
    requirements = Path(__file__).resolve().parents[1] / "requirements"
    python, train = (read_lock((requirements / f"{name}.lock").read_text()) for name in LOCKS[:2])
    heavy = {"torch", "torchvision", "triton", "lightning", "tensorboard", "distributed", "imageio-ffmpeg", "embreex"}
    assert not heavy & {distribution(pin) for pin in python}
    assert not [pin for pin in python if distribution(pin).startswith(("nvidia-", "cuda-"))]
    assert {"torch", "torchvision", "lightning", "hypothesis", "mypy"} <= {distribution(pin) for pin in train}


TRAIN_PINS = (
    "torch==2.15.0 ; python_version >= '3.11'",
    "torchvision==0.29.2",
    "nvidia-cublas==13",
    "triton==3",
    "rich==15",
)
SLIM = ("torch==2.15.0+cpu", "torchvision==0.29.2+cpu", "rich==15")


@pytest.mark.parametrize(
    ("has_gpu", "offered", "expected"),
    [
        (False, SLIM, SLIM),
        (False, SLIM[:1], TRAIN_PINS),
        (False, (), TRAIN_PINS),
        (True, SLIM, TRAIN_PINS),
    ],
)
def test_torch_comes_without_cuda_where_there_is_no_gpu_and_the_index_has_that_build(has_gpu, offered, expected):
    assert choose_torch(TRAIN_PINS, has_gpu, lambda pin: pin in offered) == expected
