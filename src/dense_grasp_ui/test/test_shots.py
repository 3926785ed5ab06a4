"""What the camera showed as a scan took its pictures."""

import cv2
import numpy as np
import pytest
from dense_grasp_ui.pictures.encoding import SMALL, PictureError
from dense_grasp_ui.pictures.scan_views import ScanViews
from dense_grasp_ui.pictures.shots import Shots
from dense_grasp_ui.web.routes import add_scans
from fastapi import FastAPI
from fastapi.testclient import TestClient


def grey(level):
    return np.full((48, 64, 3), level, np.uint8)


def test_a_picture_is_kept_once():
    shots = Shots()
    shots.begin()
    for number, rgb in ((1, grey(50)), (1, grey(200)), (3, grey(90))):
        shots.put(number, rgb)
    assert shots.numbers == (1, 3)
    image = cv2.imdecode(np.frombuffer(shots.get(1, 1), np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (SMALL * 48 // 64, SMALL, 3) and abs(image.mean() - 50) < 3


def test_the_next_scan_begins_without_pictures():
    shots = Shots()
    shots.begin()
    shots.put(1, grey(50))
    shots.begin()
    assert shots.numbers == ()
    shots.put(1, grey(90))
    with pytest.raises(PictureError, match="no longer kept"):
        shots.get(1, 1)
    app = FastAPI()
    add_scans(app, ScanViews(lambda: None), shots)
    with TestClient(app) as client:
        assert client.get("/shot.jpg", params={"scan": 2, "number": 1}).status_code == 200
        assert client.get("/shot.jpg", params={"scan": 1, "number": 1}).status_code == 409
