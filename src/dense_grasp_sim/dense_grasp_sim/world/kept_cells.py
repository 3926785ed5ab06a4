"""Compiled cells are kept: a cap is asked for again and again, and compiling its cell takes a second and 130 MB."""

from __future__ import annotations

import threading
from collections import OrderedDict

from dense_grasp_assets.cap.mesh import CapMesh, make_cap

from dense_grasp_sim.world.cell_model import Cell, CellSettings, build_cell
from dense_grasp_sim.world.surroundings import Surroundings

#: So many, those that were asked for last.
KEPT_CELLS = 2


class KeptCells:
    """Cells by the seed of their cap, where nothing else stands in them. Thread-safe."""

    def __init__(self, settings: CellSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._kept: OrderedDict[int | None, Cell] = OrderedDict()

    def cap(self, seed: int) -> CapMesh:
        """The cap of a seed. Raises CapError."""
        with self._lock:
            kept = self._kept.get(seed)
        return kept.cap if kept is not None and kept.cap is not None else make_cap(seed)

    def cell(self, cap_seed: int | None, cap: CapMesh | None, surroundings: Surroundings | None) -> Cell:
        """The cell with the cap of a seed (None: without). Raises CellError."""
        if surroundings is not None:
            return build_cell(self._settings, cap, surroundings)
        with self._lock:
            cell = self._kept.pop(cap_seed, None)
        cell = cell or build_cell(self._settings, cap)
        with self._lock:
            self._kept[cap_seed] = cell
            while len(self._kept) > KEPT_CELLS:
                self._kept.popitem(last=False)
        return cell
