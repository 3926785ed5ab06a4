"""The picture that a keypoint was taught on, as a place to click."""

from __future__ import annotations

from dataclasses import dataclass

from dense_grasp_ui.pictures.scan_views import ViewOfScan


@dataclass(frozen=True)
class TaughtPicture:
    """The first picture of a keypoint."""

    object_id: str
    keypoint: str


#: What a click was made on, where it was not the live picture.
Clicked = ViewOfScan | TaughtPicture


def named(clicked: Clicked) -> str:
    """What it is a picture of, in words."""
    if isinstance(clicked, ViewOfScan):
        return f"view {clicked.number} of its scan"
    return f"the picture of {clicked.keypoint}"
