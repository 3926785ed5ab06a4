"""From a clicked pixel to a point of a scanned object, in a picture in which its pose is known or in a scan's view."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.depth import robust_depth
from dense_grasp_core.geometry.se3 import inverse, transform
from dense_grasp_core.object_model.scan import ScanView
from dense_grasp_core.object_model.view_bank import ViewBank

Array = NDArray[np.float64]
_WINDOW_PX = 2
_LEAST_VALID = 0.3
_FARTHEST = 0.08  # of the object's radius, between a clicked point and the scanned surface
_FARTHEST_M = 0.01
_BEAM_PX = 3.0  # around the clicked ray in which the surface is looked for where depth is unknown


class ClickError(DenseGraspError):
    """A clicked pixel that does not show the object."""


def clicked_point(
    bank: ViewBank,
    camera_from_object: Array,
    camera: CameraModel,
    u: float,
    v: float,
    depth: NDArray[np.floating] | None = None,
) -> Array:
    """The point (3,) of the object's frame at pixel (u, v) of a picture in which the object has a pose (4, 4).

    From depth (H, W), metres, where it is known there, else the first of the scan's surface on the pixel's ray. Raises
    ClickError when that does not lie on the object.
    """
    sample = None if depth is None else robust_depth(depth, u, v, _WINDOW_PX, _LEAST_VALID)
    if sample is not None:
        point = transform(inverse(camera_from_object), camera.deproject([[u, v]], [sample.depth])[0])
    else:
        point = _on_ray(bank, camera_from_object, camera, u, v)
    apart = float(np.linalg.norm(bank.surface - point, axis=1).min())
    allowed = max(_FARTHEST_M, _FARTHEST * bank.radius)
    if apart > allowed:
        raise ClickError(
            f"pixel ({u:.1f}, {v:.1f}) is not on the object: what it shows lies {1000 * apart:.0f} mm from the scanned "
            f"surface, expected at most {1000 * allowed:.0f} mm; click on the object, on a side that was scanned"
        )
    return point


def view_point(view: ScanView, u: float, v: float) -> Array:
    """The point (3,) of the object's frame at pixel (u, v) of a view of its scan. Raises ClickError, ScanError."""
    if not view.camera.contains(u, v):
        raise ClickError(
            f"pixel is ({u:g}, {v:g}), expected one inside the {view.camera.width}x{view.camera.height} picture of "
            f"view {view.name}"
        )
    if not view.mask[round(v), round(u)]:
        raise ClickError(f"pixel ({u:.1f}, {v:.1f}) of view {view.name} is not on the object, by the scan's mask")
    sample = robust_depth(np.where(view.mask, view.depth, np.nan), u, v, _WINDOW_PX, _LEAST_VALID)
    if sample is None:
        raise ClickError(
            f"pixel ({u:.1f}, {v:.1f}) of view {view.name} has no depth, expected some within {_WINDOW_PX} px; click "
            "beside it, or in another view"
        )
    return transform(inverse(view.pose), view.camera.deproject([[u, v]], [sample.depth])[0])


def _on_ray(bank: ViewBank, camera_from_object: Array, camera: CameraModel, u: float, v: float) -> Array:
    surface_camera = transform(camera_from_object, bank.surface)
    pixels = camera.project(surface_camera)
    beside = np.linalg.norm(pixels - [u, v], axis=1)
    spacing = _BEAM_PX + 0.02 * bank.radius * camera.fx / max(1e-6, float(np.median(surface_camera[:, 2])))
    near = np.nonzero(np.nan_to_num(beside, nan=np.inf) <= spacing)[0]
    if not len(near):
        raise ClickError(
            f"pixel ({u:.1f}, {v:.1f}) is not on the object: there is no depth, and its ray meets no scanned surface "
            f"within {spacing:.0f} px; click on the object"
        )
    depth = float(surface_camera[near, 2].min())
    return transform(inverse(camera_from_object), camera.deproject([[u, v]], [depth])[0])
