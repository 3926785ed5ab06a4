"""`reproduce --budget smoke` as a user runs it: every step, the page, and a second run that has nothing to do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "dense_grasp_train", "reproduce", "--budget", "smoke", "--threads", "1", "--jobs", "2"]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The work folder of a whole run."""
    folder = tmp_path_factory.mktemp("smoke")
    command = [*COMMAND, "--work", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1500)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return folder


def tables(text: str) -> dict[str, list[list[str]]]:
    """Rows of the first table below every heading, the header first."""
    found: dict[str, list[list[str]]] = {}
    for part in re.split(r"^#+ ", text, flags=re.M)[1:]:
        rows = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")]
        if rows:
            found[part.splitlines()[0]] = rows
    return found


@pytest.mark.timeout(1600)
def test_the_page_holds_every_table_with_figures(work):
    text = (work / "results.md").read_text()
    found = tables(text)
    assert "**Not run**" not in text
    accuracy = found["Accuracy"]
    names = ("hybrid, compact", "DON, NT-Xent, compact", "the paper's losses to the letter, compact")
    for name in ("augmented", "view change", "unseen cap", "trained to unseen"):
        rows = {row[1].strip("*"): row for row in accuracy if row[0] == name}
        for network in names:
            mean, deviation = map(float, rows[network][3].split(" ± "))
            assert rows[network][2] == "2" and 0 < mean < 1 and 0 <= deviation < 1
        assert 0 < float(rows["mask centroid"][3]) < float(rows["mask centroid"][-1])
    demanded = "\n".join(" | ".join(row) for row in found["Demanded and measured"])
    assert demanded.count("same pixels") == 0 and demanded.count("same pairs") == 4
    assert demanded.count("reached") + demanded.count("missed") == 3 + 1 + 3 + 1
    health = {row[0]: row for row in found["Health"]}
    assert all(health[name][1] == "2" and float(health[name][3].split(" ")[0]) < 10 for name in names)
    memory = found["Table 3: the paper's method with 16 keypoints"]
    assert memory[0] == ["D", "64", "128", "256", "512"] and float(memory[3][1]) > 0.5
    assert len([row for row in found["ResNet-34 on a GPU"] if "no GPU here: not trained" in row[-1]]) == 12
    assert {"hybrid_s0.xml", "hybrid_s0.onnx"} <= {row[0] for row in found["Export"]}
    for picture in re.findall(r"!\[.*\]\((.*)\)", text):
        assert (work / picture).stat().st_size > 5000
    assert len(re.findall(r"!\[", text)) == 3


@pytest.mark.timeout(1600)
def test_figures_are_those_of_the_reports(work):
    report = json.loads((work / "evaluation" / "hybrid" / "report.json").read_text())
    values = [report["sets"]["view change"][f"hybrid_s{seed}"]["auc"] for seed in (0, 1)]
    mean = sum(values) / 2
    deviation = abs(values[0] - values[1]) / 2**0.5
    assert f"| {mean:.3f} ± {deviation:.3f} |" in (work / "results.md").read_text()


@pytest.mark.timeout(1600)
def test_a_second_run_has_nothing_to_do(work):
    before = {path: path.stat().st_mtime_ns for path in work.rglob("*.safetensors")}
    done = subprocess.run([*COMMAND, "--work", str(work)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [line for line in done.stdout.splitlines() if re.match(r"\[\d+/\d+\]", line)]
    assert len(lines) == 16 and all(line.endswith("done before") for line in lines)
    assert before == {path: path.stat().st_mtime_ns for path in work.rglob("*.safetensors")}
