"""What is around and beside a cap: table, light, and things that are none, drawn by a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from numpy.typing import NDArray

from dense_grasp_sim.world.placement import Workspace
from dense_grasp_sim.world.textures import TABLES, table_picture, wood

KINDS = ("carton", "book", "can", "ball", "mug", "bowl", "plate")
RGB = tuple[float, float, float]
MOST_THINGS = 4
GAP = 0.02  # m between the circles around two things


class SurroundingsError(DenseGraspError):
    """A seed that draws nothing."""


@dataclass(frozen=True)
class Light:
    """A lamp at infinity. direction: where its light goes; colours 0..1; ambient: light from everywhere."""

    direction: tuple[float, float, float] = (0.2, 0.35, -1.0)
    diffuse: RGB = (0.50, 0.50, 0.48)
    ambient: RGB = (0.38, 0.38, 0.38)


@dataclass(frozen=True)
class Thing:
    """Something that stands on the table and is no cap: `radius` and `height` (m) enclose it, yaw in rad."""

    kind: str
    x: float
    y: float
    yaw: float
    radius: float
    height: float
    colour: RGB
    second_colour: RGB


@dataclass(frozen=True)
class Surroundings:
    """table: (N, N, 3) uint8 picture of the table's top; `words` say what there is."""

    table: NDArray[np.uint8]
    light: Light
    things: tuple[Thing, ...]
    words: str


def configured(table_seed: int) -> Surroundings:
    """The cell as config/sim.yaml has it: a wooden table with nothing on it."""
    return Surroundings(wood(table_seed), Light(), (), "wood")


def draw_surroundings(
    seed: int, area: Workspace | None = None, keep_clear: tuple[float, float, float] | None = None
) -> Surroundings:
    """Another table in another light; for an odd seed there are things on it.

    Every second one, so that a list of consecutive seeds holds as many bare tables as tables with things.
    keep_clear: x, y, radius (m) of a circle that none of them reaches into. Raises SurroundingsError for a negative
    seed.
    """
    if seed < 0:
        raise SurroundingsError(f"the seed of the table is {seed}, expected 0 or larger")
    rng = np.random.default_rng([0x7AB1E, seed])
    style = TABLES[int(rng.integers(len(TABLES)))]
    table = table_picture(style, seed)
    light = _light(rng)
    things = _things(rng, area or Workspace(), keep_clear) if seed % 2 else ()
    return Surroundings(table, light, things, ", ".join([style, *(thing.kind for thing in things)]))


def _light(rng: np.random.Generator) -> Light:
    turn, lean = rng.uniform(-np.pi, np.pi), rng.uniform(0.1, 0.9)
    warmth = rng.uniform(-0.08, 0.08)
    strength, ambient = rng.uniform(0.30, 0.65), rng.uniform(0.26, 0.48)
    colour = (strength * (1 + warmth), strength, strength * (1 - warmth))
    direction = (lean * np.cos(turn), lean * np.sin(turn), -1.0)
    return Light(_triple(direction), _triple(colour), (ambient,) * 3)


def _things(
    rng: np.random.Generator, area: Workspace, keep_clear: tuple[float, float, float] | None
) -> tuple[Thing, ...]:
    wanted = int(rng.integers(2, MOST_THINGS + 1))
    things: list[Thing] = []
    for _ in range(200):
        thing = _thing(rng, area)
        apart = [np.hypot(thing.x - o.x, thing.y - o.y) - thing.radius - o.radius for o in things]
        if keep_clear is not None:
            x, y, radius = keep_clear
            apart.append(np.hypot(thing.x - x, thing.y - y) - thing.radius - radius + GAP)
        if all(distance > GAP for distance in apart):
            things.append(thing)
        if len(things) == wanted:
            break
    return tuple(things)


def _thing(rng: np.random.Generator, area: Workspace) -> Thing:
    kind = KINDS[int(rng.integers(len(KINDS)))]
    (least, most), (low, high) = {
        "carton": ((0.06, 0.11), (0.04, 0.12)),
        "book": ((0.10, 0.13), (0.015, 0.04)),
        "can": ((0.03, 0.04), (0.09, 0.13)),
        "ball": ((0.03, 0.06), (0.0, 0.0)),
        "mug": ((0.038, 0.048), (0.08, 0.11)),
        "bowl": ((0.06, 0.10), (0.045, 0.075)),
        "plate": ((0.09, 0.12), (0.015, 0.025)),
    }[kind]
    radius = rng.uniform(least, most)
    height = 2 * radius if kind == "ball" else rng.uniform(low, high)
    return Thing(
        kind,
        float(rng.uniform(*area.x)),
        float(rng.uniform(*area.y)),
        float(rng.uniform(-np.pi, np.pi)),
        float(radius),
        float(height),
        _triple(rng.uniform(0.1, 0.95, 3)),
        _triple(rng.uniform(0.1, 0.95, 3)),
    )


def lathe(profile: NDArray[np.float64], segments: int = 48) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Vertices (V, 3) and faces (F, 3), outside anticlockwise, of the closed profile (N, 2) of r, z turned about z.

    The profile runs around the wall's cross section so that its inside is to the left.
    """
    angles = 2 * np.pi * np.arange(segments) / segments
    rings = [np.stack([r * np.cos(angles), r * np.sin(angles), np.full(segments, z)], axis=1) for r, z in profile]
    vertices = np.concatenate(rings)
    faces = []
    count = len(profile)
    for i in range(count):
        a, b = i * segments, ((i + 1) % count) * segments
        for k in range(segments):
            n = (k + 1) % segments
            faces += [(a + k, a + n, b + n), (a + k, b + n, b + k)]
    return vertices, np.array(faces)


def vessel_profile(thing: Thing, wall: float = 0.004) -> NDArray[np.float64]:
    """(N, 2) r, z of the wall of a mug, bowl or plate that stands at z = 0, in m."""
    r, h = thing.radius, thing.height
    foot = {"mug": 1.0, "bowl": 0.45, "plate": 0.6}[thing.kind]
    bulge = {"mug": 1.0, "bowl": 0.9, "plate": 0.75}[thing.kind]
    axis = 1e-4  # a lathe has no point on its axis
    outside = [(axis, 0.0), (foot * r, 0.0), (bulge * r, 0.5 * h), (r, h)]
    inside = [(r - wall, h), (bulge * r - wall, 0.5 * h + 0.3 * wall), (foot * r - wall, wall), (axis, wall)]
    return np.array(outside + inside)


def _triple(values: object) -> RGB:
    x, y, z = (float(value) for value in values)  # type: ignore[attr-defined]
    return x, y, z
