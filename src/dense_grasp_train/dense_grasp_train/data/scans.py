"""Scans of objects as views to train on: what `scan`, `scan_object` and `store export-scan` write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from dense_grasp_core.object_model.scan import ScanView, object_folders, read_scan
from dense_grasp_core.object_model.scan_check import require_consistent
from dense_grasp_core.wording import some_of
from numpy.typing import NDArray

from dense_grasp_train.data import rendered
from dense_grasp_train.data.dataset import LoadedView, ViewKey
from dense_grasp_train.data.view_loader import FEWEST_PIXELS, LoadError, to_view
from dense_grasp_train.data.views import View


def scans_of(folders: list[Path]) -> list[Path]:
    """The scans that the folders are, or hold. Raises ScanError for a folder without one, LoadError for one twice."""
    scans = [scan for folder in folders for scan in object_folders(folder)]
    resolved = [scan.resolve() for scan in scans]
    for index, scan in enumerate(scans):
        if resolved[index] in resolved[:index]:
            raise LoadError(f"scan {scan} is named twice, expected different scans")
    return scans


def scan_views(
    scans: list[Path], say: Callable[[str], None] = lambda text: None, most_rendered: int = rendered.DEFAULT
) -> list[View]:
    """The views of one or several scans, each an object of its own: no point of the one is on another.

    most_rendered: views of each that are rendered between its pictures, at most; they follow the pictures. say: is told
    how many were, and which views are left out, and why. Raises ScanError that names the file for a scan without masks,
    depth or poses, or with a picture that cannot be read, and LoadError for one that nowhere shows enough of its
    object.
    """
    views: list[View] = []
    for number, scan in enumerate(scans, 1):
        pictures = read_scan(scan)
        if len(pictures) > 1:
            require_consistent(pictures)
        centre = _centre(pictures)
        found = {picture.name: to_view(_loaded(picture, number, centre)) for picture in pictures}
        small = [name for name, view in found.items() if view is None]
        if small:
            say(
                f"{scan}: {len(small)} of {len(found)} views are left out, they show fewer than {FEWEST_PIXELS} pixels "
                f"of the object with a depth: come closer or take larger pictures ({some_of(small)})"
            )
        kept = [view for view in found.values() if view is not None]
        if not kept:
            raise LoadError(f"{scan} has no view with {FEWEST_PIXELS} pixels of the object that have a depth")
        if most_rendered:
            loaded = (_loaded(made, number, centre, True) for made in rendered.rendered_of(pictures, most_rendered))
            more = [view for view in map(to_view, loaded) if view is not None]
            say(rendered.sentence(scan, len(pictures), len(more)))
            kept += more
        views += kept
    return views


def _centre(pictures: list[ScanView]) -> NDArray[np.float64]:
    """Middle (3,) of the surface that the pictures see: the poses of a scan may have their origin anywhere."""
    middles = [picture.points(picture.surface_pixels()).mean(0) for picture in pictures]
    return np.asarray(np.mean(middles, axis=0))


def _loaded(picture: ScanView, number: int, centre: NDArray[np.float64], was_rendered: bool = False) -> LoadedView:
    """The picture as a view of object ``number`` whose frame has its origin in the middle of the object."""
    pose = picture.pose.copy()
    pose[:3, 3] += pose[:3, :3] @ centre
    return LoadedView(
        ViewKey(0, 0, 0, number),
        picture.rgb,
        picture.depth.astype(np.float32),
        picture.mask,
        None,
        None,
        picture.camera,
        pose,
        number,
        None,
        was_rendered,
    )
