"""Views to train on that nobody took: rendered from a scan in the gaps between its pictures, before its own room.

A network that learns from pictures alone sees each side of the object in two or three of them. What the scan knows of
the surface gives as many views again, from directions that no picture has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from dense_grasp_core.object_model.rendered_views import MOST_VIEWS, PicturedSurface, rendered_views
from dense_grasp_core.object_model.scan import ScanView
from dense_grasp_core.object_model.surface import sampled_surface, sphere_around
from numpy.typing import NDArray

from dense_grasp_train.data.files import DatasetError
from dense_grasp_train.data.view_loader import FEWEST_PIXELS

DEFAULT = MOST_VIEWS
HELP = (
    "views that are rendered from each scan's pictures and depth, for the gaps between them, at most "
    f"(default {DEFAULT}); 0 for none"
)
_RIM = 9  # px, around the object, that its colours reach into
_COARSE = 40  # px, width of the picture that the place of the object is filled from
_WIDE = 2.5  # of those
_LEAST_WEIGHT = 1e-3
_BLUR = 3.0  # px: what is far behind is out of focus


def most_rendered(option: int | None, captures: bool) -> int:
    """How many views the option --rendered-views asks for. Raises DatasetError below 0, and without captures."""
    if option is not None and not captures:
        raise DatasetError(f"--rendered-views is {option} without --captures, expected it with them alone")
    if option is not None and option < 0:
        raise DatasetError(f"--rendered-views is {option}, expected 0 or more")
    return DEFAULT if option is None else option


def rendered_of(pictures: Sequence[ScanView], most: int = DEFAULT) -> Iterator[ScanView]:
    """At most `most` views of a scan from where it has no picture, one at a time, with its pictures' depth and camera.

    Around the object is what one of the pictures after the other shows beside it. None without pictures. Raises
    ScanError for pictures without poses.
    """
    if not (pictures and most):
        return
    centre, radius = sphere_around(sampled_surface(pictures)[0])
    camera = pictures[0].camera
    rooms = [picture for picture in pictures if picture.camera == camera]
    made = rendered_views(PicturedSurface.of(pictures, centre, radius), most, camera)
    for number, view in enumerate(made):
        if len(view.surface_pixels()) >= FEWEST_PIXELS:
            behind = _room(rooms[number % len(rooms)])
            rgb = np.where(view.mask[..., None], view.rgb, behind)
            yield replace(view, name=f"rendered_{number:03d}", rgb=rgb)


def sentence(scan: Path, pictures: int, rendered: int) -> str:
    """How many views were rendered from the pictures of a scan, or why none was."""
    if rendered:
        return f"{scan}: {rendered} views rendered in the gaps between its pictures, of which it has {pictures}"
    return (
        f"{scan}: no view is rendered between its pictures, they leave no gap, or show too little of the object's "
        f"surface there (the fewest pixels are {FEWEST_PIXELS})"
    )


def unposed(scan: Path) -> str:
    """Why nothing is rendered from pictures without poses."""
    return f"{scan}: no view is rendered between its pictures, it has no poses.json"


def _room(picture: ScanView) -> NDArray[np.uint8]:
    """What a picture shows beside the object, (H, W, 3), moved aside by half its width and out of focus.

    The object's own place gets the colours around it: a point of the object there would be taught as none.
    """
    outside = cv2.erode((~picture.mask).astype(np.float32), np.ones((_RIM, _RIM)))[..., None]
    height, width = picture.mask.shape
    size = (_COARSE, max(1, round(_COARSE * height / width)))
    weight, around = (
        cv2.GaussianBlur(cv2.resize(image, size, interpolation=cv2.INTER_AREA), (0, 0), _WIDE)
        for image in (outside, picture.rgb * outside)
    )
    mean = around.sum((0, 1)) / max(float(weight.sum()), _LEAST_WEIGHT)
    known = weight[..., None] > _LEAST_WEIGHT
    coarse = np.where(known, around / np.maximum(weight, _LEAST_WEIGHT)[..., None], mean).astype(np.float32)
    room = np.where(outside > 0, picture.rgb, cv2.resize(coarse, (width, height))).round().astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(np.roll(room, width // 2, axis=1), (0, 0), _BLUR))
