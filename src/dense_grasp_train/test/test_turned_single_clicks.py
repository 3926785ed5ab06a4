"""Single clicks on turned pictures, by the network that is shipped."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_train.evaluation.evaluation_sets import TestPair
from dense_grasp_train.evaluation.turned import angles
from dense_grasp_train.evaluation.turned_clicks import (
    ALIKE,
    OF_THE_PICTURE,
    ONE,
    RUNS,
    VOTED,
    TurnedFigures,
    measure_turned,
    turned_markdown,
)

GENERAL = Path(__file__).parents[3] / "models" / "general.xml"


def blots(seed):
    """Blots of many sizes and colours, none of them round."""
    rng = np.random.default_rng(seed)
    image = np.full((240, 320, 3), 128, np.uint8)
    for _ in range(100):
        centre, axes = tuple(map(int, rng.integers(0, 320, 2))), tuple(map(int, rng.integers(4, 30, 2)))
        colour = tuple(map(int, rng.integers(0, 255, 3)))
        cv2.ellipse(image, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
    return image


def test_clicks_are_looked_for_in_every_way():
    pixels = np.array([[130.0, 110.0], [190.0, 140.0]])
    sets = {
        name: [TestPair(blots(seed), blots(seed), pixels, pixels, np.ones((240, 320), bool))]
        for seed, name in enumerate(("first", "second"))
    }
    advanced = []
    found = measure_turned(DescriptorExtractor(GENERAL), sets, lambda: advanced.append(1))
    assert len(advanced) == 2 and list(found) == list(sets)
    assert np.degrees(angles(2)[0]) > 90  # so the first picture is turned by much
    for figures in found.values():
        assert all(len(figures[way].turned) == len(figures[way].seconds) == 2 for way in RUNS)
        assert figures[OF_THE_PICTURE].as_it_is == [] and len(figures[VOTED].as_it_is) == 2
        assert max(figures[ONE].as_it_is) < 4.0  # px at 640 px width, of a picture that is searched in itself
    assert max(found["first"][VOTED].turned) < 12.0
    assert np.median(found["first"][ONE].turned) > np.median(found["first"][VOTED].turned)


def test_the_table_names_what_is_kept_of_the_share_without_a_turn():
    figures = {way: TurnedFigures([1.0, 2.0, 30.0, 4.0], [1.0, 50.0, 50.0, 9.0], [0.1]) for way in RUNS}
    figures[OF_THE_PICTURE] = TurnedFigures([], [1.0, 1.0, 50.0, 1.0], [0.5])
    text = turned_markdown({"set": figures, "another": figures})
    assert f"| set (4) | {ALIKE} | 75.0% | 50.0% | 0.67 | 16 / 1 | 10.0 |" in text
    assert f"| mean of the sets (8) | {OF_THE_PICTURE} | - | 75.0% | 1.00 | 1 / 8 | 2.0 |" in text
