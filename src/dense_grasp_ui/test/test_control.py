"""One browser holds control."""

from dense_grasp_ui.access.control import ABSENT_S, Control


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def room(*browsers):
    clock = Clock()
    control = Control(clock)
    for browser in browsers:
        control.seen(browser)
    return control, clock


def test_the_first_holds_it_and_the_others_watch():
    control, _ = room("a", "b")
    assert control.holds("a") and not control.holds("b") and not control.holds("")
    assert control.browsers == 2


def test_it_is_asked_for_and_handed_over():
    control, _ = room("a", "b", "c")
    control.ask("b")
    assert control.is_asked("a") and control.asks("b")
    assert "already" in control.ask("c") and not control.asks("c")
    control.answer("c", True)
    assert control.holds("a"), "only the holder answers"
    control.answer("a", True)
    assert control.holds("b") and not control.is_asked("b") and not control.asks("b")


def test_it_is_kept():
    control, _ = room("a", "b")
    control.ask("b")
    control.answer("a", False)
    assert control.holds("a") and not control.is_asked("a") and not control.asks("b")


def test_a_holder_that_is_gone_loses_it_to_who_asks():
    control, clock = room("a", "b")
    clock.now = ABSENT_S - 0.1
    control.seen("b")
    control.ask("b")
    assert control.holds("a")
    clock.now = ABSENT_S
    control.seen("b")
    assert control.holds("b")


def test_a_holder_that_is_gone_keeps_it_while_nobody_asks():
    control, clock = room("a")
    clock.now = 10 * ABSENT_S
    control.seen("b")
    assert control.holds("a"), "a reload, or a laptop that slept, changes nothing"
    assert "gone" in control.ask("b") and control.holds("b")


def test_a_browser_that_asked_and_left_asks_no_more():
    control, clock = room("a", "b")
    control.ask("b")
    clock.now = ABSENT_S + 1.0
    control.seen("a")
    assert not control.is_asked("a")
