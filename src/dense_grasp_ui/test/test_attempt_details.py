"""What the history shows of an answer, and the picture that was taken meanwhile."""

import math

import cv2
import numpy as np
import pytest
from dense_grasp_ui.attempt_details import details_of
from dense_grasp_ui.attempts import NO_DETAILS
from dense_grasp_ui.pictures.attempt_pictures import WIDTH, AttemptPictures
from dense_grasp_ui.pictures.encoding import PictureError

from dense_grasp_interfaces.action import GraspObject, ScanObject
from dense_grasp_interfaces.msg import KeypointMatch


def test_figures_are_those_that_the_answer_has():
    found = KeypointMatch(keypoint="contact", u=320.5, v=200.0, score=0.83)
    lifted = GraspObject.Result(
        used_contact="contact",
        instances_seen=2,
        planning_time=0.614,
        time_to_first_motion=1.22,
        grasp_width=0.0341,
        matches=[found],
    )
    told = details_of(lifted)
    assert told.figures == (
        "pinch at contact, 2 instances seen, planned in 0.61 s, moved after 1.22 s, "
        "34 mm between the fingers after lifting"
    )
    assert [(mark.u, mark.v, mark.text) for mark in told.marks] == [(320.5, 200.0, "contact 0.83")]
    nothing = GraspObject.Result(time_to_first_motion=math.nan, grasp_width=math.nan)
    assert details_of(nothing) == details_of(ScanObject.Result()) == details_of(None) == NO_DETAILS


def test_an_attempt_keeps_its_first_picture_and_the_oldest_go():
    pictures = AttemptPictures(most=2)
    dark, bright = (np.full((48, 64, 3), grey, np.uint8) for grey in (0, 255))
    pictures.put(1, dark)
    pictures.put(1, bright)
    shown = cv2.imdecode(np.frombuffer(pictures.get(1), np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape == (WIDTH * 48 // 64, WIDTH, 3) and shown.max() < 10
    assert pictures.size(1) == (64, 48) and pictures.size(2) is None
    pictures.put(2, dark)
    pictures.put(3, dark)
    with pytest.raises(PictureError, match="no longer kept"):
        pictures.get(1)
    assert pictures.size(1) is None and pictures.get(2) and pictures.get(3)
