"""A click described in turns of its picture, with colours around each cell for descriptors: they change in a turn."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid, MatchingError
from dense_grasp_core.matching.turned_click import describe_turned
from scanned_box import describe

CLICK = (131.0, 94.0)
SIZE = (200, 240)


@pytest.fixture(scope="module")
def picture():
    coarse = np.random.default_rng(2).integers(0, 255, (20, 24, 3), dtype=np.uint8)
    return cv2.resize(coarse, SIZE[::-1], interpolation=cv2.INTER_CUBIC)


def grid_of(image):
    return DescriptorGrid.from_array(describe(image), 8, image.shape[:2])


def turned(image, degrees):
    """The picture turned about its middle, and where the click is then."""
    motion = cv2.getRotationMatrix2D((119.5, 99.5), -degrees, 1.0)
    return cv2.warpAffine(image, motion, SIZE[::-1]), motion @ [*CLICK, 1.0]


@pytest.mark.parametrize(("degrees", "turn"), [(0, 0), (45, 2), (135, 6), (270, 12)])
def test_what_lies_around_a_click_tells_the_turn(picture, degrees, turn):
    click = describe_turned(picture, CLICK, describe, 8)
    image, expected = turned(picture, degrees)
    grid = grid_of(image)
    assert click.turn_in(grid.features) == turn
    found = np.array(grid.nearest(click.descriptor_in(grid)))
    assert np.linalg.norm(found - expected) < 6.0
    if degrees > 90:
        plain = np.array(grid.nearest(click.descriptors[0]))
        assert np.linalg.norm(plain - expected) > 10.0


def test_the_first_turn_is_the_picture_as_it_is(picture):
    click = describe_turned(picture, CLICK, describe, 8, turns=3)
    own = np.array(grid_of(picture).nearest(click.descriptors[0]))
    assert np.linalg.norm(own - CLICK) < 6.0
    assert click.descriptors.shape == (3, 28) and click.around.shape[::2] == (3, 28)


def test_a_corner_has_fewer_places_around_it(picture):
    whole, corner = (describe_turned(picture, at, describe, 8, turns=4) for at in (CLICK, (0.0, 0.0)))
    assert 1 <= corner.around.shape[1] < whole.around.shape[1]
    assert corner.turn_in(describe(turned(picture, 180)[0])) == 2


def test_what_cannot_be_described_is_named(picture):
    with pytest.raises(MatchingError, match=r"\(240, 3\) is outside the picture of 240x200 px"):
        describe_turned(picture, (240, 3), describe, 8)
    with pytest.raises(MatchingError, match="turns is 0"):
        describe_turned(picture, CLICK, describe, 8, turns=0)
    click = describe_turned(picture, CLICK, describe, 8, turns=2)
    with pytest.raises(MatchingError, match="length 5, expected 28"):
        click.turn_in(np.zeros((4, 4, 5)))
