"""What the page says of points that another network described."""

from dense_grasp_ui.other_networks import told_of


def test_what_is_lost_comes_first_and_what_is_found_is_told_apart():
    points = [("cap/contact", "caps"), ("mug/contact", "gone"), ("mug/axis_a", "gone")]
    assert told_of(points, ["runs", "caps"]) == (
        "2 points were taught with another network, of which no file is there, and cannot be found: "
        "mug/contact, mug/axis_a. 1 point was taught with another network, and is found by it: cap/contact."
    )
    assert told_of(points[:1], ["caps"]) == "1 point was taught with another network, and is found by it: cap/contact."


def test_nothing_is_said_without_such_a_point_or_before_query_node_reports():
    assert told_of([], ["runs"]) == told_of([("cap/contact", "gone")], []) == ""
