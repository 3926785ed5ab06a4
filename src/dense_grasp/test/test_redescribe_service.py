"""The service that describes a store anew, with the shipped networks."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from dense_grasp.bringup.launch_support import share_directory
from dense_grasp.perception.redescribe_service import RedescribeService
from dense_grasp.perception.running_network import RunningNetwork
from dense_grasp.perception.store_access import StoreAccess
from dense_grasp_core.descriptors.model_header import read_info
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.result_codes import StoreCode
from dense_grasp_core.store import DescriptorStore
from rclpy.logging import get_logger

from dense_grasp_interfaces.srv import RedescribeStore

MODEL = str(share_directory() / "models" / "general.safetensors")
MODEL_ID = read_info(MODEL).model_id
CAMERA = CameraModel(160, 128, 150.0, 150.0, 79.5, 63.5)


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
def store(url, blobs):
    opened = DescriptorStore(url)
    png = cv2.imencode(".png", blobs)[1].tobytes()
    opened.add("cap", "contact", np.ones(4), "of_before", 60.0, 70.0, camera=CAMERA, picture=png)
    yield opened
    opened.close()


def service(url, model=MODEL, running=MODEL_ID):
    network = RunningNetwork(model, lambda: running, get_logger("test"))
    return RedescribeService(StoreAccess(url), network, get_logger("test"))


def ask(served, **fields):
    return served.handle(RedescribeStore.Request(**fields), RedescribeStore.Response())


def test_it_describes_by_the_network_that_runs_and_takes_it_back(store, url):
    served = service(url)
    answer = ask(served)
    assert (answer.code, answer.described, answer.network) == (StoreCode.OK, 1, "general"), answer.message
    assert "1 sample described by general" in answer.message and store.get("cap", "contact").model_id == MODEL_ID
    again = ask(served)
    assert (again.code, again.described) == (StoreCode.OK, 0) and "all 1 keypoints" in again.message
    back = ask(served, undo=True)
    assert (back.code, back.described) == (StoreCode.OK, 1) and store.get("cap", "contact").model_id == "of_before"
    assert ask(served, undo=True).code == StoreCode.INVALID_REQUEST


def test_a_point_without_a_picture_is_named_or_left(store, url):
    store.add("cap", "axis_a", np.ones(4), "of_before", 60.0, 70.0)
    refused = ask(service(url))
    assert refused.code == StoreCode.NO_PICTURE and "cap/axis_a" in refused.message
    assert store.get("cap", "contact").model_id == "of_before"
    answer = ask(service(url), skip_without_picture=True)
    assert (answer.code, answer.described, list(answer.left)) == (StoreCode.OK, 1, ["cap/axis_a has no picture"])


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"running": "another"}, StoreCode.INVALID_REQUEST, "described by network another"),
        ({"model": ""}, StoreCode.NOT_SUPPORTED, "parameter model is empty"),
        ({"model": "/nowhere.safetensors"}, StoreCode.NOT_SUPPORTED, "/nowhere.safetensors"),
    ],
)
def test_without_the_network_that_runs_nothing_is_described(store, url, changes, code, words):
    answer = ask(service(url, **changes))
    assert answer.code == code and words in answer.message
    assert store.get("cap", "contact").model_id == "of_before"
    assert ask(service(url, running="")).code == StoreCode.OK, "before an image came nothing contradicts"
