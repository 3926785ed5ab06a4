import math

from dense_grasp.perception.markers import match_markers
from geometry_msgs.msg import Point
from visualization_msgs.msg import Marker

from dense_grasp_interfaces.msg import KeypointMatch


def match(keypoint: str, x: float = 0.5, code: int = 0) -> KeypointMatch:
    message = KeypointMatch(object_id="cap", keypoint=keypoint, code=code, score=0.8)
    message.header.frame_id = "fr3_link0"
    message.position = Point(x=x, y=0.1, z=0.2)
    return message


def test_sphere_and_text_per_match_in_the_base_frame():
    markers = match_markers([match("contact")]).markers
    assert [marker.type for marker in markers] == [Marker.SPHERE, Marker.TEXT_VIEW_FACING]
    assert {marker.header.frame_id for marker in markers} == {"fr3_link0"}
    assert {marker.ns for marker in markers} == {"cap/contact"}
    assert markers[0].pose.position.x == 0.5
    assert "0.80" in markers[1].text


def test_arrow_along_the_axis():
    markers = match_markers([match("axis_a", 0.1), match("axis_b", 0.3)]).markers
    arrow = next(marker for marker in markers if marker.type == Marker.ARROW)
    assert [point.x for point in arrow.points] == [0.1, 0.3]


def test_a_match_without_a_position_has_no_marker():
    assert match_markers([match("contact", math.nan), match("axis_a"), match("axis_b", math.nan)]).markers[0].ns == (
        "cap/axis_a"
    )
    assert len(match_markers([match("contact", math.nan)]).markers) == 0


def test_a_refused_match_says_its_code():
    text = match_markers([match("contact", code=KeypointMatch.OUT_OF_WORKSPACE)]).markers[1]
    assert "OUT_OF_WORKSPACE" in text.text
    assert text.color.r > text.color.g
