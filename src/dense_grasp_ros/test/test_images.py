"""Colour images in every encoding that cameras send."""

import sys

import numpy as np
import pytest
from dense_grasp_ros.images import COLOUR_ENCODINGS, MessageError, byte_array, image_message, rgb_from_message
from sensor_msgs.msg import Image
from std_msgs.msg import Header

RNG = np.random.default_rng(0)


def padded(pixels: np.ndarray, encoding: str, padding: int) -> Image:
    rows = np.ascontiguousarray(pixels).view(np.uint8).reshape(len(pixels), -1)
    rows = np.concatenate([rows, np.full((len(rows), padding), 7, np.uint8)], axis=1)
    return Image(
        height=pixels.shape[0], width=pixels.shape[1], encoding=encoding, step=rows.shape[1], data=rows.tobytes()
    )


def test_rgb_survives_the_round_trip():
    rgb = RNG.integers(0, 256, (5, 7, 3), np.uint8)
    message = image_message(rgb, "rgb8", Header(frame_id="camera"))
    assert (message.width, message.height, message.step) == (7, 5, 21)
    np.testing.assert_array_equal(rgb_from_message(message), rgb)


def test_bgr_is_turned_around():
    rgb = RNG.integers(0, 256, (3, 4, 3), np.uint8)
    np.testing.assert_array_equal(rgb_from_message(image_message(rgb[..., ::-1], "bgr8", Header())), rgb)


def test_row_padding_is_skipped():
    rgb = RNG.integers(0, 256, (3, 4, 3), np.uint8)
    np.testing.assert_array_equal(rgb_from_message(padded(rgb, "rgb8", 5)), rgb)


def test_bytes_of_an_array():
    values = RNG.normal(size=(2, 3)).astype("<f2")
    assert byte_array(values).tobytes() == values.tobytes()


COLOUR = np.array([200, 120, 40], np.uint8)
GREY = 101  # 0.299 r + 0.587 g + 0.114 b of 16 bit or 8 bit, and what YUV's brightness of 103 means


def plain(encoding: str) -> np.ndarray:
    """A picture of one colour, (8, 10, C), as the encoding has it."""
    if encoding.startswith("bayer"):
        letters = dict(zip("rgb", COLOUR, strict=True))
        pattern = np.array([letters[letter] for letter in encoding[6:10]], np.uint16).reshape(2, 2)
        return np.tile(pattern, (4, 5)) * 257 if encoding.endswith("16") else np.tile(pattern, (4, 5)).astype(np.uint8)
    if encoding in ("yuv422", "uyvy", "yuv422_yuy2", "yuyv"):
        grey = round(16 + GREY * 219 / 255)
        return np.broadcast_to(np.array([128, grey] if encoding in ("yuv422", "uyvy") else [grey, 128]), (8, 10, 2))
    if encoding.startswith("mono") or encoding == "8UC1":
        value = GREY * 257 if encoding == "mono16" else GREY
        return np.full((8, 10), value, np.uint16 if encoding == "mono16" else np.uint8)
    bits = 16 if encoding.endswith("16") else 8
    colour = COLOUR[::-1] if encoding.startswith(("bgr", "8UC")) else COLOUR
    channels = [*colour, 255][: 4 if "a" in encoding or encoding == "8UC4" else 3]
    pixels = np.array(channels, np.uint16) * (257 if bits == 16 else 1)
    return np.broadcast_to(pixels.astype(np.uint16 if bits == 16 else np.uint8), (8, 10, len(channels)))


@pytest.mark.parametrize("encoding", list(COLOUR_ENCODINGS))
def test_colour_of_every_encoding_that_is_named_is_read(encoding):
    pixels = plain(encoding)
    if pixels.dtype.kind == "i":
        pixels = pixels.astype(np.uint8)
    rgb = rgb_from_message(padded(pixels, encoding, 4))
    assert rgb.shape == (8, 10, 3) and rgb.dtype == np.uint8
    coloured = not encoding.startswith(("mono", "yu", "uyvy")) and encoding != "8UC1"
    wanted = COLOUR if coloured else np.full(3, GREY)
    assert np.abs(rgb[2:-2, 2:-2].astype(int) - wanted).max() <= 1


def test_a_cv_bridge_that_cannot_be_imported_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv_bridge", None)
    rgb = RNG.integers(0, 256, (3, 4, 3), np.uint8)
    np.testing.assert_array_equal(rgb_from_message(image_message(rgb, "rgb8", Header())), rgb)
    with pytest.raises(MessageError, match=r"'mono8', which needs cv_bridge.*let the camera publish rgb8"):
        rgb_from_message(image_message(rgb[..., 0], "mono8", Header()))


@pytest.mark.parametrize("encoding", ["nv21", "32FC3", "16UC1", ""])
def test_other_colour_encodings_are_named_and_refused(encoding):
    message = Image(height=2, width=2, encoding=encoding, step=6, data=bytes(12))
    with pytest.raises(MessageError, match=f"'{encoding}'.*rgb8, bgr8"):
        rgb_from_message(message)


def test_sizes_that_do_not_add_up_are_refused():
    with pytest.raises(MessageError, match=r"11 bytes of data.*12"):
        rgb_from_message(Image(height=2, width=2, encoding="rgb8", step=6, data=bytes(11)))
    with pytest.raises(MessageError, match="step 5"):
        rgb_from_message(Image(height=2, width=2, encoding="rgb8", step=5, data=bytes(10)))
    with pytest.raises(MessageError, match="0x0"):
        rgb_from_message(Image(encoding="rgb8"))
