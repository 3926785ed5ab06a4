"""Renderers that are programs of their own: where they are found, and how a job folder is given to them."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from dense_grasp_train.render.raycast import RenderError

BLENDER, BLENDERPROC = "blender", "blenderproc"
# What Blender's libraries link against and a bare machine lacks, by the name in the loader's message.
APT_PACKAGES = {
    "libX11.so.6": "libx11-6",
    "libXrender.so.1": "libxrender1",
    "libXxf86vm.so.1": "libxxf86vm1",
    "libXfixes.so.3": "libxfixes3",
    "libXi.so.6": "libxi6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libgomp.so.1": "libgomp1",
    "libSM.so.6": "libsm6",
    "libICE.so.6": "libice6",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
}
_VERSION = "import bpy; print('version', bpy.app.version_string)"
# Ended by hand: the two tear each other down, a segmentation fault when all is done.
_BLENDERPROC_VERSION = (
    "import os, blenderproc, bpy; print(blenderproc.__version__, 'with Blender', bpy.app.version_string, flush=True); "
    "os._exit(0)"
)
_PROBE_SECONDS = 120
_LINES = 12


@dataclass(frozen=True)
class External:
    """A renderer in a process of its own.

    name: as on the command line. command: the words before the job folder. samples: light paths a pixel. version: what
    the program says of itself, for the manifest.
    """

    name: str
    command: tuple[str, ...]
    samples: int
    version: str


def default_python() -> Path:
    """The interpreter that `make blender` installs, in the folder beside this virtual environment."""
    return Path(sys.prefix).parent / ".blender" / "bin" / "python"


def blender(python: Path | None, samples: int) -> External:
    """Cycles in the `bpy` wheel of another Python. Raises RenderError where that cannot be used, and says why."""
    interpreter = python or default_python()
    if not os.access(interpreter, os.X_OK) or interpreter.is_dir():
        raise RenderError(
            f"Blender's Python {interpreter} is no program: `make blender` installs one, --blender-python names another"
        )
    # Isolated (-I): what the calling shell has on PYTHONPATH is made for another Python.
    answer = _run((str(interpreter), "-I", "-c", _VERSION), _PROBE_SECONDS)
    version = next((line[8:] for line in answer.stdout.splitlines() if line.startswith("version ")), None)
    if answer.returncode or version is None:
        raise RenderError(f"{interpreter} cannot import bpy: {explain(answer)}")
    command = (str(interpreter), "-I", str(Path(__file__).with_name("blender_script.py")))
    return External(BLENDER, command, samples, version)


def blenderproc(command: str, samples: int) -> External:
    """BlenderProc by the words that run a script with it. Raises RenderError where they do not, and says why."""
    words = tuple(shlex.split(command))
    if not words:
        raise RenderError("--blenderproc is empty, expected the words that run a script, such as 'blenderproc run'")
    # Without `run` it is a Python that has blenderproc and bpy, which is how upstream runs with an installed bpy.
    question = (*words[:-1], "--version") if words[-1] == "run" else (*words, "-c", _BLENDERPROC_VERSION)
    answer = _run(question, _PROBE_SECONDS)
    version = next((line.strip() for line in reversed(answer.stdout.splitlines()) if line[:1].isdigit()), None)
    if answer.returncode or version is None:
        raise RenderError(f"{command} does not run BlenderProc: {explain(answer)}")
    script = str(Path(__file__).with_name("blenderproc_script.py"))
    return External(BLENDERPROC, (*words, script), samples, version)


def render(renderer: External, folder: Path) -> None:
    """Let the renderer work on a job folder. Raises RenderError with the end of what it said where it fails."""
    answer = _run((*renderer.command, str(folder.resolve())), None)
    if answer.returncode:
        raise RenderError(f"{renderer.name} ended with status {answer.returncode}: {explain(answer)}")


def explain(answer: subprocess.CompletedProcess[str]) -> str:
    """The end of what a program said, and the package that brings a library it lacks."""
    said = [line for line in (answer.stderr + "\n" + answer.stdout).splitlines() if line.strip()]
    errors = [line for line in answer.stderr.splitlines() if line.strip()] or said
    text = " | ".join(errors[-_LINES:]) or "it said nothing"
    for library, package in APT_PACKAGES.items():
        if library in text:
            return f"{text}; the library comes with `apt-get install {package}`"
    return text


def _run(command: tuple[str, ...], seconds: int | None) -> subprocess.CompletedProcess[str]:
    # BlenderProc takes PYTHONPATH for Blender's own; that of a sourced ROS belongs to another Python.
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    try:
        return subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds
        )
    except OSError as error:
        raise RenderError(f"{command[0]} cannot be started: {error.strerror or error}") from error
    except subprocess.TimeoutExpired as error:
        raise RenderError(f"{shlex.join(command)} did not answer within {seconds} s") from error
