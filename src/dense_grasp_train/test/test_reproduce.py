"""The steps of `reproduce`: valid commands, run once, gone on with after an interruption. The run itself: tests/."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from dense_grasp_train.__main__ import MODULES
from dense_grasp_train.reproduce import page, reproduce
from dense_grasp_train.reproduce.figures import BudgetFigures, SeedSpread
from dense_grasp_train.reproduce.run import INTERRUPTED, StepError, StepLedger
from dense_grasp_train.reproduce.steps import BUDGETS, Step, steps
from dense_grasp_train.reproduce.tables import NOT_RUN
from dense_grasp_train.training import train

PARSERS = {"generate": "build_parser"}


@pytest.mark.parametrize("name", list(BUDGETS))
def test_every_step_is_a_command_that_can_be_parsed(name):
    listed = steps(BUDGETS[name], Path("work"))
    names = [step.name for step in listed]
    assert len(set(names)) == len(names)
    for number, step in enumerate(listed):
        assert set(step.needs) <= set(names[:number])
        command, *arguments = step.arguments
        module = importlib.import_module(f"dense_grasp_train.{MODULES[command]}")
        parser = getattr(module, PARSERS.get(command, "parser"))()
        options = parser.parse_args(arguments)
        if command == "train":
            assert train.configuration(options).seed in BUDGETS[name].seeds


@pytest.mark.parametrize("name", ["small", "paper"])
def test_compared_methods_differ_in_the_objective_alone(name):
    trainings = {training.name: training for training in BUDGETS[name].trainings}
    for training in trainings.values():
        if training.against:
            pair = [
                train.configuration(train.parser().parse_args(["--data", "d", "--out", "o", *t.options]))
                for t in (training, trainings[training.against])
            ]
            first, second = pair
            same = ("steps", "batch", "precision", "pairs", "optimiser")
            assert all(getattr(first, key) == getattr(second, key) for key in same)
            assert first.network.dimension == second.network.dimension
            assert (first.network.backbone, first.network.stride) == (second.network.backbone, second.network.stride)


class Recorder:
    """Stands for the package's commands: writes what it was told and returns the given statuses in turn."""

    def __init__(self, *statuses: int) -> None:
        self.calls: list[list[str]] = []
        self._statuses = list(statuses)

    def __call__(self, arguments: list[str]) -> int:
        self.calls.append(arguments)
        status = self._statuses.pop(0) if self._statuses else 0
        out = Path(arguments[1])
        out.parent.mkdir(parents=True, exist_ok=True)
        if status in (0, 1):
            out.write_text(" ".join(arguments))
        else:
            (out.parent / "last.ckpt").write_text("half")
        return status


def chain(work: Path, word: str = "a") -> list[Step]:
    first, second = work / "one" / "out", work / "two" / "out"
    resume = ("--resume", work / "one" / "last.ckpt")
    return [
        Step("one", ("train", str(first), word), (first,), first.parent, resume=resume),
        Step("two", ("evaluate", str(second)), (second,), second.parent, ("one",)),
    ]


def run(ledger: StepLedger, command: Recorder) -> None:
    for step in ledger.listed:
        if not ledger.done(step):
            ledger.run(step, command)


def test_a_step_runs_once_and_again_with_all_that_needs_it_when_its_inputs_change(tmp_path):
    command = Recorder(0, 1)
    run(StepLedger(tmp_path, chain(tmp_path)), command)
    assert [call[0] for call in command.calls] == ["train", "evaluate"]
    run(StepLedger(tmp_path, chain(tmp_path)), command)
    assert len(command.calls) == 2
    (tmp_path / "one" / "stale").write_text("of the first run")
    run(StepLedger(tmp_path, chain(tmp_path, "b")), command)
    assert [call[0] for call in command.calls[2:]] == ["train", "evaluate"]
    assert not (tmp_path / "one" / "stale").exists()
    (tmp_path / "two" / "out").unlink()
    run(StepLedger(tmp_path, chain(tmp_path, "b")), command)
    assert [call[0] for call in command.calls[4:]] == ["evaluate"]


def test_an_interrupted_step_is_gone_on_with_unless_its_inputs_changed(tmp_path):
    command = Recorder(INTERRUPTED)
    with pytest.raises(KeyboardInterrupt):
        run(StepLedger(tmp_path, chain(tmp_path)), command)
    ledger = StepLedger(tmp_path, chain(tmp_path))
    assert ledger.stamp(ledger.listed[0])["state"] == "begun"
    run(ledger, command)
    assert command.calls[1][-1] == "--resume" and "--resume" not in ledger.stamp(ledger.listed[0])["command"]

    other = tmp_path / "other"
    with pytest.raises(KeyboardInterrupt):
        run(StepLedger(other, chain(other)), Recorder(INTERRUPTED))
    command = Recorder()
    run(StepLedger(other, chain(other, "b")), command)
    assert "--resume" not in command.calls[0] and not (other / "one" / "last.ckpt").exists()


def test_errors_name_the_step(tmp_path):
    with pytest.raises(StepError, match="step one ended with status 2: train "):
        run(StepLedger(tmp_path, chain(tmp_path)), Recorder(2))
    with pytest.raises(StepError, match=r"step one left no .*out, expected it from: train "):
        run(StepLedger(tmp_path, chain(tmp_path)), lambda arguments: 0)  # type: ignore[arg-type]
    with pytest.raises(StepError, match="step one ended with status 1"):  # only those that judge may answer 1
        run(StepLedger(tmp_path / "b", chain(tmp_path / "b")), Recorder(1))
    (tmp_path / "steps" / "one.json").write_text("{")
    assert not StepLedger(tmp_path, chain(tmp_path)).done(chain(tmp_path)[0])


def test_spread_tells_one_value_from_several():
    assert SeedSpread((0.5, 0.7)).text() == "0.600 ± 0.141"
    assert SeedSpread((0.5,)).text(1) == "0.5" and SeedSpread(()).text() == "–"
    assert SeedSpread((float("nan"),)).text() == "–"


def test_a_page_of_nothing_says_that_nothing_was_run(tmp_path):
    budget = BUDGETS["small"]
    ledger = StepLedger(tmp_path, steps(budget, tmp_path))
    text = page.page(BudgetFigures(budget, tmp_path), ledger, {})
    assert "No step has been run." in text and f"| {NOT_RUN} |" in text
    assert "**Not run**: generate_train" in text


def test_the_command_names_what_is_wrong(tmp_path, capsys, monkeypatch):
    import torch

    assert reproduce.main(["--out", "results.txt"]) == 2
    assert "--out is results.txt, expected a file name that ends in .md" in capsys.readouterr().err
    assert reproduce.main(["--threads", "0"]) == 2
    assert "--threads is 0, expected 1 or more" in capsys.readouterr().err
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert reproduce.main(["--budget", "paper", "--work", str(tmp_path)]) == 2
    assert "torch finds no CUDA device" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())
    assert reproduce.main(["--only", "train_magic", "--work", str(tmp_path)]) == 2
    assert "--only has 'train_magic', expected some of generate_train," in capsys.readouterr().err
    assert reproduce.main(["--only", "export", "--work", str(tmp_path)]) == 2
    assert "step export needs train_hybrid_s0, expected them to be done" in capsys.readouterr().err
    assert reproduce.main(["--list", "--work", str(tmp_path)]) == 0
    assert "to do  train_hybrid_s0" in capsys.readouterr().out
