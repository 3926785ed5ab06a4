"""A run goes on with what it began with, or says what is different."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
import views_of_caps
from dense_grasp_train.training.config import ConfigError, TrainConfig, load_config
from dense_grasp_train.training.resume import RECORD, check_resume, run_record

VIEWS = list(views_of_caps.cap_views())
CONFIG = load_config("hybrid", {"steps": 40})


def checkpoint(folder: Path, config: TrainConfig = CONFIG, views=VIEWS, processes: int = 1, step: int = 20) -> Path:
    """What check_resume reads of a checkpoint of Lightning."""
    path = folder / "last.ckpt"
    content = {"hyper_parameters": {"config": config.as_dict()}, "global_step": step}
    torch.save({**content, RECORD: run_record(views, processes)}, path)
    return path


def refusal(path: Path, config: TrainConfig = CONFIG, views=VIEWS, processes: int = 1) -> str:
    with pytest.raises(ConfigError) as caught:
        check_resume(path, config, run_record(views, processes))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_same_run_goes_on(tmp_path):
    again = [dataclasses.replace(view) for view in VIEWS]
    check_resume(checkpoint(tmp_path), CONFIG, run_record(again, 1))


def test_other_settings_are_named_with_both_values(tmp_path):
    other = load_config("hybrid", {"steps": 40, "losses": {"pose": 0.5}, "network": {"dimension": 8}})
    said = refusal(checkpoint(tmp_path), other)
    assert "network.dimension 64, now 8" in said and "losses.pose 0.05, now 0.5" in said
    assert f"resume with the settings in {tmp_path / 'config.yaml'}" in said and "--run" in said


def test_how_often_a_checkpoint_is_kept_is_free(tmp_path):
    check_resume(
        checkpoint(tmp_path), load_config("hybrid", {"steps": 40, "checkpoint_every": 7}), run_record(VIEWS, 1)
    )


@pytest.mark.parametrize(
    "changes, free",
    [
        ({}, False),  # hybrid: the rate falls to the last step
        ({"phases": [], "optimiser": {"cosine_steps": 40}}, True),
        ({"phases": [], "optimiser": {"cosine_steps": 0, "schedule": "step"}}, True),
    ],
)
def test_more_steps_are_free_where_no_rate_follows_from_them(tmp_path, changes, free):
    before, longer = (load_config("hybrid", {**changes, "steps": steps}) for steps in (40, 80))
    path = checkpoint(tmp_path, before)
    if free:
        check_resume(path, longer, run_record(VIEWS, 1))
        fewer = load_config("hybrid", {**changes, "steps": 19})
        assert "steps is 19, expected at least the 20 that checkpoint" in refusal(path, fewer)
    else:
        assert "was trained with steps 40, now 80" in refusal(path, longer)


def _brighter(view):
    rgb = view.rgb.copy()
    rgb[0, 0, 0] ^= 1
    return dataclasses.replace(view, rgb=rgb)


def _moved(view):
    pose = view.camera_from_object.copy()
    pose[0, 3] += 1e-3
    return dataclasses.replace(view, camera_from_object=pose)


@pytest.mark.parametrize(
    "views, words",
    [
        (VIEWS[:4], "8 views of 2 objects, now 4 of 1 (missing now: object 1)"),
        (VIEWS[:7], "8 views of 2 objects, now 7 of 2 (with other views: object 1)"),
        ([*VIEWS, dataclasses.replace(VIEWS[0], instance=9)], "now 9 of 3 (new: object 9)"),
        ([_brighter(VIEWS[0]), *VIEWS[1:]], "now 8 of 2 (with other views: object 0)"),
        ([*VIEWS[:5], _moved(VIEWS[5]), *VIEWS[6:]], "now 8 of 2 (with other views: object 1)"),
        ([VIEWS[1], VIEWS[0], *VIEWS[2:]], "with other views: object 0"),
    ],
)
def test_other_data_are_named(tmp_path, views, words):
    said = refusal(checkpoint(tmp_path), views=views)
    assert words in said and "--data" in said and "--held-out" in said


def test_other_processes_are_named(tmp_path):
    assert "was trained by 1 processes, now 2" in refusal(checkpoint(tmp_path), processes=2)


def test_a_checkpoint_that_does_not_know_its_data_is_refused(tmp_path):
    path = tmp_path / "last.ckpt"
    torch.save({"hyper_parameters": {"config": CONFIG.as_dict()}, "global_step": 3}, path)
    assert "does not say on which data it was trained" in refusal(path)


def test_the_record_reads_every_part_of_a_view():
    """What a View is, is taken from its fields: one that the digest leaves out would let other data pass."""
    before = run_record(VIEWS[:1], 1)
    for item in dataclasses.fields(VIEWS[0]):
        value = getattr(VIEWS[0], item.name)
        if isinstance(value, np.ndarray):
            other = value.copy()
            other.flat[0] = not other.flat[0] if other.dtype == bool else other.flat[0] + 1
        else:
            other = value + 1
        assert run_record([dataclasses.replace(VIEWS[0], **{item.name: other})], 1) != before, item.name
