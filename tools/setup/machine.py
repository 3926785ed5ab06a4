"""What the machine itself must bring: interpreter, compiler, renderer libraries."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

OLDEST, NEWEST_WITH_WHEELS = (3, 10), (3, 13)
EGL_PACKAGES = ("libegl1", "libegl-mesa0", "libgl1-mesa-dri", "libgles2")
# The loader, and one vendor behind it: Mesa renders without a GPU driver.
EGL_LOADER = "libEGL.so.1"
EGL_VENDORS = ("libEGL_mesa.so.0", "libEGL_nvidia.so.0")


class SetupError(Exception):
    """Set-up cannot go on; the message says what is missing and what brings it."""


def supported(version: tuple[int, int], sourced: bool) -> bool:
    """True for an interpreter that can be used; a sourced ROS may bring a newer one than the wheels know."""
    return version >= OLDEST and (sourced or version <= NEWEST_WITH_WHEELS)


def apt_line(packages: tuple[str, ...] | list[str]) -> str:
    """The command that installs Debian packages."""
    return "sudo apt-get install -y " + " ".join(packages)


def may_install(environ: Mapping[str, str], is_root: bool) -> bool:
    """True when set-up may call apt-get: as root unless DENSE_GRASP_APT=0, otherwise only with DENSE_GRASP_APT=1."""
    wish = environ.get("DENSE_GRASP_APT", "")
    return wish != "0" and (is_root or wish == "1")


def missing_tools(python: str) -> list[str]:
    """Debian packages of build tools that are missing for this interpreter."""
    packages = []
    if not any(shutil.which(name) for name in ("c++", "g++", "clang++")):
        packages.append("g++")
    if not shutil.which("make"):
        packages.append("make")
    probe = (
        "import importlib.util as u, os, sysconfig as s;"
        "print(int(bool(u.find_spec('venv') and u.find_spec('ensurepip'))),"
        "int(os.path.exists(os.path.join(s.get_path('include'), 'Python.h'))))"
    )
    has_venv, has_headers = subprocess.run(
        [python, "-I", "-c", probe], capture_output=True, text=True, check=True
    ).stdout.split()
    version = python_version(python)
    prefix = f"python{version[0]}.{version[1]}" if version != sys.version_info[:2] else "python3"
    if has_venv == "0":
        packages.append(f"{prefix}-venv")
    if has_headers == "0":
        packages.append(f"{prefix}-dev")
    return packages


def loads(library: str) -> bool:
    """True when the dynamic linker finds a shared library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def has_gpu() -> bool:
    """True when the machine has a GPU that CUDA runs on: its driver has made a device file."""
    return any(Path("/dev").glob("nvidia[0-9]*")) or Path("/dev/dxg").exists()


def missing_egl() -> list[str]:
    """Renderer libraries that the dynamic linker does not find."""
    missing = [] if loads(EGL_LOADER) else [EGL_LOADER]
    if not any(loads(vendor) for vendor in EGL_VENDORS):
        missing.append(EGL_VENDORS[0])
    return missing


def python_version(python: str) -> tuple[int, int]:
    """(major, minor) of an interpreter."""
    code = "import sys; print(*sys.version_info[:2])"
    major, minor = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    return int(major), int(minor)


def base_interpreter() -> str:
    """The running interpreter, or what it was made from when it belongs to a virtual environment.

    So it is the same in a shell where this checkout's environment is activated, or ROS's, or none.
    """
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


def base_of(venv: Path) -> str:
    """The interpreter that a virtual environment was made from."""
    code = "import os, sys; print(os.path.realpath(sys._base_executable))"
    done = subprocess.run([str(venv / "bin/python"), "-I", "-c", code], capture_output=True, text=True)
    if done.returncode:
        raise SetupError(f"{venv / 'bin/python'} does not start: {done.stderr.strip()}")
    return done.stdout.strip()


def find_interpreter(sourced: bool, parent: Path | None = None) -> str:
    """An interpreter that can be used: the running one, else the newest supported one on PATH.

    A ROS that lives in the virtual environment `parent` is for the interpreter of that environment.
    """
    candidates = [base_interpreter() if parent is None else base_of(parent)]
    for minor in range(NEWEST_WITH_WHEELS[1], OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            candidates.append(found)
    for candidate in candidates:
        try:
            if supported(python_version(candidate), sourced):
                return candidate
        except (OSError, subprocess.CalledProcessError, ValueError):
            continue  # A pyenv shim without a version behind it, for one.
    found_version = ".".join(map(str, sys.version_info[:2]))
    raise SetupError(
        f"Python {found_version} found, 3.10 to 3.13 is needed (ROS 2 Jazzy's wheels end there): "
        "install python3.12 and its -venv and -dev packages, or call make with PYTHON=/path/to/python3.12"
    )


def check(python: str, environ: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Check the machine, install Debian packages where that is allowed, and raise SetupError for what stays missing."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        raise SetupError(f"this is {platform.system()} on {platform.machine()}; the wheels are for Linux on x86_64")
    packages = missing_tools(python)
    egl = missing_egl()
    if egl:
        say(f"the renderer's libraries are missing: {', '.join(egl)}")
        packages += EGL_PACKAGES
    if not packages:
        return
    install(packages, environ, say)
    still = missing_tools(python) + missing_egl()
    if still:
        raise SetupError(f"still missing after {apt_line(packages)}: {', '.join(still)}")


def install(packages: list[str], environ: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Install Debian packages, or raise SetupError with the line to type."""
    is_root = os.geteuid() == 0
    if not may_install(environ, is_root) or not shutil.which("apt-get"):
        raise SetupError(
            f"missing system packages: {' '.join(packages)}\n  type:  {apt_line(packages)}\n"
            "  or let set-up do it:  DENSE_GRASP_APT=1 make setup"
        )
    prefix = [] if is_root else ["sudo"]
    say(f"installing {' '.join(packages)} with apt-get (DENSE_GRASP_APT=0 forbids this)")
    env = {**environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        done = subprocess.run([*prefix, "apt-get", *arguments], env=env, stdout=subprocess.DEVNULL)
        if done.returncode:
            raise SetupError(f"apt-get {arguments[0]} failed with {done.returncode}; type:  {apt_line(packages)}")
