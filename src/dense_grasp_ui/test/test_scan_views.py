"""The pictures of a scan on the page: asked for once, shown small, and where they show a point."""

import cv2
import numpy as np
import pytest
from dense_grasp_ui.graph_scans import GraphScans, scan_picture
from dense_grasp_ui.pictures.encoding import SMALL, PictureError
from dense_grasp_ui.pictures.scan_views import KEPT, ScanViews, ViewOfScan
from dense_grasp_ui.pictures.shots import Shots
from dense_grasp_ui.web.routes import add_scans
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sensor_msgs.msg import CameraInfo

from dense_grasp_interfaces.msg import ScanSummary
from dense_grasp_interfaces.srv import GetScanView

WIDTH, HEIGHT, FOCAL, FAR = 64, 48, 60.0, 0.5


def png(image):
    return list(cv2.imencode(".png", image)[1].tobytes())


def answer(hidden=False):
    """A plate across the picture, 0.5 m away; hidden: something stands before its right half."""
    depth = np.full((HEIGHT, WIDTH), 1000 * FAR, np.uint16)
    if hidden:
        depth[:, WIDTH // 2 :] -= 100
    camera = CameraInfo(width=WIDTH, height=HEIGHT, distortion_model="plumb_bob", d=[0.0] * 5)
    camera.k = [FOCAL, 0.0, WIDTH / 2, 0.0, FOCAL, HEIGHT / 2, 0.0, 0.0, 1.0]
    given = GetScanView.Response(camera_info=camera)
    given.camera_from_object.position.z = FAR
    given.camera_from_object.orientation.w = 1.0
    given.image.data = png(np.full((HEIGHT, WIDTH, 3), (10, 20, 200), np.uint8))
    given.mask.data, given.depth.data = png(np.full((HEIGHT, WIDTH), 255, np.uint8)), png(depth)
    return given


class Served:
    """The scans of a graph: two pictures of each object, the second half hidden."""

    def __init__(self, *objects):
        self.created = dict.fromkeys(objects, 1)
        self.asked = 0

    def summaries(self, object_id):
        if object_id not in self.created:
            return []
        summary = ScanSummary(object_id=object_id, views=2)
        summary.created.sec = self.created[object_id]
        return [summary]

    def view(self, object_id, view):
        self.asked += 1
        return answer(hidden=view == 1)


def test_a_point_is_where_each_picture_shows_it():
    scan = ScanViews(lambda: GraphScans(Served("box"))).load("box")
    left, right, behind = (-0.1, 0.0, 0.0), (0.1, 0.05, 0.0), (-0.1, 0.0, 0.05)
    first, second = zip(*map(scan.pixels, (left, right, behind)), strict=True)
    np.testing.assert_allclose(first[:2], [(20, 24), (44, 30)])
    assert first[2] is None and second[1:] == (None, None)
    np.testing.assert_allclose(second[0], (20, 24))


def test_a_scan_is_asked_for_once_and_again_when_it_was_replaced():
    served = Served("box", "cup", "mug")
    views = ScanViews(lambda: GraphScans(served))
    assert views.load("nothing") is None
    first = views.load("box")
    assert views.load("box") is first and served.asked == 2
    view = ViewOfScan("box", first.version, 1)
    assert views.is_current(view)
    served.created["box"] = 2
    assert not views.is_current(view)
    assert views.load("box").version != first.version and served.asked == 4
    for other in ("cup", "mug")[:KEPT]:
        views.load(other)
    with pytest.raises(PictureError, match="no longer kept"):
        views.picture(view)


def test_a_small_picture_is_served_and_what_is_not_kept_is_a_sentence():
    views = ScanViews(lambda: GraphScans(Served("box")))
    version = views.load("box").version
    app = FastAPI()
    add_scans(app, views, Shots())
    with TestClient(app) as client:
        got = client.get("/scan.jpg", params={"object_id": "box", "version": version, "view": 0})
        image = cv2.imdecode(np.frombuffer(got.content, np.uint8), cv2.IMREAD_COLOR)
        assert image.shape == (SMALL * HEIGHT // WIDTH, SMALL, 3)
        np.testing.assert_allclose(image.mean((0, 1)), (10, 20, 200), atol=4)
        for wrong in ({"view": 2}, {"version": version + 1}, {"object_id": "cup"}):
            got = client.get("/scan.jpg", params={"object_id": "box", "version": version, "view": 0, **wrong})
            assert got.status_code == 409 and "no longer kept" in got.text
        assert client.get("/scan.jpg", params={"object_id": "b" * 65, "version": 1, "view": 0}).status_code == 422


def test_a_small_picture_shows_the_object_in_the_shape_of_the_picture():
    given = answer()
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    assert scan_picture("view 0 of box", given).crop == (0, 0, WIDTH, HEIGHT)
    mask[10:22, 40:48] = 255
    given.mask.data = png(mask)
    left, top, width, height = scan_picture("view 0 of box", given).crop
    assert (width, height) == (21, 16) and left <= 40 < 48 <= left + width and top <= 10 < 22 <= top + height
    mask[:, :] = 0
    mask[:4, -4:] = 255  # at the border
    given.mask.data = png(mask)
    assert scan_picture("view 0 of box", given).crop == (WIDTH - 7, 0, 7, 5)


def test_pictures_that_cannot_be_read_are_said():
    torn = answer()
    torn.mask.data = torn.mask.data[:20]
    with pytest.raises(PictureError, match="20 bytes cannot be read"):
        scan_picture("view 0 of box", torn).pixel((0.0, 0.0, 0.0))
    without = answer()
    without.depth.data = []  # a scan of colour pictures
    assert scan_picture("view 0 of box", without).pixel((0.0, 0.0, 0.0)) is None
