"""What is said and drawn of an answer: instances, what is hidden, and candidates that are not good enough."""

import math

from dense_grasp_ui.panels.found_points import Mark, is_found, marks_of, sentence_of

from dense_grasp_interfaces.msg import KeypointMatch


def match(**values):
    given = {"keypoint": "rim", "u": 10.0, "v": 20.0, "score": 0.75, "depth": 0.4, "message": "found"}
    return KeypointMatch(**{**given, **values})


def test_a_point_without_a_scan_is_named_with_its_score():
    assert marks_of([match()]) == [Mark(10.0, 20.0, "rim 0.75", False)]
    assert sentence_of(match()) == "rim: OK (0), score 0.75, 400 mm from the camera. found"


def test_instances_are_told_apart_and_a_hidden_point_is_drawn_as_one():
    first = match(instance=1, visibility=KeypointMatch.VISIBLE, support=31)
    second = match(instance=2, visibility=KeypointMatch.HIDDEN, u=50.0, support=12)
    assert marks_of([first, second]) == [
        Mark(10.0, 20.0, "rim of no. 1 0.75", False),
        Mark(50.0, 20.0, "rim of no. 2, hidden 0.75", True),
    ]
    assert sentence_of(second).startswith("rim of no. 2, hidden: OK (0), score 0.75, 400 mm")
    assert "12 points of the object agree" in sentence_of(second)


def test_a_candidate_below_the_threshold_is_drawn_with_a_question_mark_and_nothing_where_nobody_searched():
    low = match(code=KeypointMatch.LOW_SCORE, score=0.3, depth=math.nan, message="best score 0.3")
    assert marks_of([low, match(code=KeypointMatch.NO_FRAME, u=math.nan, v=math.nan)]) == [
        Mark(10.0, 20.0, "rim 0.30 ?")
    ]
    assert not is_found(low) and sentence_of(low) == "rim: LOW_SCORE (5), score 0.30. best score 0.3"
