"""What the nodes say of themselves, as an operator reads it."""

from dense_grasp_ui.health import EXPECTED, SILENT_S, Health


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def cell(namespace=""):
    clock = Clock()
    return Health(namespace, clock), clock


def all_report(health, place=""):
    for node in EXPECTED:
        health.take(f"{place}{node}: part", 0, "fine", {})


def test_all_is_well():
    health, _ = cell()
    all_report(health)
    assert health.sentences() == [] and health.missing() == []
    assert {part.node for part in health.parts()} == set(EXPECTED)


def test_the_first_seconds_and_then_no_cell_at_all():
    health, clock = cell()
    assert health.sentences() == [(1, "Waiting for the first reports of the nodes.")]
    clock.now = SILENT_S
    ((level, line),) = health.sentences()
    assert level == 2 and "ros2 launch dense_grasp bringup.launch.py" in line


def test_a_node_that_falls_silent_is_named():
    health, clock = cell()
    all_report(health)
    clock.now = SILENT_S + 1.0
    for node in list(EXPECTED)[1:]:
        health.take(f"{node}: part", 0, "fine", {})
    ((level, line),) = health.sentences()
    assert level == 2 and line.startswith("descriptor_node, which describes the camera's images, does not report")
    assert [part.node for part in health.parts() if part.is_silent] == ["descriptor_node"]


def test_errors_come_before_warnings():
    health, _ = cell()
    all_report(health)
    health.take("query_node: store", 1, "not used yet", {})
    health.take("descriptor_node: images", 2, "nobody publishes /camera", {"age_s": "3"})
    assert health.sentences() == [
        (2, "descriptor_node, images: nobody publishes /camera"),
        (1, "query_node, store: not used yet"),
    ]


def test_another_cell_of_the_domain_is_not_this_one():
    health, clock = cell("/left")
    all_report(health, "right/")
    all_report(health)
    clock.now = SILENT_S
    assert health.parts() == []
    all_report(health, "left/")
    assert health.sentences() == []
