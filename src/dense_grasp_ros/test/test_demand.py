"""Whether somebody needs a stream."""

from dense_grasp_ros.demand import Demand

LASTS = 3.0


class Watch:
    def __init__(self):
        self.now, self.woken = 0.0, []
        self.demand = Demand(lambda: self.woken.append(self.now), LASTS, lambda: self.now)


def test_it_is_wanted_while_somebody_looks():
    watch = Watch()
    demand = watch.demand
    assert not demand.is_wanted
    demand.want()
    assert demand.is_wanted and watch.woken == [0.0]
    watch.now = LASTS - 0.1
    demand.want()
    watch.now = LASTS
    assert demand.is_wanted and watch.woken == [0.0]
    watch.now = 2 * LASTS
    assert not demand.is_wanted
    demand.want()
    assert watch.woken == [0.0, 2 * LASTS]


def test_it_is_wanted_as_long_as_a_question_takes():
    watch = Watch()
    demand = watch.demand
    with demand.needed():
        watch.now = 10 * LASTS
        with demand.needed():
            assert demand.is_wanted
        watch.now = 20 * LASTS
        assert demand.is_wanted
    assert demand.is_wanted and watch.woken == [0.0]
    watch.now = 21 * LASTS
    assert not demand.is_wanted
