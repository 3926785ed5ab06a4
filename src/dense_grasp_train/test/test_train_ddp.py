"""Two CPU processes train one network through Lightning's own strategy."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import torch

SCRIPT = """
import importlib.util, sys
from pathlib import Path
import torch
from dense_grasp_train.training.fit import first_process, fit
from dense_grasp_train.training.config import load_config

spec = importlib.util.spec_from_file_location("views_of_caps", sys.argv[1])
views_of_caps = importlib.util.module_from_spec(spec)
spec.loader.exec_module(views_of_caps)
run = Path(sys.argv[2])
torch.set_num_threads(1)
config = load_config("don_contrastive", {
    "steps": 3, "batch": 2, "checkpoint_every": 1, "precision": "32", "network": {"dimension": 4},
    "pairs": {"crop": [96, 96], "matches": 32}, "optimiser": {"warmup_steps": 0},
})
module = fit(config, list(views_of_caps.cap_views(1, 2)), run, workers=0, progress=False, devices=2)
weights = torch.cat([p.detach().flatten() for p in module.network.parameters()])
torch.save({"weights": weights, "first": first_process()}, run / f"rank{module.global_rank}.pt")
"""


def test_two_processes_end_with_the_same_network(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    environment = {k: v for k, v in os.environ.items() if k not in ("LOCAL_RANK", "NODE_RANK", "WORLD_SIZE")}
    environment |= {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    views = Path(__file__).with_name("views_of_caps.py")
    done = subprocess.run(
        [sys.executable, str(script), str(views), str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    ranks = [torch.load(tmp_path / f"rank{rank}.pt") for rank in (0, 1)]
    assert torch.equal(ranks[0]["weights"], ranks[1]["weights"])
    assert [rank["first"] for rank in ranks] == [True, False]
    checkpoint = torch.load(tmp_path / "last.ckpt", weights_only=False)
    assert checkpoint["global_step"] == 3
    rows = list(csv.DictReader((tmp_path / "logs" / "from_step_000000" / "metrics.csv").open()))
    assert [row["step"] for row in rows] == ["0", "1", "2"]
