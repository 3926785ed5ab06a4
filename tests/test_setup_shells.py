"""Set-up and setup.bash in every kind of shell: none activated, ROS's own environment activated, this one's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tools.setup import executables, machine, workspace
from tools.setup.choice import INDEX, RosEnvironment

ROOT = Path(__file__).resolve().parents[1]
BASE = Path(machine.base_interpreter())
CLEAN = {"HOME": os.environ.get("HOME", "/"), "PATH": f"{BASE.parent}:/usr/bin:/bin"}


def make_venv(folder: Path) -> Path:
    subprocess.run([str(BASE), "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder


def bash(script: str, **environ: str) -> str:
    done = subprocess.run(["bash", "-c", script], env={**CLEAN, **environ}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def ros(tmp_path):
    """A virtual environment with a ROS in it, as wheels of somebody's own make one, and a command of its own."""
    venv = make_venv(tmp_path / "ros")
    (venv / INDEX).mkdir(parents=True)
    for name in ("rclpy", "cv_bridge"):
        (venv / INDEX / name).touch()
    numpy = workspace_site(venv) / "numpy-1.26.4.dist-info"
    numpy.mkdir()
    (numpy / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 1.26.4\n")
    command = venv / "bin/only_here"
    command.write_text("#!/bin/sh\necho found\n")
    command.chmod(0o755)
    return venv


def workspace_site(venv: Path) -> Path:
    (site,) = venv.glob("lib/python3.*/site-packages")
    return site


@pytest.fixture
def checkout(tmp_path, ros):
    """A checkout that was set up on that ROS."""
    root = tmp_path / "checkout"
    for folder in ("src/a", "underlay", "requirements", ".setup"):
        (root / folder).mkdir(parents=True)
    (root / "src/a/package.xml").write_text("<package><name>a</name></package>")
    for name in ("python.lock", "train.lock", "ros-jazzy.lock", "robot-models.lock"):
        (root / "requirements" / name).write_text("numpy==2.3.5\n" if name == "python.lock" else "")
    shutil.copy(ROOT / "setup.bash", root)
    make_venv(root / ".venv")
    environment = RosEnvironment("jazzy", (str(ros),), {"rclpy": str(ros), "cv_bridge": str(ros)})
    (root / ".setup/floor.bash").write_text(workspace.floor_script(environment, uses_wheels=False))
    return root


def shells(ros: Path, checkout: Path) -> dict[str, str]:
    activate, use = f"source {ros}/bin/activate", f"source {checkout}/setup.bash"
    return {
        "ROS not activated": ":",
        "ROS activated": activate,
        "setup.bash without activation": use,
        "setup.bash after activation": f"{activate}; {use}",
        "setup.bash twice": f"{activate}; {use}; {use}",
        "this environment alone": f"source {checkout}/.venv/bin/activate",
        "activated and left": f"{activate}; {use}; deactivate",
    }


def test_no_step_depends_on_the_kind_of_shell(ros, checkout):
    """One that did would build everything anew whenever make is called from another shell."""
    code = (
        "import json, os, sys; from pathlib import Path; from tools.setup.steps import Setup; "
        "from tools.setup.stamps import fingerprint; setup = Setup(Path(sys.argv[1]), os.environ, print); "
        "print(json.dumps({step.name: [fingerprint(step.inputs), str(step.inputs)] for step in setup.steps()}))"
    )
    found = {}
    for name, script in shells(ros, checkout).items():
        line = f"{script}; PYTHONPATH={ROOT} python3 -c {json.dumps(code)} {checkout}"
        found[name] = json.loads(bash(line, AMENT_PREFIX_PATH=str(ros), ROS_DISTRO="jazzy"))
    first = found["ROS activated"]
    assert "numpy==1.26.4" in first["python"][1]
    for name, steps in found.items():
        assert steps == first, name


def test_setup_bash_keeps_the_commands_of_an_activated_environment(ros, checkout):
    for name, script in shells(ros, checkout).items():
        if "setup.bash" not in name:
            continue
        said = bash(f"{script}; only_here; command -v python; echo $VIRTUAL_ENV", AMENT_PREFIX_PATH=str(ros))
        assert said.split() == ["found", f"{checkout}/.venv/bin/python", f"{checkout}/.venv"], name


def test_deactivate_leads_back_to_the_environment_before(ros, checkout):
    script = f"source {ros}/bin/activate; before=$PATH; source {checkout}/setup.bash; deactivate; "
    said = bash(script + '[ "$PATH" = "$before" ] && only_here', AMENT_PREFIX_PATH=str(ros))
    assert said == "found\n"


# executables


@pytest.fixture
def buildable(tmp_path):
    """A checkout with a package that has a command; its environment finds colcon in the one that runs the tests."""
    root = tmp_path / "checkout"
    package = root / "src/greeter"
    (package / "greeter").mkdir(parents=True)
    (package / "resource").mkdir()
    (package / "resource/greeter").touch()
    (package / "greeter/__init__.py").write_text("def main():\n    import sys\n    print('hello from', sys.prefix)\n")
    (package / "setup.cfg").write_text(
        "[develop]\nscript_dir=$base/lib/greeter\n[install]\ninstall_scripts=$base/lib/greeter\n"
    )
    (package / "setup.py").write_text(
        "from setuptools import setup\n"
        "setup(name='greeter', version='1.0', packages=['greeter'],\n"
        "      data_files=[('share/ament_index/resource_index/packages', ['resource/greeter']),\n"
        "                  ('share/greeter', ['package.xml'])],\n"
        "      entry_points={'console_scripts': ['greet = greeter:main']})\n"
    )
    (package / "package.xml").write_text(
        '<package format="3"><name>greeter</name><version>1.0.0</version><description>greets</description>'
        '<maintainer email="a@b.c">a</maintainer><license>Apache-2.0</license>'
        "<export><build_type>ament_python</build_type></export></package>"
    )
    shutil.copy(ROOT / "setup.bash", root)
    (root / ".setup").mkdir()
    (root / ".setup/floor.bash").touch()
    venv = make_venv(root / ".venv")
    parent = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})"
    (workspace_site(venv) / "sourced_ros.pth").write_text(parent + "\n")
    return root


@pytest.fixture
def foreign_colcon(tmp_path):
    """PATH on which the colcon of another Python comes first."""
    command = tmp_path / "elsewhere/colcon"
    command.parent.mkdir()
    command.write_text(f"#!{sys.executable}\nimport sys\nfrom colcon_core.command import main\nsys.exit(main())\n")
    command.chmod(0o755)
    return f"{command.parent}:{os.environ['PATH']}"


def test_executables_belong_to_the_environment_whatever_colcon_comes_first(buildable, foreign_colcon):
    """The environment shares colcon with the one it builds on; that one's command would give the nodes its Python."""
    environ = workspace.base_environment({**os.environ, "PATH": foreign_colcon}, ROOT)
    environ.pop("AMENT_PREFIX_PATH", None)
    script, venv = buildable / "install/greeter/lib/greeter/greet", buildable / ".venv"
    for _ in range(2):
        workspace.build(buildable, ["greeter"], [], environ)
        assert executables.foreign_scripts(buildable / "install", ["greeter"], venv) == {}
        said = bash(f"source {buildable}/setup.bash; exec {script}")
        assert said == f"hello from {venv}\n"
        # What an earlier set-up may have left is found and built anew.
        text = script.read_text()
        script.write_text(text.replace(f"#!{venv}/bin/python", f"#!{sys.executable}"))
        assert executables.foreign_scripts(buildable / "install", ["greeter"], venv) == {script: sys.executable}


def test_the_built_executables_are_this_environments():
    """Of the checkout that runs the tests, when it is set up."""
    names = [*workspace.packages(ROOT / "src"), *workspace.packages(ROOT / "underlay")]
    if not list(executables.scripts(ROOT / "install", names)):
        pytest.skip("nothing is built here")
    assert executables.foreign_scripts(ROOT / "install", names, ROOT / ".venv") == {}
