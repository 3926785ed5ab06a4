"""The kinds of solids, by name; size, proportions and print are drawn from a seed.

A hand takes those of KINDS; those of SUPPORTS are too wide for it, and others are put on them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dense_grasp_assets.solids.printing import Picture, palette, plain, print_panel
from dense_grasp_assets.solids.solid import Piece, Solid, SolidError, about
from dense_grasp_assets.solids.surface import Patch, box_patches, disc, joined, tube, turned

Floats = NDArray[np.float64]
_UPRIGHT = np.array([1.0, 0.0, 0.0, 0.0])
_SIDES = 20  # boxes around a mug's wall
_WALL = 0.004
_FIRST_SUPPORT = 100  # number that a support's seed goes with, so that a new kind changes none of them
_CHORD = 0.7  # of a lying can's diameter: pinched above its middle, friction holds it down to an angle of 45 degrees


def make_solid(kind: str, seed: int) -> Solid:
    """One of KINDS or SUPPORTS. Raises SolidError for an unknown kind and a negative seed."""
    known = {**KINDS, **SUPPORTS}
    if kind not in known:
        raise SolidError(f"kind of solid is {kind!r}, expected one of {', '.join(known)}")
    if seed < 0:
        raise SolidError(f"seed of the {kind} is {seed}, expected 0 or larger")
    number = list(KINDS).index(kind) if kind in KINDS else _FIRST_SUPPORT + list(SUPPORTS).index(kind)
    return known[kind](kind, seed, np.random.default_rng([0x50F1D, number, seed]))


def _solid(
    kind: str,
    seed: int,
    patches: list[Patch],
    pieces: list[Piece],
    rests: tuple[Floats, ...],
    contact: Floats,
    thinnest: float,
    mass: float,
    same: tuple[Floats, ...] = (np.eye(3),),
) -> Solid:
    surface = joined(patches)
    return Solid(
        kind,
        seed,
        surface.vertices,
        surface.faces,
        surface.normals,
        surface.uv,
        surface.texture,
        tuple(pieces),
        rests,
        contact,
        thinnest,
        mass,
        same,
    )


def _box(kind: str, seed: int, rng: np.random.Generator, printed: bool) -> Solid:
    """Stands on its end; lies on its back or its front. Contact: in the middle of the front."""
    half = 0.5 * np.array([rng.uniform(0.030, 0.038), rng.uniform(0.054, 0.064), rng.uniform(0.095, 0.115)])
    colours = palette(rng)
    pictures = [print_panel(rng, colours) if printed else plain(colours[0]) for _ in range(6)]
    rests = (np.eye(3), about("y", -0.5 * np.pi), about("y", 0.5 * np.pi))
    piece = Piece("box", tuple(half.tolist()), np.zeros(3), _UPRIGHT)
    contact = np.array([half[0], 0.0, 0.0])
    return _solid(
        kind,
        seed,
        box_patches(half, np.zeros(3), pictures),
        [piece],
        rests,
        contact,
        2.0 * float(half[0]),
        rng.uniform(0.10, 0.18),
        (np.eye(3),) if printed else (np.eye(3), *(about(axis, np.pi) for axis in "xyz")),
    )


def _can(kind: str, seed: int, rng: np.random.Generator, printed: bool) -> Solid:
    """Stands; lies with each quarter of its side up. Contact: half-way up its side."""
    radius, half = rng.uniform(0.028, 0.032), 0.5 * rng.uniform(0.09, 0.11)
    colours = palette(rng)

    def picture(repeats: int) -> Picture:
        return print_panel(rng, colours, repeats) if printed else plain(colours[0])

    side = Patch(turned(np.array([[radius, -half], [radius, half]])), picture(3))
    patches = [side, disc(radius, half, True, picture(1)), disc(radius, -half, False, picture(1))]
    lying = tuple(about("y", 0.5 * np.pi) @ about("z", turn * 0.5 * np.pi) for turn in range(4))
    piece = Piece("cylinder", (float(radius), float(half)), np.zeros(3), _UPRIGHT)
    around = [about("z", np.radians(degrees)) for degrees in range(0, 360, 3)]
    same = (np.eye(3),) if printed else (*around, *(turn @ about("x", np.pi) for turn in around))
    return _solid(
        kind,
        seed,
        patches,
        [piece],
        (np.eye(3), *lying),
        np.array([radius, 0.0, 0.0]),
        2.0 * float(radius) * _CHORD,
        rng.uniform(0.12, 0.20),
        same,
    )


def _mug(kind: str, seed: int, rng: np.random.Generator) -> Solid:
    """Stands. Contact: on the rim, across from the handle."""
    radius, half = rng.uniform(0.036, 0.040), 0.5 * rng.uniform(0.08, 0.095)
    inner = radius - _WALL
    colours = palette(rng)
    bare = plain(colours[1])
    bow = np.linspace(-0.5 * np.pi, 0.5 * np.pi, 17)
    reach, rise, bar = 0.024, 0.55 * half, 0.0045
    path = np.stack([radius - 0.002 + reach * np.cos(bow), np.zeros(17), rise * np.sin(bow)], axis=1)
    patches = [
        Patch(turned(np.array([[radius, -half], [radius, half]])), print_panel(rng, colours, 3)),
        Patch(turned(np.array([[radius, half], [inner, half]])), bare, np.array([0.0, 0.0, 1.0])),
        Patch(turned(np.array([[inner, half], [inner, -half + _WALL]])), bare),
        disc(inner, -half + _WALL, True, print_panel(rng, colours)),
        disc(radius, -half, False, bare),
        tube(path, bar, plain(colours[2])),
    ]
    # The wall stands on the bottom: down to the table, each of its boxes would touch that at four points more.
    pieces = [Piece("cylinder", (float(radius), 0.5 * _WALL), np.array([0.0, 0.0, -half + 0.5 * _WALL]), _UPRIGHT)]
    wall = float(half) - 0.5 * _WALL
    width = float(radius * np.tan(np.pi / _SIDES))
    for number in range(_SIDES):
        turn = 2.0 * np.pi * number / _SIDES
        middle = np.array([*((radius - 0.5 * _WALL) * np.array([np.cos(turn), np.sin(turn)])), 0.5 * _WALL])
        quaternion = np.array([np.cos(0.5 * turn), 0.0, 0.0, np.sin(0.5 * turn)])
        pieces.append(Piece("box", (0.5 * _WALL, width, wall), middle, quaternion))
    for one, other in zip(path[:-1:2], path[2::2], strict=True):
        pieces.append(_bar(one, other, bar))
    contact = np.array([-radius + 0.5 * _WALL, 0.0, half])
    return _solid(kind, seed, patches, pieces, (np.eye(3),), contact, _WALL, rng.uniform(0.16, 0.24))


def _bar(one: Floats, other: Floats, radius: float) -> Piece:
    """A capsule between two points of the plane y = 0."""
    along = other - one
    turn = float(np.arctan2(along[0], along[2]))  # about y, of z onto the bar
    quaternion = np.array([np.cos(0.5 * turn), 0.0, np.sin(0.5 * turn), 0.0])
    return Piece("capsule", (radius, 0.5 * float(np.linalg.norm(along))), 0.5 * (one + other), quaternion)


def _hammer(kind: str, seed: int, rng: np.random.Generator) -> Solid:
    """A square handle with a block of the same height at its end. Lies flat. Contact: on the handle."""
    height = rng.uniform(0.024, 0.030)
    handle = 0.5 * np.array([rng.uniform(0.11, 0.13), rng.uniform(0.024, 0.028), height])
    head = 0.5 * np.array([rng.uniform(0.028, 0.034), rng.uniform(0.07, 0.085), height])
    reach = 0.5 * (2.0 * handle[0] + 2.0 * head[0])
    at_handle, at_head = np.array([handle[0] - reach, 0.0, 0.0]), np.array([reach - head[0], 0.0, 0.0])
    colours = palette(rng)
    patches = [
        *box_patches(handle, at_handle, [print_panel(rng, colours) for _ in range(6)]),
        *box_patches(head, at_head, [print_panel(rng, colours[::-1]) for _ in range(6)]),
    ]
    pieces = [
        Piece("box", tuple(handle.tolist()), at_handle, _UPRIGHT),
        Piece("box", tuple(head.tolist()), at_head, _UPRIGHT),
    ]
    contact = at_handle + np.array([0.25, 0.0, 1.0]) * handle
    thinnest = 2.0 * float(min(handle[1], handle[2]))
    return _solid(kind, seed, patches, pieces, (np.eye(3),), contact, thinnest, rng.uniform(0.10, 0.16))


def _carton(kind: str, seed: int, rng: np.random.Generator) -> Solid:
    """A flat box, wider than a hand. Contact: in the middle of its top."""
    half = 0.5 * np.array([rng.uniform(0.16, 0.18), rng.uniform(0.12, 0.14), rng.uniform(0.05, 0.06)])
    colours = palette(rng)
    patches = box_patches(half, np.zeros(3), [print_panel(rng, colours) for _ in range(6)])
    piece = Piece("box", tuple(half.tolist()), np.zeros(3), _UPRIGHT)
    top, narrow = np.array([0.0, 0.0, half[2]]), 2.0 * float(half[1])
    return _solid(kind, seed, patches, [piece], (np.eye(3),), top, narrow, rng.uniform(0.4, 0.6))


def _printed_box(kind: str, seed: int, rng: np.random.Generator) -> Solid:
    return _box(kind, seed, rng, printed=True)


def _plain_box(kind: str, seed: int, rng: np.random.Generator) -> Solid:
    return _box(kind, seed, rng, printed=False)


def _printed_can(kind: str, seed: int, rng: np.random.Generator) -> Solid:
    return _can(kind, seed, rng, printed=True)


def _plain_can(kind: str, seed: int, rng: np.random.Generator) -> Solid:
    return _can(kind, seed, rng, printed=False)


KINDS: dict[str, Callable[[str, int, np.random.Generator], Solid]] = {
    "printed_box": _printed_box,
    "printed_can": _printed_can,
    "mug": _mug,
    "hammer": _hammer,
    "plain_box": _plain_box,
    "plain_can": _plain_can,
}

SUPPORTS: dict[str, Callable[[str, int, np.random.Generator], Solid]] = {"carton": _carton}
