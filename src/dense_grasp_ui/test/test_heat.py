"""Where one picture's pixel is found in another."""

import json

import cv2
import numpy as np
import pytest
from dense_grasp_core.matching.descriptor_grid import MatchingError
from dense_grasp_ui.pictures.encoding import PictureError
from dense_grasp_ui.pictures.heat import PEAKS, Described, look_for
from dense_grasp_ui.pictures.kept import LIVE, Pictures
from dense_grasp_ui.web.routes import add_heat
from fastapi import FastAPI
from fastapi.testclient import TestClient

STRIDE, SIZE = 8.0, (96, 128)


def described(shift=0, model_id="m", name="a"):
    """Random descriptors, moved `shift` cells to the right; grey."""
    features = np.random.default_rng(3).normal(size=(12, 16, 8))
    features /= np.linalg.norm(features, axis=2, keepdims=True)
    return Described(name, np.full((*SIZE, 3), 90, np.uint8), np.roll(features, shift, axis=1), STRIDE, model_id)


def test_a_pixel_is_found_in_its_own_picture_with_score_one():
    picture = described()
    heat = look_for(picture, 52.0, 44.0, picture, -1.0)
    u, v, score = heat.peaks[0]
    assert (u, v) == (52.0, 44.0) and score > 0.99
    assert len(heat.peaks) <= PEAKS and [peak[2] for peak in heat.peaks] == sorted(
        (peak[2] for peak in heat.peaks), reverse=True
    )


def test_the_networks_own_score_is_drawn():
    """Longer descriptors: Eq. 8 loses what a score without lengths finds."""
    picture, longer = described(), described()
    longer.features = 4.0 * longer.features
    assert look_for(picture, 52.0, 44.0, longer, -1.0, "cosine").peaks[0][:2] == (52.0, 44.0)
    assert not look_for(picture, 52.0, 44.0, longer, -1.0).peaks


def test_it_is_found_where_it_moved_and_the_heat_is_drawn_there():
    heat = look_for(described(), 43.5, 43.5, described(shift=4), -2.0)
    u, v, _ = heat.peaks[0]
    assert abs(u - 75.5) <= 1 and abs(v - 43.5) <= 1
    coloured = np.ptp(heat.rgb.astype(int), axis=2)
    assert coloured[round(v), round(u)] > 50 > 10 > coloured[5, 5]


def test_pictures_of_two_networks_are_not_compared():
    with pytest.raises(PictureError, match="a was described by network m and b by n"):
        look_for(described(), 1.0, 1.0, described(model_id="n", name="b"), 0.0)


@pytest.mark.parametrize("temperature", [-99.0, 99.0, float("nan")])
def test_a_temperature_out_of_range(temperature):
    with pytest.raises(PictureError, match="temperature is"):
        look_for(described(), 1.0, 1.0, described(), temperature)


def test_a_pixel_outside():
    with pytest.raises(MatchingError, match="outside"):
        look_for(described(), 500.0, 1.0, described(), 0.0)


def test_the_oldest_kept_picture_goes_and_the_live_one_is_named():
    live = described()
    pictures = Pictures(lambda: live, most=2)
    keys = [pictures.keep_live() for _ in range(3)]
    assert list(pictures.names()) == keys[1:] and pictures.names()[keys[2]] == "Picture 3"
    with pytest.raises(PictureError, match="no longer kept"):
        pictures.get(keys[0])
    with pytest.raises(PictureError, match="no described image"):
        Pictures().get(LIVE)


def test_a_heatmap_over_http():
    wanted = []
    app = FastAPI()
    pictures = Pictures(lambda: described(shift=4))
    key = pictures.add(described())
    add_heat(app, pictures, lambda: wanted.append(1))
    with TestClient(app) as client:
        answer = client.get("/heat.jpg", params={"source": key, "u": 43.5, "v": 43.5, "t": -2.0})
        image = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
        assert answer.status_code == 200 and image.shape == (*SIZE, 3) and wanted == [1]
        assert abs(json.loads(answer.headers["X-Peaks"])[0][0] - 75.5) <= 1
        assert client.get("/picture.jpg", params={"key": key}).status_code == 200
        assert (
            client.get("/picture.jpg", params={"key": "none"}).text == "that picture is no longer kept: choose another"
        )
        for wrong in ({"u": "nan"}, {"u": 1e9}, {"t": "inf"}, {"source": "x" * 100}, {"u": 90_000}):
            assert client.get("/heat.jpg", params=wrong).status_code in (409, 422)
