"""Running the steps of `reproduce`: each once, skipped from then on while its inputs are the same."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import shlex
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dense_grasp_core.errors import DenseGraspError

from dense_grasp_train.data.dataset_writer import write_whole
from dense_grasp_train.reproduce.steps import Step
from dense_grasp_train.training.processor_time import cpu_seconds, machine

INTERRUPTED = 130
# Commands that report a missed figure by their status 1; the figures are there all the same.
_JUDGES = ("evaluate", "memory", "benchmark")
_PACKAGES = ("torch", "torchvision", "lightning", "numpy", "opencv-python-headless", "openvino")

Run = Callable[[list[str]], int]


class StepError(DenseGraspError):
    """A step ended with an error."""


class StepLedger:
    """What has been done in a work folder: ``steps/NAME.json`` for every step that was begun."""

    def __init__(self, work: Path, listed: list[Step]) -> None:
        """Fingerprints of ``listed`` steps, which come in the order in which they run."""
        self._folder = work / "steps"
        self.listed = listed
        self._fingerprints: dict[str, str] = {}
        for step in listed:
            self._fingerprints[step.name] = self._fingerprint(step)

    def _fingerprint(self, step: Step) -> str:
        digest = hashlib.sha256(json.dumps(step.arguments).encode())
        for need in step.needs:
            digest.update(self._fingerprints[need].encode())
        for file in step.reads:
            digest.update(file.read_bytes())
        return digest.hexdigest()[:16]

    def stamp(self, step: Step) -> dict[str, Any]:
        """What is known of a step; empty when it was never begun, or its stamp cannot be read."""
        try:
            found = json.loads((self._folder / f"{step.name}.json").read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def done(self, step: Step) -> bool:
        """Whether the step's outputs stand for the inputs of today."""
        found = self.stamp(step)
        same = found.get("fingerprint") == self._fingerprints[step.name] and found.get("state") == "done"
        return same and all(output.is_file() and output.stat().st_size > 0 for output in step.outputs)

    def run(self, step: Step, command: Run) -> dict[str, Any]:
        """Run a step and return its stamp; what an earlier, interrupted run left is used when it had the same inputs.

        Raises StepError when the command fails, KeyboardInterrupt when it was interrupted.
        """
        fingerprint, found = self._fingerprints[step.name], self.stamp(step)
        goes_on = found.get("fingerprint") == fingerprint and found.get("state") == "begun"
        if found and not goes_on and step.folder.is_dir():
            shutil.rmtree(step.folder)
        arguments = list(step.arguments)
        if step.resume is not None and goes_on and step.resume[1].is_file():
            arguments.append(step.resume[0])
        spent = {key: float(found.get(key, 0.0)) if goes_on else 0.0 for key in ("cpu_seconds", "wall_seconds")}
        stamp: dict[str, Any] = {
            "name": step.name,
            "command": shlex.join(step.arguments),
            "fingerprint": fingerprint,
            "state": "begun",
            **spent,
        }
        path = self._folder / f"{step.name}.json"
        write_whole(path, json.dumps(stamp, indent=1).encode())
        cpu, wall, status = cpu_seconds(), time.monotonic(), INTERRUPTED
        try:
            status = command(arguments)
        finally:
            stamp["cpu_seconds"] = round(spent["cpu_seconds"] + cpu_seconds() - cpu, 1)
            stamp["wall_seconds"] = round(spent["wall_seconds"] + time.monotonic() - wall, 1)
            write_whole(path, json.dumps(stamp, indent=1).encode())
        if status == INTERRUPTED:
            raise KeyboardInterrupt
        if status != 0 and not (status == 1 and step.arguments[0] in _JUDGES):
            raise StepError(f"step {step.name} ended with status {status}: {stamp['command']}")
        missing = [str(output) for output in step.outputs if not output.is_file()]
        if missing:
            raise StepError(f"step {step.name} left no {missing[0]}, expected it from: {stamp['command']}")
        stamp |= {
            "state": "done",
            "ended": time.strftime("%Y-%m-%d %H:%M", time.gmtime()) + " UTC",
            "load_average": round(os.getloadavg()[2], 1),
            "machine": machine(),
            "versions": versions(),
        }
        write_whole(path, json.dumps(stamp, indent=1).encode())
        return stamp


def versions() -> dict[str, str]:
    """Versions of what decides the figures."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
