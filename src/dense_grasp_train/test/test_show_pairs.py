"""Pairs of every kind are drawn as what they are."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import views_of_caps
from dense_grasp_train.data import show_pairs
from dense_grasp_train.data.pairs import KINDS, PairError
from dense_grasp_train.training.config import load_config

VIEWS = list(views_of_caps.cap_views())
CONFIG = load_config("hybrid", {"pairs": {"crop": [160, 160]}})


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_what_it_says(kind):
    items = list(show_pairs.pairs_of_kind(VIEWS, CONFIG, kind, 2, 0))
    assert [show_pairs.kind_of(item) for item in items] == [kind, kind]


def test_views_that_cannot_give_a_kind_are_refused():
    with pytest.raises(PairError):
        list(show_pairs.pairs_of_kind(VIEWS[:1], CONFIG, "instance", 1, 0))


def test_the_picture_shows_the_matches(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(show_pairs, "read_data", lambda options, say: VIEWS)
    monkeypatch.setattr(show_pairs, "load_config", lambda _: CONFIG)
    target = tmp_path / "pictures" / "fig1.png"
    assert show_pairs.main(["--data", "x", "--show", str(target), "--matches", "9"]) == 0
    assert "3 pairs" in capsys.readouterr().out
    picture = cv2.cvtColor(cv2.imread(str(target)), cv2.COLOR_BGR2HSV)
    vivid = picture[(picture[..., 1] > 250) & (picture[..., 2] > 200)]
    assert len(np.unique(vivid[:, 0] // 10)) >= 6
    assert [path.name for path in target.parent.iterdir()] == ["fig1.png"]


def test_chosen_matches_are_spread_out():
    pixels = np.concatenate([np.random.default_rng(0).normal(0, 1, (100, 2)), [[50, 0], [0, 50], [-50, 0], [0, -50.0]]])
    assert set(show_pairs.spread_out(pixels, 4)) >= {100, 102}
    assert len(set(show_pairs.spread_out(pixels, 10))) == 10
    assert len(show_pairs.spread_out(pixels[:3], 10)) == 3


def test_wrong_options_are_named(tmp_path, capsys):
    assert show_pairs.main(["--data", str(tmp_path), "--show", "a.jpg"]) == 2
    assert "--show is a.jpg" in capsys.readouterr().err
    assert show_pairs.main(["--data", str(tmp_path), "--show", "a.png", "--count", "0"]) == 2
    assert "--count is 0" in capsys.readouterr().err
    assert show_pairs.main(["--data", str(tmp_path), "--show", "a.png"]) == 2
    assert "manifest.json does not exist" in capsys.readouterr().err
