"""Ctrl-C in the real processes: a sentence, status 130, and nothing half-written."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from dense_grasp_train.data import generate
from dense_grasp_train.data.dataset import ViewDataset
from dense_grasp_train.data.generate_request import build_parser, parse_request
from dense_grasp_train.evaluation import evaluate

pytestmark = pytest.mark.timeout(600)  # processes that import torch, on a busy machine
SMALL = ["--views", "16", "--views-per-scene", "2", "--caps", "0-3", "--size", "240x180", "--quiet"]
MODEL = str(Path(__file__).resolve().parents[3] / "models" / "compact_caps.safetensors")
TINY = """
method: hybrid
steps: 100000
checkpoint_every: 1
batch: 2
precision: "32"
network: {dimension: 8, keypoints: 4}
pairs: {crop: [96, 96], input_scale: 0.5, matches: 32, augmented: 0.5, view: 0.5, instance: 0.0}
"""


@pytest.fixture
def start():
    """Start a command in a process group of its own, as a terminal has it; what still runs at the end is killed."""
    begun: list[subprocess.Popen[str]] = []

    def begin(*command: str) -> subprocess.Popen[str]:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(
            [sys.executable, "-m", "dense_grasp_train", *command],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def interrupt(process: subprocess.Popen[str]) -> str:
    """Send SIGINT to the group, as Ctrl-C does; returns all that the command said."""
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=240)
    return said


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 200
    while not path.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end, f"{path} did not appear"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """Scenes of a BOP data set as others publish theirs, without manifest and surface coordinates."""
    root = tmp_path_factory.mktemp("made") / "set"
    assert generate.main(["--out", str(root), *SMALL, "--jobs", "1"]) == 0
    (root / "manifest.json").unlink()
    for folder in root.glob("train/*/coord"):
        shutil.rmtree(folder)
    return root / "train"


def test_generate_stops_with_its_processes_and_goes_on(start, tmp_path):
    root = tmp_path / "set"
    many = ["--views", "400", *SMALL[2:]]
    process = start("generate", "--out", str(root), *many, "--jobs", "2")
    wait_for(root / "train" / "000000", process)
    children = psutil.Process(process.pid).children(recursive=True)
    said = interrupt(process)
    assert process.returncode == 130 and "Traceback" not in said
    assert "generate: interrupted; the same command goes on where it stopped" in said
    assert children and not psutil.wait_procs(children, timeout=120)[1]
    # What is there is whole: every scene that has a name of its own can be read to the end.
    data = ViewDataset(root, partial=True)
    assert 0 < len(data) < 400
    assert all(view.mask.shape == (180, 240) for view in data)


def test_train_stops_in_a_step_and_leaves_a_checkpoint(start, scenes, tmp_path):
    (tmp_path / "tiny.yaml").write_text(TINY)
    run, out = tmp_path / "run", tmp_path / "net.safetensors"
    options = ["--config", str(tmp_path / "tiny.yaml"), "--run", str(run), "--out", str(out), "--workers", "1"]
    process = start("train", "--data", str(scenes), "--held-out", str(scenes), *options, "--threads", "1", "--quiet")
    wait_for(run / "last.ckpt", process)
    said = interrupt(process)
    assert process.returncode == 130 and "Traceback" not in said
    assert "train: interrupted; --resume goes on from the last checkpoint" in said
    assert not out.exists() and not out.with_suffix(".md").exists()
    import torch

    assert torch.load(run / "last.ckpt", map_location="cpu", weights_only=False)["global_step"] >= 1


def test_evaluate_stops_while_it_reads(start, tmp_path):
    """The manifest is a pipe that nobody fills: the command has come that far when both its ends are open."""
    folder, out = tmp_path / "data" / "seen", tmp_path / "out"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "manifest.json")
    process = start("evaluate", "--data", str(folder.parent), "--model", MODEL, "--out", str(out), "--no-controls")
    end = []
    opener = threading.Thread(target=lambda: end.append(open(folder / "manifest.json", "w")), daemon=True)  # noqa: SIM115
    opener.start()
    opener.join(200)
    assert end, "evaluate did not read the manifest"
    said = interrupt(process)
    end[0].close()
    assert process.returncode == 130 and "Traceback" not in said
    assert "evaluate: interrupted" in said and not out.exists()


def with_models(folder: Path) -> None:
    """Make of a folder what a run leaves that had written the models and no view: 40 caps take longer than all else."""
    generate.prepare_folder(
        parse_request(build_parser().parse_args(evaluate.generate_arguments(evaluate.SEEN, folder)))
    )
    (folder / "camera.json").touch()


def test_evaluate_stops_while_it_makes_its_views(start, tmp_path):
    with_models(tmp_path / "cache" / "seen")
    options = ["--model", MODEL, "--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "out")]
    process = start("evaluate", *options, "--no-controls")
    wait_for(tmp_path / "cache" / "seen" / "test", process)
    said = interrupt(process)
    assert process.returncode == 130 and "evaluate: interrupted" in said and "Traceback" not in said
    assert not (tmp_path / "out").exists()
    assert json.loads((tmp_path / "cache" / "seen" / "manifest.json").read_text())["views"] == 160


def test_evaluate_passes_on_that_its_views_were_interrupted(tmp_path, monkeypatch):
    monkeypatch.setattr(generate, "main", lambda arguments: 130)
    with pytest.raises(KeyboardInterrupt):
        evaluate._generated(tmp_path)
