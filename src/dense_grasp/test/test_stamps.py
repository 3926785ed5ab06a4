import threading

import pytest
from dense_grasp.perception.stamps import LatestSlot, StampCache
from dense_grasp_ros.local_graph import PATIENCE


def test_cache_finds_exact_stamps_only():
    cache = StampCache(2)
    cache.put(10, "a")
    assert cache.get(10) == "a"
    assert cache.get(11) is None
    assert cache.newest == 10


def test_cache_forgets_in_order_of_arrival_so_that_a_clock_may_jump_back():
    cache = StampCache(2)
    for stamp in (1000, 2000, 5):
        cache.put(stamp, stamp)
    assert cache.get(1000) is None
    assert cache.get(5) == 5
    assert cache.newest == 5


def test_cache_replaces_and_clears():
    cache = StampCache(2)
    cache.put(1, "old")
    cache.put(1, "new")
    assert cache.get(1) == "new"
    cache.clear()
    assert cache.get(1) is None and cache.newest is None


def test_cache_needs_room():
    with pytest.raises(ValueError, match="0"):
        StampCache(0)


def test_slot_keeps_the_newest_only():
    slot = LatestSlot()
    slot.put(1)
    slot.put(2)
    assert slot.take(0.0) == 2
    assert slot.take(0.0) is None


def test_slot_wakes_a_waiting_thread():
    slot = LatestSlot()
    taken = []
    thread = threading.Thread(target=lambda: taken.append(slot.take(PATIENCE)))
    thread.start()
    slot.put("item")
    thread.join(PATIENCE)
    assert taken == ["item"]
