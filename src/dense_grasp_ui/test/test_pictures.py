"""Pictures on their way to a browser."""

import asyncio
import threading

import cv2
import numpy as np
from dense_grasp_ui.pictures.newest import NewestFrame

RED = np.full((48, 64, 3), (200, 10, 20), np.uint8)


def test_a_frame_keeps_its_colours_and_is_encoded_once():
    live = NewestFrame()
    live.put(RED)
    data = live.frame.jpeg()
    decoded = cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    assert np.abs(decoded.astype(int) - RED).max() < 8
    assert live.frame.jpeg() is data


def test_who_waits_is_woken_by_the_next_frame():
    live = NewestFrame()

    async def wait():
        first = asyncio.ensure_future(live.after(0, 30.0))
        await asyncio.sleep(0)
        threading.Thread(target=live.put, args=(RED,)).start()
        frame = await first
        assert await live.after(frame.number, 0.001) is None
        assert (await live.after(0, 0.0)).number == frame.number == 1
        assert live._waiting == []

    asyncio.run(wait())
