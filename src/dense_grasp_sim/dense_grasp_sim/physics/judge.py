"""What the strict referee is shown of a running cell, and what was touched that should not be."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
from dense_grasp_assets.solids.solid import Solid

from dense_grasp_sim.physics.bodies import pose_of, touched_in
from dense_grasp_sim.physics.crowd_watch import CrowdWatch
from dense_grasp_sim.physics.referee import (
    LiftReferee,
    LiftRule,
    LiftSample,
    contacts_on,
    pad_names,
    read_pairs,
    solid_rule,
)
from dense_grasp_sim.world.cell_model import Cell
from dense_grasp_sim.world.crowd import in_bin
from dense_grasp_sim.world.objects import OBJECT_BODY

REFEREE_PERIOD = 0.01  # s


class Judge:
    """Of one scene. referee: of the object; of several equal ones, of that which the pads held last."""

    def __init__(self, cell: Cell, rule: LiftRule, time: float) -> None:
        self._cell = cell
        self._rule = solid_rule(rule, cell.object) if isinstance(cell.object, Solid) else rule
        self._pads = pad_names(cell.names)
        self._watch = CrowdWatch(cell, self._pads) if cell.beside else None
        self._heights = dict.fromkeys(cell.equals, 0.0)
        self._next = time
        self.referee = LiftReferee(self._rule)
        self.touched: set[str] = set()

    @property
    def followed(self) -> str:
        """Body of the object that the referee judges."""
        return self._watch.followed if self._watch is not None else OBJECT_BODY

    def begin(self, data: mujoco.MjData) -> None:
        """All lie still now."""
        self._next = float(data.time)
        self._heights = {body: self._height(data, body) for body in self._cell.equals}

    def look(self, model: mujoco.MjModel, data: mujoco.MjData, width: float) -> None:
        """Show the referee this instant, every REFEREE_PERIOD. width: between the pads, m."""
        if self._cell.object is None or data.time < self._next:
            return
        self._next += REFEREE_PERIOD
        pairs = read_pairs(model, data)
        if self._watch is None:
            self.touched |= touched_in(self._cell, pairs)
        else:
            binned = [body for body in self._cell.equals if in_bin(pose_of(data, body)[:3, 3])]
            if self._watch.update(pairs, binned):
                self.referee = LiftReferee(self._rule)
            self.touched |= self._watch.touched
        self.referee.update(self._sample(data, width, pairs))

    def _sample(self, data: mujoco.MjData, width: float, pairs: Sequence[tuple[str, str, str, str]]) -> LiftSample:
        contacts = contacts_on(pairs, self.followed, self._pads)
        raised = self._height(data, self.followed) - self._heights[self.followed]
        return LiftSample(float(data.time), raised, width, contacts)

    def _height(self, data: mujoco.MjData, body: str) -> float:
        """m: of a cap's middle; of a solid's lowest point, which swings down when the hand holds an end."""
        if isinstance(self._cell.object, Solid):
            pose = pose_of(data, body)
            return float(pose[2, 3]) + self._cell.object.lowest(pose[:3, :3])
        return float(data.body(body).xipos[2])
