"""Stamps, locks, repairs and the environment of set-up's steps."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools.setup import machine, packages, relocate, steps, workspace
from tools.setup.choice import RosEnvironment
from tools.setup.stamps import StampFolder, write_whole

ROOT = Path(__file__).resolve().parents[1]


def test_a_stamp_holds_for_its_inputs_only(tmp_path):
    stamps = StampFolder(tmp_path)
    assert not stamps.current("venv", ["3.11"])
    stamps.write("venv", ["3.11"], 1.0)
    assert stamps.current("venv", ["3.11"])
    assert not stamps.current("venv", ["3.12"])
    stamps.clear("venv")
    assert not stamps.current("venv", ["3.11"])


def test_what_changed_since_a_step_ended_is_named(tmp_path):
    stamps = StampFolder(tmp_path)
    assert stamps.changes("build", ["a"]) == []
    stamps.write("build", ["3.11", ["a:1", "b:1"]], 1.0)
    assert stamps.changes("build", ["3.11", ["a:2", "b:1"]]) == ["a:2", "a:1"]
    assert stamps.changes("build", ["3.11", ("a:1", "b:1")]) == []


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"fingerprint": 1}'])
def test_a_damaged_stamp_counts_as_none(tmp_path, damage):
    (tmp_path / "venv.stamp").write_text(damage)
    assert not StampFolder(tmp_path).current("venv", "x")
    assert StampFolder(tmp_path).changes("venv", "x") == []


def test_files_appear_whole(tmp_path):
    target = tmp_path / "deep/file"
    write_whole(target, "a")
    write_whole(target, "b")
    assert target.read_text() == "b"
    assert [path.name for path in target.parent.iterdir()] == ["file"]


HOLDER = """
import sys, time
from pathlib import Path
from tools.setup.stamps import exclusive
with exclusive(Path(sys.argv[1]), lambda line: print(line, flush=True)):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def start_holder(lock: Path, seconds: float) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock), str(seconds)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def test_a_second_setup_waits_for_the_first(tmp_path):
    first = start_holder(tmp_path / "lock", 600)
    assert first.stdout.readline().strip() == "held"
    second = start_holder(tmp_path / "lock", 0)
    assert f"process {first.pid}" in second.stdout.readline()
    assert second.poll() is None
    first.kill()
    assert second.stdout.readline().strip() == "held"  # A killed set-up leaves no lock behind.
    assert second.wait(timeout=120) == 0
    first.wait()
    first.stdout.close()
    second.stdout.close()


def make_distribution(site: Path, body: str = "x = 1\n") -> Path:
    info = site / "thing-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "thing.py").write_text(body)
    (info / "INSTALLER").write_text("pip\n")
    (info / "RECORD").write_text(
        f"thing.py,sha256=abc,{len(body)}\nthing-1.0.dist-info/INSTALLER,sha256=abc,4\nthing-1.0.dist-info/RECORD,,\n"
    )
    return info


def test_a_whole_package_is_left_alone(tmp_path):
    make_distribution(tmp_path)
    assert packages.half_installed(tmp_path) == []


@pytest.mark.parametrize("harm", ["gone", "cut", "no installer", "no record", "empty record"])
def test_a_half_installed_package_is_found(tmp_path, harm):
    info = make_distribution(tmp_path)
    if harm == "gone":
        (tmp_path / "thing.py").unlink()
    elif harm == "cut":
        (tmp_path / "thing.py").write_text("x")
    elif harm == "no installer":
        (info / "INSTALLER").unlink()
    elif harm == "no record":
        (info / "RECORD").unlink()
    else:
        (info / "RECORD").write_text("")
    assert packages.half_installed(tmp_path) == [info]


@pytest.mark.parametrize(
    "container",
    ["/opt/python/cp311-cp311/include/python3.11", "/opt/_internal/cpython-3.12.9/include/python3.12"],
)
def test_cmake_exports_are_pointed_at_this_python(container):
    numpy = "/opt/python/cp311-cp311/lib/python3.11/site-packages/numpy/_core/include"
    before = f'  INTERFACE_INCLUDE_DIRECTORIES "{container};{numpy}"\n'
    after = relocate.relocated(before, "/usr/include/python3.11", "/v/numpy/_core/include")
    assert after == '  INTERFACE_INCLUDE_DIRECTORIES "/usr/include/python3.11;/v/numpy/_core/include"\n'
    assert relocate.relocated(after, "/usr/include/python3.11", "/v/numpy/_core/include") == after


def test_relocation_touches_only_what_names_the_container(tmp_path):
    (tmp_path / "a.cmake").write_text("/opt/python/cp310-cp310/include/python3.10")
    (tmp_path / "b.cmake").write_text("/opt/ros/jazzy/include")
    assert relocate.relocate_tree(tmp_path, "/p", "/n") == 1
    assert (tmp_path / "a.cmake").read_text() == "/p"
    assert relocate.relocate_tree(tmp_path, "/p", "/n") == 0


@pytest.mark.parametrize(
    ("wish", "root", "allowed"),
    [("", True, True), ("0", True, False), ("1", False, True), ("", False, False), ("0", False, False)],
)
def test_when_apt_get_may_be_called(wish, root, allowed):
    assert machine.may_install({"DENSE_GRASP_APT": wish}, root) is allowed


def test_what_may_not_be_installed_is_named_with_its_line(monkeypatch):
    with pytest.raises(machine.SetupError, match=r"sudo apt-get install -y libegl1 libgles2"):
        machine.install(["libegl1", "libgles2"], {"DENSE_GRASP_APT": "0"}, print)


@pytest.mark.parametrize(
    ("version", "sourced", "usable"),
    [
        ((3, 9), True, False),
        ((3, 10), False, True),
        ((3, 13), False, True),
        ((3, 14), False, False),
        ((3, 14), True, True),
    ],
)
def test_supported_interpreters(version, sourced, usable):
    assert machine.supported(version, sourced) is usable


def test_the_base_environment_forgets_this_checkout(tmp_path):
    own = tmp_path / "checkout"
    environ = {
        "AMENT_PREFIX_PATH": f"{own}/install/a:/opt/ros/jazzy",
        "CMAKE_PREFIX_PATH": f"{own}/.venv",
        "PATH": f"{own}/.venv/bin:/usr/bin",
        "VIRTUAL_ENV": f"{own}/.venv",
        "_ROS_WHEELS_BOOTSTRAP_COMPLETE": "1",
        "HOME": "/home/me",
    }
    assert workspace.base_environment(environ, own) == {
        "AMENT_PREFIX_PATH": "/opt/ros/jazzy",
        "PATH": "/usr/bin",
        "HOME": "/home/me",
    }


def make_package(folder: Path, name: str, depends: str = "") -> Path:
    path = folder / name
    path.mkdir(parents=True)
    text = f"<package><name>{name}</name>{depends}<export><build_type>ament_python</build_type></export></package>"
    (path / "package.xml").write_text(text)
    return path


def test_packages_and_their_dependencies(tmp_path):
    make_package(tmp_path, "a", "<depend>std_msgs</depend><test_depend>python3-pytest</test_depend>")
    make_package(tmp_path, "b", "<exec_depend>a</exec_depend>")
    found = workspace.packages(tmp_path)
    assert list(found) == ["a", "b"]
    assert workspace.dependencies(list(found.values())) == {"std_msgs", "python3-pytest", "a"}


def test_a_build_is_due_for_build_files_and_new_files_but_not_for_live_code(tmp_path):
    package = make_package(tmp_path, "a")
    (package / "a").mkdir()
    (package / "a/node.py").write_text("x = 1")
    (package / "msg").mkdir()
    (package / "msg/M.msg").write_text("int32 x")
    before = workspace.build_inputs([package])
    (package / "a/node.py").write_text("x = 2")
    (package / "test").mkdir()
    (package / "test/test_node.py").write_text("")
    assert workspace.build_inputs([package]) == before
    for cache in (package / "__pycache__", package / "launch/__pycache__"):
        cache.mkdir(parents=True, exist_ok=True)
        (cache / "a.cpython-311.pyc").touch()
    assert workspace.build_inputs([package]) == before, "what Python keeps after a run is no change"
    (package / "msg/M.msg").write_text("int32 y")
    changed = workspace.build_inputs([package])
    assert changed != before
    (package / "a/other.py").write_text("")
    assert workspace.build_inputs([package]) != changed


@pytest.mark.parametrize(("cores", "flags"), [(None, "-j2"), (1, "-j2"), (2, "-j2"), (64, "-j4")])
def test_several_compilers_run_whatever_else_the_machine_does(cores, flags):
    assert workspace.make_flags(cores) == flags


def test_modules_of_a_package(tmp_path):
    interfaces = make_package(tmp_path, "my_msgs")
    python = make_package(tmp_path, "tf2_ros_py")
    (python / "setup.py").touch()
    for name in ("tf2_ros", "test"):
        (python / name).mkdir()
        (python / name / "__init__.py").touch()
    assert workspace.modules(interfaces) == ["my_msgs"]
    assert workspace.modules(python) == ["tf2_ros"]


def test_the_floor_script_of_wheels_and_of_a_sourced_ros():
    wheels = workspace.floor_script(RosEnvironment(), uses_wheels=True)
    assert "ROS_DISTRO=jazzy" in wheels
    assert "$_dg_root/.venv" in wheels
    sourced = RosEnvironment("humble", ("/opt/ros/humble",), {"rclpy": "/opt/ros/humble"})
    assert "ROS_DISTRO" not in workspace.floor_script(sourced, uses_wheels=False)


def run_floor(script: str, environ: dict[str, str]) -> subprocess.CompletedProcess:
    code = f'_dg_root=/checkout\n{script}\necho "$AMENT_PREFIX_PATH"'
    return subprocess.run(
        ["bash", "-c", code], env={"PATH": os.environ["PATH"], **environ}, capture_output=True, text=True
    )


def test_the_floor_script_runs_in_bash():
    wheels = workspace.floor_script(RosEnvironment(), uses_wheels=True)
    assert run_floor(wheels + wheels, {}).stdout == "/checkout/.venv\n"
    sourced = RosEnvironment("humble", ("/opt/ros/humble",), {"rclpy": "/opt/ros/humble"})
    script = workspace.floor_script(sourced, uses_wheels=False)
    missing = run_floor(script, {})
    assert "source the ROS environment first" in missing.stderr
    assert "/opt/ros/humble" in missing.stderr
    assert run_floor(script, {"AMENT_PREFIX_PATH": "/opt/ros/humble"}).stderr == ""


@pytest.fixture
def checkout(tmp_path):
    """A checkout with one package and locks that name nothing to install."""
    make_package(tmp_path / "src", "a")
    make_package(tmp_path / "underlay", "b")
    (tmp_path / "requirements").mkdir()
    for name in ("python.lock", "train.lock", "ros-jazzy.lock", "robot-models.lock"):
        (tmp_path / "requirements" / name).write_text("ros-x==1\n" if name.startswith("ros") else "x==1\n")
    return tmp_path


def test_steps_run_once_and_go_on_where_they_stopped(checkout, monkeypatch):
    """The steps' order, their stamps, and that a step that failed runs again while those before it do not."""
    done: list[str] = []
    fail_at = ["models"]

    def make(name: str, makes: Path | None = None):
        def action(*_):
            if fail_at and fail_at[0] == name:
                raise machine.SetupError("no network")
            done.append(name)
            if makes is not None:
                makes.parent.mkdir(parents=True, exist_ok=True)
                makes.touch()

        return action

    venv = checkout / ".venv"
    evidence = {
        "venv": venv / "bin/activate", "python": venv / "bin/pip", "ros": venv / "bin/python",
        "models": venv / "share/robot_models", "build": checkout / "install/local_setup.bash",
    }  # fmt: skip
    for name in ("machine", "venv", "python", "ros", "models", "renderer", "build", "imports", "train"):
        monkeypatch.setattr(steps.Setup, f"_{name}", make(name, evidence.get(name)))
    say = lambda line: None  # noqa: E731
    environ = {"PATH": os.environ["PATH"]}
    with pytest.raises(machine.SetupError, match="no network"):
        steps.Setup(checkout, environ, say).run()
    assert done == ["machine", "venv", "python", "ros"]
    fail_at.clear()
    assert steps.Setup(checkout, environ, say).run() == ["models", "renderer", "build", "imports"]
    worked = time.process_time()
    assert steps.Setup(checkout, environ, say).run() == []
    assert time.process_time() - worked < 10.0
    (checkout / "src/a/package.xml").write_text("<package><name>a</name><version>2</version></package>")
    assert steps.Setup(checkout, environ, say).run() == ["build", "imports"]
    assert steps.Setup(checkout, environ, say, train=True).run() == ["train"]
    assert steps.Setup(checkout, environ, say).run() == []
    assert steps.Setup(checkout, environ, say, train=True).run() == []
    (checkout / "requirements/train.lock").write_text("y==1\n")
    assert steps.Setup(checkout, environ, say).run() == []
    assert steps.Setup(checkout, environ, say, train=True).run() == ["train"]
    (checkout / "requirements/python.lock").write_text("x==2\n")
    assert steps.Setup(checkout, environ, say, train=True).run() == ["python", "renderer", "imports", "train"]


def test_another_environment_is_not_silently_set_up_over_this_one(checkout, tmp_path):
    setup = steps.Setup(checkout, {"PATH": os.environ["PATH"]}, print)
    setup._refuse_other_floor()
    prefix = tmp_path / "opt"
    index = prefix / "share/ament_index/resource_index/packages"
    index.mkdir(parents=True)
    (index / "my_robot").touch()
    elsewhere = checkout.parent / (checkout.name + "_ros")
    prefix.rename(elsewhere)
    other = steps.Setup(checkout, {"PATH": os.environ["PATH"], "AMENT_PREFIX_PATH": str(elsewhere)}, print)
    with pytest.raises(machine.SetupError, match="make clean"):
        other._refuse_other_floor()
