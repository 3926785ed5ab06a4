"""The strict rule that says whether an object was picked up: pure functions over what touches it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import mujoco
import numpy as np
from dense_grasp_assets.solids.solid import Solid

from dense_grasp_sim.world.hands.registry import hand_of
from dense_grasp_sim.world.robot_model import RobotNames


@dataclass(frozen=True)
class LiftRule:
    """When a pick counts: sheet thickness (m), height above the start (m), time held (s of simulation).

    `overlap` (m) is how far the soft contacts let the two pads sink into the sheet together: a pinch of a flat
    sheet ends up to that much below the thickness. Fingers closed on nothing are at width 0.
    """

    sheet_thickness: float = 0.0025
    overlap: float = 0.00015
    raised: float = 0.10
    held: float = 2.0


def solid_rule(rule: LiftRule, solid: Solid) -> LiftRule:
    """The rule for a solid: the fingers are as far apart as it is thin, or farther; the pads sink in by less than 1 mm.

    What of it is raised is its lowest point (see Simulator).
    """
    return replace(rule, sheet_thickness=solid.thinnest, overlap=0.001)


@dataclass(frozen=True)
class Contacts:
    """What touches the object: names of the pads and of all other bodies."""

    pads: frozenset[str]
    others: tuple[str, ...]

    @property
    def both_pads(self) -> bool:
        return len(self.pads) == 2


@dataclass(frozen=True)
class LiftSample:
    """One instant: time (s), height above the start (m), width between the pads (m), contacts."""

    time: float
    raised: float
    width: float
    contacts: Contacts


def contacts_on(pairs: Iterable[tuple[str, str, str, str]], object_body: str, pads: frozenset[str]) -> Contacts:
    """Contacts of `object_body` among (geom, body, geom, body) pairs; `pads` are names of geoms."""
    touched: set[str] = set()
    others: set[str] = set()
    for geom_1, body_1, geom_2, body_2 in pairs:
        if (body_1 == object_body) == (body_2 == object_body):
            continue
        geom, body = (geom_2, body_2) if body_1 == object_body else (geom_1, body_1)
        if geom in pads:
            touched.add(geom)
        else:
            others.add(body)
    return Contacts(frozenset(touched), tuple(sorted(others)))


def touched_bodies(pairs: Iterable[tuple[str, str, str, str]], bodies: frozenset[str]) -> frozenset[str]:
    """Those of `bodies` that something touches, among (geom, body, geom, body) pairs."""
    return bodies.intersection(name for _, body_1, _, body_2 in pairs for name in (body_1, body_2))


def without(pairs: Iterable[tuple[str, str, str, str]], one: str, other: str) -> list[tuple[str, str, str, str]]:
    """The (geom, body, geom, body) pairs but those of the bodies `one` and `other` with each other."""
    return [pair for pair in pairs if {pair[1], pair[3]} != {one, other}]


def why_not_held(sample: LiftSample, rule: LiftRule) -> str:
    """The first condition of the rule that `sample` breaks; empty when it holds at this instant."""
    if sample.contacts.others:
        return f"touched by {', '.join(sample.contacts.others)}, expected the finger pads alone"
    if not sample.contacts.both_pads:
        return f"{len(sample.contacts.pads)} of 2 finger pads touch the object"
    least = rule.sheet_thickness - rule.overlap
    if sample.width <= least:
        return f"fingers are {sample.width * 1e3:.2f} mm apart, expected more than {least * 1e3:.2f}"
    if sample.raised < rule.raised:
        return f"raised by {sample.raised:.3f} m, expected {rule.raised:.2f}"
    return ""


class LiftReferee:
    """Follows the samples of one scene and says whether the object was lifted."""

    def __init__(self, rule: LiftRule) -> None:
        self.rule = rule
        self.max_height = 0.0
        self.longest = 0.0
        self.lifted = False
        self.last: LiftSample | None = None
        self._since: float | None = None
        self._best_reason = "no sample yet"

    def update(self, sample: LiftSample) -> None:
        """Take the next sample, in the order of time."""
        self.last = sample
        self.max_height = max(self.max_height, sample.raised)
        reason = why_not_held(sample, self.rule)
        if reason:
            self._since = None
            self._best_reason = reason
            return
        if self._since is None:
            self._since = sample.time
        held = sample.time - self._since
        self.longest = max(self.longest, held)
        self._best_reason = f"held for {held:.2f} s, expected {self.rule.held:.1f}"
        self.lifted = self.lifted or held >= self.rule.held

    @property
    def reason(self) -> str:
        """Why it does not count; empty when lifted."""
        return "" if self.lifted else self._best_reason


def read_pairs(model: mujoco.MjModel, data: mujoco.MjData) -> list[tuple[str, str, str, str]]:
    """(geom, body, geom, body) of the present contacts that carry force."""
    pairs = []
    force = np.zeros(6)
    for index in range(data.ncon):
        contact = data.contact[index]
        mujoco.mj_contactForce(model, data, index, force)
        if force[0] <= 1e-6:
            continue
        pair: list[str] = []
        for geom in (int(contact.geom1), int(contact.geom2)):
            pair += [model.geom(geom).name, model.body(int(model.geom_bodyid[geom])).name]
        pairs.append((pair[0], pair[1], pair[2], pair[3]))
    return pairs


def pad_names(names: RobotNames) -> frozenset[str]:
    """Names of the geoms of the two finger pads."""
    return hand_of(names.gripper).pads(names.record)
