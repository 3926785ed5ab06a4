"""The colcon workspace of the checkout: what it holds, the environment it is built in, the build itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.setup import executables
from tools.setup.choice import RosEnvironment, foreign_paths
from tools.setup.machine import SetupError
from tools.setup.stamps import tree_digest

GUARD = "_ROS_WHEELS_BOOTSTRAP_COMPLETE"
TYPESUPPORT = Path(__file__).resolve().with_name("typesupport.cmake")
"""What the build adds to the project of every message package."""

# What a build depends on beside its sources: how it is called.
BUILD_COMMAND = ("python", "-m", "colcon", "--log-level", "error", "build", "--symlink-install")
BUILD_FILES = ("setup.py", "setup.cfg", "package.xml", "CMakeLists.txt")


def packages(folder: Path) -> dict[str, Path]:
    """Package name -> folder for each package.xml one level below."""
    found = {}
    for manifest in sorted(folder.glob("*/package.xml")):
        name = ElementTree.parse(manifest).getroot().findtext("name")
        if not name:
            raise SetupError(f"{manifest} has no <name>")
        found[name.strip()] = manifest.parent
    return found


def dependencies(folders: Sequence[Path]) -> set[str]:
    """Everything that these packages say they need, tests and build tools included."""
    names: set[str] = set()
    for folder in folders:
        root = ElementTree.parse(folder / "package.xml").getroot()
        names |= {(e.text or "").strip() for e in root if e.tag.endswith("depend")}
    return names


def modules(folder: Path) -> list[str]:
    """Python modules that a package brings: its own folders with code, or the one generated from its interfaces."""
    if (folder / "setup.py").exists():
        return sorted(init.parent.name for init in folder.glob("*/__init__.py") if init.parent.name != "test")
    return [name for name, path in packages(folder.parent).items() if path == folder]


def build_inputs(folders: Sequence[Path]) -> list[str]:
    """What, when changed, makes a build necessary: build files, interfaces, and which files there are to install."""
    lines = []
    for folder in sorted(folders):
        for path in sorted(folder.rglob("*")):
            if path.is_dir() or "__pycache__" in path.parts or path.suffix == ".pyc":
                continue
            if "test" in path.relative_to(folder).parts:
                continue
            lines.append(f"{folder.name}/{path.relative_to(folder)}")
        lines += tree_digest(
            folder, lambda path: path.name in BUILD_FILES or path.suffix in (".msg", ".srv", ".action", ".cpp", ".hpp")
        )
        for link in (folder / "config", folder / "launch", folder / "models"):
            if link.is_dir():
                names = sorted(entry.name for entry in link.iterdir() if entry.name != "__pycache__")
                lines += [f"{folder.name}/{link.name}/{name}" for name in names]
    return lines


def base_environment(environ: Mapping[str, str], checkout: Path) -> dict[str, str]:
    """The caller's environment without what sourcing this checkout put there."""
    env = dict(environ)
    env.pop(GUARD, None)
    for name in ("COLCON_PREFIX_PATH", "VIRTUAL_ENV", "PYTHONHOME"):
        env.pop(name, None)
    for name in ("AMENT_PREFIX_PATH", "CMAKE_PREFIX_PATH", "PYTHONPATH", "PATH", "LD_LIBRARY_PATH", "PKG_CONFIG_PATH"):
        if name in env:
            env[name] = os.pathsep.join(foreign_paths(env[name], checkout))
            if not env[name]:
                del env[name]
    return env


def parent_venv(environment: RosEnvironment) -> Path | None:
    """The virtual environment that the sourced ROS lives in, when it lives in one (ROS wheels of somebody's own)."""
    prefix = Path(environment.packages.get("rclpy", "/"))
    return prefix if (prefix / "pyvenv.cfg").exists() else None


def parent_library_path(parent: Path) -> list[str]:
    """Library folders that ROS wheels inside another virtual environment need."""
    libraries = sorted(map(str, parent.glob("lib/python3.*/site-packages/ros_*.libs")))
    return [str(parent / "lib"), *libraries]


def floor_script(environment: RosEnvironment, uses_wheels: bool) -> str:
    """Text of `.setup/floor.bash`: what setup.bash adds to a shell on this machine."""
    lines = [f"# What make setup chose: {'wheels' if uses_wheels else 'the sourced ROS environment'}."]
    if not environment.packages:
        lines.append("export ROS_DISTRO=jazzy")
    else:
        # Taken along, so that a fresh shell finds what the shell of the set-up had sourced.
        for prefix in reversed(environment.prefixes):
            found = f'[[ ":${{AMENT_PREFIX_PATH:-}}:" == *":{prefix}:"* ]]'
            lines.append(f'{found} || _dg_missing="{prefix} ${{_dg_missing:-}}"')
        complaint = "setup.bash: source the ROS environment first; not on AMENT_PREFIX_PATH: $_dg_missing"
        lines.append(f'[ -z "${{_dg_missing:-}}" ] || echo "{complaint}" >&2')
        lines.append("unset _dg_missing")
    if uses_wheels:
        lines += [
            'if [[ ":${AMENT_PREFIX_PATH:-}:" != *":$_dg_root/.venv:"* ]]; then',
            '  export AMENT_PREFIX_PATH="$_dg_root/.venv${AMENT_PREFIX_PATH:+:$AMENT_PREFIX_PATH}"',
            '  export CMAKE_PREFIX_PATH="$_dg_root/.venv${CMAKE_PREFIX_PATH:+:$CMAKE_PREFIX_PATH}"',
            "fi",
            "export ROS_VERSION=2 ROS_PYTHON_VERSION=3",
            'export ROS_AUTOMATIC_DISCOVERY_RANGE="${ROS_AUTOMATIC_DISCOVERY_RANGE:-LOCALHOST}"',
        ]
    parent = parent_venv(environment)
    if parent is not None:
        # Commands of that environment (ros2, cmake), in a shell in which it is not activated, too.
        lines.append(f'[[ ":$PATH:" == *":{parent}/bin:"* ]] || export PATH="$PATH:{parent}/bin"')
        value = os.pathsep.join(parent_library_path(parent))
        lines += [
            f'export LD_LIBRARY_PATH="{value}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"',
            f"export {GUARD}=1",
        ]
    return "\n".join(lines) + "\n"


def in_workspace(checkout: Path, command: Sequence[str], environ: Mapping[str, str], **options: object) -> int:
    """Run a command as a shell that sourced setup.bash would; returns its exit status."""
    script = 'source "$1/setup.bash" && shift && exec "$@"'
    arguments = ["bash", "-c", script, "in_workspace", str(checkout), *command]
    return subprocess.run(arguments, env=dict(environ), cwd=checkout, **options).returncode  # type: ignore[call-overload, no-any-return]


def build(checkout: Path, names: Sequence[str], dropped: Sequence[str], environ: Mapping[str, str]) -> None:
    """Build these packages of src/ and underlay/; `dropped` stand-ins of an earlier build are removed.

    colcon is called as a module of the environment's Python, never as the command that comes first on PATH: the
    executables get the interpreter that colcon runs in, and the command may belong to another one.

    Raises:
        SetupError: a package was not built, or has executables that another Python than the environment's would start.
    """
    for name in dropped:
        _remove_built(checkout, name)
    for path in executables.foreign_scripts(checkout / "install", names, checkout / ".venv"):
        _remove_built(checkout, path.relative_to(checkout / "install").parts[0])
    env = {**environ, "PYTHONWARNINGS": "ignore", "DENSE_GRASP_BUILDING": "1", "MAKEFLAGS": make_flags(os.cpu_count())}
    bases = [name for name in ("underlay", "src") if (checkout / name).is_dir()]
    command = [*BUILD_COMMAND, "--base-paths", *bases]
    command += ["--packages-select", *names, "--event-handlers", "console_cohesion-", "console_stderr-"]
    command += ["--cmake-args", "-DBUILD_TESTING=OFF", "--no-warn-unused-cli", f"-DCMAKE_PROJECT_INCLUDE={TYPESUPPORT}"]
    if in_workspace(checkout, command, env):
        raise SetupError("colcon could not build the workspace; the whole output is in log/latest_build/")
    for path, interpreter in executables.foreign_scripts(checkout / "install", names, checkout / ".venv").items():
        raise SetupError(
            f"{path} would be started by {interpreter}, expected {checkout / '.venv/bin/python'}: "
            "the packages of this checkout are not there. Remove build/ and install/ and run make setup again"
        )


def make_flags(cores: int | None) -> str:
    """Of the makes that colcon starts, several at a time.

    colcon's own choice also gives make the number of cores as the load from which it starts nothing more: on a machine
    that does something else one compiler runs at a time. And the flags of the make that started set-up name a job
    server that is out of reach.
    """
    return f"-j{max(2, min(cores or 2, 4))}"


def _remove_built(checkout: Path, name: str) -> None:
    shutil.rmtree(checkout / "install" / name, ignore_errors=True)
    shutil.rmtree(checkout / "build" / name, ignore_errors=True)


def starts(checkout: Path, package: str, executable: str, environ: Mapping[str, str]) -> bool:
    """True when `ros2 run` starts an executable and it prints its help."""
    command = ["ros2", "run", package, executable, "--help"]
    return in_workspace(checkout, command, environ, stdout=subprocess.DEVNULL) == 0
