"""Of several equal objects: which one the hand took last, and what it should not have touched meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from dense_grasp_sim.physics.referee import contacts_on
from dense_grasp_sim.world.cell_model import Cell

Pairs = Sequence[tuple[str, str, str, str]]


class CrowdWatch:
    """Follows the contacts in a cell with solids beside its object.

    followed: body of the equal one that both pads held last, the object before any. touched: bodies that were touched
    and should not have been: an other one by anything but what it lies on; the bin by the arm; an equal one by another,
    unless in the bin, and by the fingers while they hold another or on the way to another; and parts of the arm, but
    the fingers, that touched an equal one.
    """

    def __init__(self, cell: Cell, pads: frozenset[str]) -> None:
        self._equals = cell.equals
        self._others = frozenset(cell.beside).difference(cell.equals)
        self._things = frozenset(cell.things)
        self._fingers = frozenset(cell.names.record.finger_links)
        self._pads = pads
        self._approached: set[str] = set()
        self._taken: str | None = None
        self.followed = self._equals[0]
        self.touched: set[str] = set()

    def update(self, pairs: Pairs, binned: Collection[str]) -> bool:
        """Take the (geom, body, geom, body) contacts of an instant; whether another one is followed from now on.

        binned: the equal ones that are in the bin.
        """
        held = next((name for name in self._equals if contacts_on(pairs, name, self._pads).both_pads), None)
        changed = held is not None and held != self.followed
        if held is not None and held != self._taken:
            self.touched |= self._approached - {held}
            self._approached.clear()
            self.followed = self._taken = held
        for _, one, _, other in pairs:
            for body, by in ((one, other), (other, one)):
                self._see(body, by, held, binned)
        return changed

    def _see(self, body: str, by: str, held: str | None, binned: Collection[str]) -> None:
        ground = {"world", "table"}
        if body in self._others:
            if by not in ground:
                self.touched.add(body)
        elif body in self._things:
            if by not in {*ground, *self._equals, *self._others}:
                self.touched.add(body)
        elif body in self._equals:
            if by in self._fingers:
                if body not in {held, self._taken, *binned}:
                    (self._approached if held is None else self.touched).add(body)
            elif by in self._equals:
                if body != held and not {body, by} & set(binned):
                    self.touched.add(body)
            elif by not in {*ground, *self._others, *self._things}:
                self.touched.add(by)
