"""Whether the colours that a pose shows are those of the scan: a sibling has the object's shape, not its pattern.

What the light does to all of the object is taken away first: its brightness cell by cell, its tint by von Kries' rule,
a factor for each channel (see Finlayson et al., "Color constancy: generalized diagonal transforms suffice", 1994). What
is left is measured by what views of the scan at the same angle differ by, so that an object that shines may differ
more than a plain one, and one that is seen from where the scan was not more than one that is seen from there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.object_model.look_at import PicturePyramid
from dense_grasp_core.object_model.surface import covered
from dense_grasp_core.object_model.view_bank import FINE, STRIDE, ViewBank

Array = NDArray[np.float64]
_DARK = 32.0  # of 255, added to each channel: what is nearly black has no tint of its own
_FEWEST_CELLS = 30
_LEAST_USUAL = 0.03  # difference of views of a grey object in one light: noise of the camera
_WIDEST_PAIR = np.radians(60.0)  # of views that are compared
_FEWEST_PAIRS = 4


@dataclass(frozen=True)
class ColourVerdict:
    """difference: of the tints that a pose shows from the scan's, over that of views of the scan at the same angle.
    light: the change of tint of the whole object that was taken away, as a logarithm. known: cells compared.
    """

    difference: float
    light: float
    known: int

    @property
    def is_telling(self) -> bool:
        """Whether enough was compared to mean something."""
        return self.known >= _FEWEST_CELLS


@dataclass(frozen=True)
class ScanColours:
    """The colours of a bank. usual: difference of tints of two views of the scan by the angle between them: at none,
    and more by each radian.
    """

    bank: ViewBank
    usual: tuple[float, float] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "usual", _usual_difference(self.bank))

    def verdict(self, picture: PicturePyramid, camera_from_object: Array) -> ColourVerdict:
        """Colours of the picture at the cells of the photograph that is nearest to a pose (4, 4), and its own."""
        bank, camera = self.bank, picture.camera
        virtual, _ = bank.look_at(camera_from_object)
        angles = bank.photograph_angles(virtual.camera_from_virtual.T @ camera_from_object[:3, :3])
        cells = bank.fine[int(angles.argmin())][0]
        points_camera = transform(camera_from_object, cells.points_object)
        pixels = camera.nearest_pixels(camera.project(points_camera))[1]
        places = np.rint(virtual.project(points_camera @ virtual.camera_from_virtual)).astype(int)
        inside = pixels & ((places >= 0) & (places < FINE.size)).all(1)
        inside &= ~covered(bank.surface, bank.centre, bank.radius, camera_from_object, cells.points_object)
        u, v = places[inside].T
        seen = cv2.blur(picture.look(virtual), (STRIDE, STRIDE))[v, u]
        if len(seen) < _FEWEST_CELLS:
            return ColourVerdict(0.0, 0.0, len(seen))
        difference, light = tint_difference(seen, cells.colours[inside])
        constant, slope = self.usual
        return ColourVerdict(difference / (constant + slope * float(angles.min())), light, len(seen))


def tint_difference(seen: NDArray[np.uint8], expected: NDArray[np.uint8]) -> tuple[float, float]:
    """Median difference of tints, logarithms of red and blue over green, of colours (n, 3) after the change of light
    that is common to them, and the size of that change.
    """
    change = _tints(seen) - _tints(expected)
    light = np.median(change, 0)
    return float(np.median(np.linalg.norm(change - light, axis=1))), float(np.linalg.norm(light))


def _tints(colours: NDArray[np.uint8]) -> Array:
    red, green, blue = np.log(colours.astype(float) + _DARK).T
    return np.stack([red - green, blue - green], 1)


def _usual_difference(bank: ViewBank) -> tuple[float, float]:
    """Constant and slope per radian of the difference of two views, where both see the same surface."""
    reach = STRIDE * bank.radius / FINE.radius
    angles, differences = [], []
    for view, of_view in enumerate(bank.fine[: bank.photographs]):
        tree = cKDTree(of_view[0].points_object) if len(of_view[0].index) >= _FEWEST_CELLS else None
        apart = bank.photograph_angles(bank.virtual_from_object[view])
        for other in np.nonzero(apart < _WIDEST_PAIR)[0]:
            if other == view or tree is None:
                continue
            cells = bank.fine[other][0]
            distance, index = tree.query(cells.points_object, distance_upper_bound=reach)
            near = np.isfinite(distance)
            if near.sum() >= _FEWEST_CELLS and near.mean() > 0.5:
                angles.append(apart[other])
                differences.append(tint_difference(cells.colours[near], of_view[0].colours[index[near]])[0])
    if len(angles) < _FEWEST_PAIRS or np.ptp(angles) < np.radians(5.0):
        return max(_LEAST_USUAL, float(np.mean(differences or [0.0]))), 0.0
    slope, constant = np.polyfit(angles, differences, 1)
    return max(_LEAST_USUAL, float(constant)), max(0.0, float(slope))
