"""How much a browser may send."""

from dense_grasp_ui.access.limits import Bucket, Buckets


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_a_burst_and_then_the_rate():
    clock = Clock()
    bucket = Bucket(10.0, 3.0, clock)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    clock.now = 0.1
    assert bucket.take() and not bucket.take()
    assert not bucket.is_full
    clock.now = 10.0
    assert bucket.is_full
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


def test_senders_do_not_take_each_others_share():
    clock = Clock()
    buckets = Buckets(1.0, 1.0, now=clock)
    assert buckets.take("a") and not buckets.take("a") and buckets.take("b")


def test_a_flood_of_senders_takes_no_memory():
    clock = Clock()
    buckets = Buckets(1.0, 1.0, most=10, now=clock)
    assert sum(buckets.take(str(number)) for number in range(1000)) == 10
    clock.now = 2.0
    assert buckets.take("new")
