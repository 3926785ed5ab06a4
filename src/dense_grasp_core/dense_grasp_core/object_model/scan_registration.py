"""How two scans of one object lie to each other, by their own matches: no board, no pose of the table is asked.

The object of the first scan is looked for in single pictures of the second. In all of them it stands in one place, so
all that are right give the same motion between the scans' frames; those that are wrong agree with nothing. The
surfaces, as far as both scans have them, then settle the motion they agree on (`surface_alignment`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.geometry.se3 import inverse, rotation_angle, transform
from dense_grasp_core.object_model.coverage import directions_of
from dense_grasp_core.object_model.find import Acceptance
from dense_grasp_core.object_model.fused_surface import Surface, seen_through
from dense_grasp_core.object_model.pose import PoseFinder
from dense_grasp_core.object_model.scan import ScanError, ScanView
from dense_grasp_core.object_model.surface_alignment import aligned

Array = NDArray[np.float64]
_SURELY = (float(np.radians(0.4)), 0.0005)  # rad and m: no better does a consensus of few pictures know


class RegistrationError(ScanError):
    """Two scans that cannot be joined."""


@dataclass(frozen=True)
class RegistrationSettings:
    """most_pictures: that are looked at. agreeing: of them must give the same motion, and weigh so much together (their
    squared scores): two that explain their pictures well are enough, two that just count as found are not. enough:
    after so many no more is looked at. turn (rad), place (of the object's radius): how far two motions may lie apart
    and be the same. rival: weight of another motion, as a share of the best one's, from which on nobody knows which is
    right. residual (m): median distance of the common surface, at most; common: its share of the first scan's at least;
    contradicted: share of either surface that the other scan's pictures look through by more than `through` of its
    size, at most.
    """

    most_pictures: int = 12
    agreeing: int = 2
    weight: float = 0.5
    enough: int = 6
    turn: float = float(np.radians(8.0))
    place: float = 0.12
    rival: float = 0.3
    residual: float = 0.003
    common: float = 0.1
    contradicted: float = 0.1
    through: float = 0.05


@dataclass(frozen=True)
class Registration:
    """second_from_first (4, 4): from the first scan's frame to the second's. residual: m, median distance of the
    surface that both have; common: its share of the first scan's. agreeing: of `looked_at` pictures that gave it.
    """

    second_from_first: Array
    residual: float
    common: float
    agreeing: int
    looked_at: int

    def __str__(self) -> str:
        return (
            f"{self.agreeing} of {self.looked_at} pictures agree on how the scans lie to each other, residual "
            f"{1000 * self.residual:.1f} mm on the {self.common:.0%} of the surface that both have"
        )


@dataclass(frozen=True)
class _Vote:
    """A pose in one picture as a motion between the frames; accepted: it counts as found."""

    picture: int
    score: float
    accepted: bool
    second_from_first: Array


@dataclass(frozen=True)
class _Group:
    """Votes that say the same, one a picture. weight: sum of their squared scores."""

    votes: list[_Vote] = field(default_factory=list)

    @property
    def weight(self) -> float:
        return sum(vote.score**2 for vote in self.votes)

    @property
    def agreeing(self) -> int:
        return sum(vote.accepted for vote in self.votes)


def register(
    finder: PoseFinder,
    first: tuple[Sequence[ScanView], Surface],
    second: tuple[Sequence[ScanView], Surface],
    settings: RegistrationSettings | None = None,
    accepts: Acceptance | None = None,
    on_picture: Callable[[int, int], None] = lambda done, most: None,
) -> Registration:
    """The motion between two scans of one object, views and surface each. finder: of the first scan's bank.

    on_picture: told how many pictures of at most how many are looked at; what it raises ends the search. Raises
    RegistrationError where the pictures agree on nothing or on two motions, or the surfaces contradict them.
    """
    settings, accepts = settings or RegistrationSettings(), accepts or Acceptance()
    votes: list[_Vote] = []
    best, rival, looked_at = _Group(), _Group(), 0
    waiting, most = list(range(len(second[0]))), min(settings.most_pictures, len(second[0]))
    while looked_at < most:
        on_picture(looked_at, most)
        index = _next(finder, second[0], waiting, best)
        waiting.remove(index)
        view = second[0][index]
        votes += [
            _Vote(index, pose.score, accepts(pose), inverse(view.pose) @ pose.camera_from_object)
            for pose in finder(view.rgb, view.camera, view.depth)
        ]
        looked_at += 1
        best, rival = _groups(finder, votes, settings)
        if rival.weight < settings.rival * best.weight and _is_enough(best, index, settings):
            break
    _require_agreement(best, rival, looked_at, settings)
    mean, spread = _mean(best, finder.bank.centre)
    motion, residual, common = aligned(mean, spread, first[1], second[1])
    _require_fit(motion, residual, common, first, second, settings)
    return Registration(motion, residual, common, best.agreeing, looked_at)


def _is_enough(best: _Group, last: int, settings: RegistrationSettings) -> bool:
    """Enough pictures agree; or more than must, and the last one, though of all left the most likely, does not."""
    if best.agreeing <= settings.agreeing:
        return False
    return best.agreeing >= settings.enough or all(vote.picture != last for vote in best.votes)


def _next(finder: PoseFinder, views: Sequence[ScanView], waiting: list[int], best: _Group) -> int:
    """Where a motion is known, the picture that it says to look from nearest to where the first scan did, since there
    it is found, or refuted; else the one that looks from farthest away from those before.
    """
    if best.agreeing:
        motion = max(best.votes, key=lambda vote: vote.score).second_from_first
        poses = [views[index].pose @ motion for index in waiting]
        return waiting[int(np.argmin([_from_nearest(finder, pose) for pose in poses]))]
    towards = directions_of(views)
    asked = [index for index in range(len(views)) if index not in waiting]
    if not asked:
        return waiting[0]
    return waiting[int(np.argmin((towards[waiting] @ towards[asked].T).max(1)))]


def _from_nearest(finder: PoseFinder, camera_from_object: Array) -> float:
    """Radians between a look at the object and the nearest picture of its scan."""
    bank = finder.bank
    towards = transform(inverse(camera_from_object), np.zeros(3)) - bank.centre
    rows = bank.virtual_from_object[: bank.photographs, 2]
    return float(np.arccos(np.clip((rows @ -towards).max() / np.linalg.norm(towards), -1.0, 1.0)))


def _groups(finder: PoseFinder, votes: Sequence[_Vote], settings: RegistrationSettings) -> tuple[_Group, _Group]:
    """The votes that weigh most together, and those of another motion that weigh most, accepted or not."""
    centre, radius = finder.bank.centre, finder.bank.radius

    def apart(one: _Vote, other: _Vote) -> float:
        """1 and less: the same motion."""
        a, b = one.second_from_first, other.second_from_first
        shift = float(np.linalg.norm(transform(a, centre) - transform(b, centre)))
        return max(rotation_angle(inverse(a) @ b) / settings.turn, shift / (settings.place * radius))

    def group(seed: _Vote) -> _Group:
        near: dict[int, _Vote] = {}
        for vote in sorted(votes, key=lambda vote: -vote.score):
            if vote.picture not in near and apart(seed, vote) <= 1.0:
                near[vote.picture] = vote
        return _Group(list(near.values()))

    seeds = [vote for vote in votes if vote.accepted]
    if not seeds:
        return _Group(), _Group()
    groups = [(group(seed), seed) for seed in seeds]
    best, middle = max(groups, key=lambda pair: (pair[0].agreeing >= settings.agreeing, pair[0].weight))
    others = [group(vote) for vote in votes if apart(middle, vote) > 2.0]
    return best, max(others, key=lambda other: other.weight, default=_Group())


def _require_agreement(best: _Group, rival: _Group, looked_at: int, settings: RegistrationSettings) -> None:
    if best.agreeing < settings.agreeing or best.weight < settings.weight:
        raise RegistrationError(
            f"the scans do not fit together: {best.agreeing} of {looked_at} pictures of the second show the first "
            f"scan's object in one pose (weight {best.weight:.2f}), expected {settings.agreeing} or more of weight "
            f"{settings.weight} together. Is it the same object, and do both "
            "scans have a side with a pattern in common? Turn it by about 90 degrees"
        )
    if rival.weight >= settings.rival * best.weight:
        raise RegistrationError(
            f"the scans fit together in two ways, by {len(best.votes)} and {len(rival.votes)} of {looked_at} pictures: "
            "the object looks the same from several sides, expected a pattern that tells them apart"
        )


def _mean(group: _Group, centre: Array) -> tuple[Array, tuple[float, float]]:
    """The mean motion (4, 4) of votes by their scores, and its deviation: turn, rad, and place, m."""
    motions = np.array([vote.second_from_first for vote in group.votes])
    weights = np.array([vote.score**2 for vote in group.votes])
    left, _, right = np.linalg.svd(np.einsum("n,nij->ij", weights, motions[:, :3, :3]))
    left[:, 2] *= np.linalg.det(left) * np.linalg.det(right)
    places = motions[:, :3, :3] @ centre + motions[:, :3, 3]
    place = weights @ places / weights.sum()
    mean = np.eye(4)
    mean[:3, :3] = left @ right
    mean[:3, 3] = place - mean[:3, :3] @ centre
    turns = [rotation_angle(inverse(mean) @ motion) for motion in motions]
    shifts = np.linalg.norm(places - place, axis=1)
    count = np.sqrt(len(motions))
    turn, shift = (float(np.sqrt(np.mean(np.square(each)))) / count for each in (turns, shifts))
    return mean, (max(turn, _SURELY[0]), max(shift, _SURELY[1]))


def _require_fit(
    motion: Array,
    residual: float,
    common: float,
    first: tuple[Sequence[ScanView], Surface],
    second: tuple[Sequence[ScanView], Surface],
    settings: RegistrationSettings,
) -> None:
    if common < settings.common or not residual <= settings.residual:
        raise RegistrationError(
            f"the scans' surfaces do not fit together: {common:.0%} of the first is on the second, with a median "
            f"distance of {1000 * residual:.1f} mm, expected {settings.common:.0%} or more within "
            f"{1000 * settings.residual:.0f} mm. Is it the same object, and do both scans have a side in common?"
        )
    tolerance = settings.through * float(np.linalg.norm(np.ptp(first[1].points, axis=0)))
    there = seen_through(second[0], transform(motion, first[1].points[::5]), tolerance)
    back = seen_through(first[0], transform(inverse(motion), second[1].points[::5]), tolerance)
    share = max(float(there.mean()), float(back.mean()))
    if share > settings.contradicted:
        raise RegistrationError(
            f"the scans' surfaces contradict each other: the pictures of one look through {share:.0%} of the surface "
            f"of the other, expected at most {settings.contradicted:.0%}. Is it the same object, has it changed its "
            "shape, or was something else in the pictures?"
        )
