"""At the first answer after a start: does the table that the camera sees lie where the configuration says?"""

from __future__ import annotations

import threading

import numpy as np
from dense_grasp_core.cell_measures.table_plane import table_offset
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry import se3

from dense_grasp.perception.depth_world import surface_points
from dense_grasp.perception.frames import CameraFrame

#: m. A stereo camera at 0.6 m measures a table within a few millimetres.
TOLERANCE = 0.01
STEP = 8


class TableCheck:
    """Compares once, because hand-eye transform, robot and camera are read at the start. Safe to use from threads."""

    def __init__(self, table_height: float):
        """table_height: m, base frame."""
        self._table_height = table_height
        self._lock = threading.Lock()
        self._done = False

    def sentence(self, frame: CameraFrame, base_from_camera: np.ndarray, point: np.ndarray) -> str:
        """What is wrong with the height of the table around `point` (3,) m, base frame; empty when nothing is, when it
        was said before, and while no plane is seen.
        """
        with self._lock:
            if self._done:
                return ""
            try:
                points = se3.transform(base_from_camera, surface_points(frame.depth, frame.camera, STEP))
                offset = table_offset(points, base_from_camera[:3, 3], point[:2], self._table_height)
            except DenseGraspError:
                # No plane: the next picture may show the table. Depth or camera: the answer itself says what is wrong.
                return ""
            self._done = True
        if abs(offset) <= TOLERANCE:
            return ""
        return (
            f"the table that the camera sees around the point at z {point[2]:.3f} m lies {1000 * offset:+.0f} mm from "
            f"table_height {self._table_height:g} m, expected within {1000 * TOLERANCE:.0f} mm: hand-eye transform, "
            "unit of depth, table_height or robot is wrong; run ros2 run dense_grasp check_cell"
        )
