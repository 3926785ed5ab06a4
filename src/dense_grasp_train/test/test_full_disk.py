"""A disk that refuses to take more: a sentence that names the file, and nothing half-written.

Where this process may mount one, the disk is a real one of 300 kB. Everywhere it is also the kernel's limit on the size
of a file, which fails a write just as far down.
"""

from __future__ import annotations

import resource
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
import views_of_caps
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_train.data import generate
from dense_grasp_train.data.dataset import ViewDataset
from dense_grasp_train.data.dataset_writer import write_whole
from dense_grasp_train.data.files import DatasetError
from dense_grasp_train.training.config import load_config
from dense_grasp_train.training.fit import fit

OPTIONS = ["--views", "4", "--views-per-scene", "2", "--caps", "0", "--size", "160x120", "--jobs", "1", "--quiet"]


@contextmanager
def largest_file(size: int):
    """No file of this process may grow beyond `size` bytes; Python ignores the signal, so the write fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of its own with 300 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def parts(root: Path) -> list[Path]:
    return sorted(root.rglob("*.part"))


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    with largest_file(100), pytest.raises(DatasetError, match=r"report\.json cannot be written: .*File too large"):
        write_whole(tmp_path / "report.json", b"x" * 1000)
    assert not list(tmp_path.iterdir())


def test_generate_on_a_full_disk_names_the_file_and_goes_on_later(small_disk, tmp_path, capsys):
    root = small_disk / "set"
    assert generate.main(["--out", str(root), *OPTIONS]) == 1
    said = capsys.readouterr().err
    assert "No space left on device" in said and str(root) in said and "Traceback" not in said
    assert not parts(root)
    subprocess.run(["mount", "-o", "remount,size=60m", str(small_disk)], check=True)
    assert generate.main(["--out", str(root), *OPTIONS]) == 0
    assert len(ViewDataset(root)) == 4


def test_a_scene_that_does_not_fit_leaves_nothing_of_itself(tmp_path, capsys):
    root = tmp_path / "set"
    assert generate.main(["--out", str(root), *OPTIONS, "--views", "2"]) == 0
    largest = max(path.stat().st_size for path in (root / "train").rglob("*.png"))
    for scene in (root / "train").iterdir():
        scene.rename(tmp_path / "aside")
    with largest_file(largest - 1):
        assert generate.main(["--out", str(root), *OPTIONS, "--views", "2"]) == 1
    assert "train/000000 cannot be written" in capsys.readouterr().err
    assert not list((root / "train").iterdir()) and not parts(root)


def test_a_checkpoint_that_does_not_fit_is_an_error_and_the_last_one_stays(tmp_path):
    tiny = {
        "steps": 3,
        "checkpoint_every": 1,
        "batch": 2,
        "precision": "32",
        "network": {"dimension": 8, "keypoints": 4},
        "pairs": {"crop": [96, 96], "input_scale": 0.5, "matches": 32},
        "optimiser": {"warmup_steps": 0},
    }
    views = list(views_of_caps.cap_views())
    config = load_config("hybrid", tiny)
    fit(config, views, tmp_path, workers=0, until=1, progress=False)
    checkpoint = tmp_path / "last.ckpt"
    before = checkpoint.read_bytes()
    with largest_file(len(before) // 2), pytest.raises((OSError, DenseGraspError)):
        fit(config, views, tmp_path, checkpoint, workers=0, progress=False)
    assert checkpoint.read_bytes() == before


def test_a_checkpoint_that_does_not_belong_leaves_the_run_as_it_was(tmp_path):
    path, record = tmp_path / "last.ckpt", tmp_path / "config.yaml"
    record.write_text("seed: 7\n")
    path.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(DenseGraspError, match=r"last\.ckpt cannot be read"):
        fit(load_config("hybrid", {}), [], tmp_path, path)
    torch.save({"hyper_parameters": {"config": load_config("paper", {}).as_dict()}}, path)
    with pytest.raises(DenseGraspError, match=r"last\.ckpt was trained with .*, now"):
        fit(load_config("hybrid", {}), [], tmp_path, path)
    assert record.read_text() == "seed: 7\n"
