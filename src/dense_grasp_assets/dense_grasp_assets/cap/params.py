"""Parameters of the parametric baseball cap: what differs between two instances."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np
from dense_grasp_core.errors import DenseGraspError

TRAINING_SEEDS = range(0, 200)
VALIDATION_SEEDS = range(200, 300)
FIRST_UNSEEN_SEED = 1000

Colour = tuple[float, float, float]

SCHEMES = ("solid", "light_front", "alternate", "side_panels", "camouflage", "striped")
LOGOS = ("letters", "disc", "star", "shield", "bars", "diamond")


class CapError(DenseGraspError):
    """A cap cannot be made or written as asked."""


@dataclass(frozen=True)
class CapAppearance:
    """Colours (RGB, 0..1) and patterns of one cap."""

    scheme: str
    base: Colour
    accent: Colour
    brim: Colour
    under_brim: Colour
    inside: Colour
    sweatband: Colour
    tape: Colour
    thread: Colour
    strap: Colour
    logo: str
    logo_colours: tuple[Colour, Colour]
    logo_text: str
    logo_size_m: float
    side_logo_colour: Colour
    stitch_rows: int
    weave: float


@dataclass(frozen=True)
class CapParams:
    """Shape and appearance of one cap; lengths in metres, angles in radians, mass in kilograms.

    Object frame: origin at the centre of the rim ellipse, x forward (brim), y to the wearer's left, z up through
    the button. `dents` are soft deformations of the crown: (waves around, waves up, phase, amplitude in metres).
    """

    seed: int
    half_length: float
    half_width: float
    height: float
    thickness: float
    front_exponent: float
    back_exponent: float
    brim_length: float
    brim_half_angle: float
    brim_slope: float
    brim_curvature: float
    strap_height: float
    opening_half_angle: float
    opening_top: float
    sweatband_height: float
    button_radius: float
    button_height: float
    dents: tuple[tuple[int, int, float, float], ...]
    mass: float
    appearance: CapAppearance


def _hsv(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, min(max(saturation, 0.0), 1.0), min(max(value, 0.0), 1.0))
    return float(red), float(green), float(blue)


def _fabric_colour(rng: np.random.Generator) -> Colour:
    kind = rng.choice(["vivid", "dark", "pastel", "neutral"], p=[0.45, 0.25, 0.12, 0.18])
    hue = rng.uniform()
    if kind == "vivid":
        return _hsv(hue, rng.uniform(0.55, 0.95), rng.uniform(0.35, 0.85))
    if kind == "dark":
        return _hsv(hue, rng.uniform(0.3, 0.8), rng.uniform(0.12, 0.3))
    if kind == "pastel":
        return _hsv(hue, rng.uniform(0.15, 0.4), rng.uniform(0.7, 0.9))
    return _hsv(hue, rng.uniform(0.0, 0.12), rng.uniform(0.1, 0.88))


def _luminance(colour: Colour) -> float:
    return 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]


def _contrasting(rng: np.random.Generator, *others: Colour) -> Colour:
    """Return a fabric colour whose luminance or hue stands off from every colour in `others`."""
    best, best_distance = others[0], -1.0
    for _ in range(12):
        colour = _fabric_colour(rng)
        distance = min(float(np.linalg.norm(np.subtract(colour, other))) for other in others)
        if distance > best_distance:
            best, best_distance = colour, distance
        if distance > 0.5:
            break
    return best


def _make_appearance(rng: np.random.Generator) -> CapAppearance:
    scheme = str(rng.choice(SCHEMES, p=[0.28, 0.2, 0.14, 0.14, 0.1, 0.14]))
    base = _fabric_colour(rng)
    accent = _contrasting(rng, base)
    if scheme == "light_front":
        accent = _hsv(rng.uniform(), rng.uniform(0.0, 0.12), rng.uniform(0.78, 0.95))
    brim = base if rng.uniform() < 0.55 else accent if rng.uniform() < 0.6 else _fabric_colour(rng)
    front = accent if scheme == "light_front" else base
    first = _contrasting(rng, front)
    dark = _luminance(base) < 0.3
    thread = _contrasting(rng, base) if rng.uniform() < 0.4 else _hsv(0.1, 0.05, 0.75 if dark else 0.2)
    inside = tuple(float(min(1.0, 0.85 * c + 0.06)) for c in base)
    sweatband = _hsv(rng.uniform(), rng.uniform(0.0, 0.15), float(rng.choice([0.12, 0.3, 0.75, 0.9])))
    if rng.uniform() < 0.4:
        sweatband = tuple(float(0.8 * c) for c in base)  # type: ignore[assignment]
    under = [_hsv(0.33, 0.5, 0.35), _hsv(0.0, 0.0, 0.45), brim, accent, _fabric_colour(rng)]
    letters = "ABCDEGHKMNPRSTWXYZ23456789"
    text = "".join(letters[i] for i in rng.integers(0, len(letters), size=int(rng.integers(1, 4))))
    return CapAppearance(
        scheme=scheme,
        base=base,
        accent=accent,
        brim=brim,
        under_brim=under[int(rng.integers(len(under)))],
        inside=inside,  # type: ignore[arg-type]
        sweatband=sweatband,
        tape=_contrasting(rng, inside, sweatband),  # type: ignore[arg-type]
        thread=thread,
        strap=base if rng.uniform() < 0.5 else _contrasting(rng, base),
        logo=str(rng.choice(LOGOS)),
        logo_colours=(first, _contrasting(rng, first)),
        logo_text=text,
        logo_size_m=float(rng.uniform(0.040, 0.062)),
        side_logo_colour=_contrasting(rng, base, accent),
        stitch_rows=int(rng.integers(4, 9)),
        weave=float(rng.uniform(0.02, 0.06)),
    )


def make_cap_params(seed: int) -> CapParams:
    """Draw one cap: size within ±8 %, own shape, colours, panels and logo; the same seed gives the same cap.

    Seeds 0..199 are for training, 200..299 for validation, from 1000 on for caps that no network has seen.
    Raises CapError for a negative seed.
    """
    if seed < 0:
        raise CapError(f"cap seed is {seed}, expected 0 or larger")
    rng = np.random.default_rng([0xCA9, seed])
    size = rng.uniform(0.92, 1.08)

    def varied(nominal: float, spread: float) -> float:
        return float(nominal * rng.uniform(1.0 - spread, 1.0 + spread))

    dents = tuple(
        (
            int(rng.integers(1, 5)),
            int(rng.integers(1, 4)),
            float(rng.uniform(0, 2 * np.pi)),
            varied(0.0009, 0.8),
        )
        for _ in range(4)
    )
    return CapParams(
        seed=seed,
        half_length=size * varied(0.098, 0.015),
        half_width=size * varied(0.080, 0.02),
        height=size * varied(0.115, 0.03),
        thickness=0.0025,
        front_exponent=float(rng.uniform(2.35, 2.9)),
        back_exponent=float(rng.uniform(2.0, 2.3)),
        brim_length=size * varied(0.068, 0.06),
        brim_half_angle=varied(1.05, 0.05),
        brim_slope=float(rng.uniform(0.05, 0.28)),
        brim_curvature=float(rng.uniform(0.4, 4.6)),
        strap_height=float(rng.uniform(0.022, 0.025)),
        opening_half_angle=float(rng.uniform(0.40, 0.50)),
        opening_top=float(rng.uniform(0.40, 0.48)),
        sweatband_height=float(rng.uniform(0.029, 0.034)),
        button_radius=varied(0.0075, 0.1),
        button_height=varied(0.0045, 0.15),
        dents=dents,
        mass=varied(0.080, 0.05) * size**2,
        appearance=_make_appearance(rng),
    )
