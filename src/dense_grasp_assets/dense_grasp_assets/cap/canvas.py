"""Drawing operations for the cap's procedural textures: canvas in part coordinates, fabric, logo, label."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dense_grasp_assets.cap.params import CapAppearance, Colour

Image = NDArray[np.float32]
Field = NDArray[np.floating]

MARGIN_PX = 2
"""Texels around a part's rectangle that repeat its edge, so that filtering never reads a neighbour."""

SOFTNESS_M = 0.0006
"""m over which the opacity of a line falls to 0."""


class Canvas:
    """One part's rectangle with the coordinates of its texels and the drawing operations that the painters share.

    u and x_m are (1, W), v and y_m (H, 1): what depends on one of them alone is worked out once a row or column. A
    field is of either shape or (H, W).
    """

    def __init__(self, shape: tuple[int, int], around_m: float, up_m: float, background: Colour) -> None:
        height, width = shape
        span_u, span_v = width - 2 * MARGIN_PX, height - 2 * MARGIN_PX
        u = np.clip((np.arange(width) + 0.5 - MARGIN_PX) / span_u, 0.0, 1.0).astype(np.float32)
        v = np.clip((np.arange(height) + 0.5 - MARGIN_PX) / span_v, 0.0, 1.0).astype(np.float32)
        self.shape, self.u, self.v = shape, u[None, :], v[:, None]
        self.around_m, self.up_m = around_m, up_m
        self.x_m: Field = self.u * np.float32(around_m)
        self.y_m: Field = self.v * np.float32(up_m)
        self.rgb: Image = np.empty((height, width, 3), np.float32)
        self.rgb[:] = background

    def blend(self, colour: Colour, alpha: Field) -> None:
        """Lay `colour` over the picture with opacity `alpha` in 0..1."""
        alpha = np.broadcast_to(alpha, self.shape)
        band = _span(np.asarray(alpha.any(axis=1)))  # most of what is laid over it covers few rows
        self.rgb[band] += alpha[band, :, None] * (np.asarray(colour, np.float32) - self.rgb[band])

    def shade(self, factor: Field | float) -> None:
        """Multiply the picture by `factor`."""
        self.rgb *= factor[..., None] if isinstance(factor, np.ndarray) else np.float32(factor)

    def line(self, distance_m: Field, width_m: float, softness_m: float = SOFTNESS_M) -> Field:
        """Return the opacity of a line of `width_m` around the zero set of `distance_m`."""
        return np.clip((width_m / 2 + softness_m - np.abs(distance_m)) / softness_m, 0.0, 1.0).astype(np.float32)

    def dashes(self, along_m: Field, period_m: float = 0.0045, share: float = 0.62) -> Field:
        """Return a dash pattern along a coordinate."""
        return ((along_m / period_m) % 1.0 < share).astype(np.float32)

    def ring(self, u: float, v: float, radius_m: float, width_m: float, around_m: float | None = None) -> Field:
        """Return the opacity of a circle line (or a disc when `width_m` is 2·radius) around (u, v)."""
        up = (self.v - v) * self.up_m
        band = _span(np.abs(up[:, 0]) <= radius_m + width_m / 2 + SOFTNESS_M)
        du = (self.u - u + 0.5) % 1.0 - 0.5
        opacity = np.zeros(self.shape, np.float32)
        opacity[band] = self.line(np.hypot(du * (around_m or self.around_m), up[band]) - radius_m, width_m)
        return opacity

    def stamp(
        self,
        picture: Image,
        alpha: Field,
        u: float,
        v: float,
        size_m: tuple[float, float],
        around_m: float | None = None,
        flip_v: bool = True,
        flip_u: bool = False,
    ) -> None:
        """Lay a picture (h, w, 3) with its opacity over the rectangle of `size_m` centred at (u, v); u wraps.

        The picture's top points to larger v with `flip_v`; its left lies at smaller u unless `flip_u`.
        """
        du = ((self.u - u + 0.5) % 1.0 - 0.5) * (around_m or self.around_m) / size_m[0] + 0.5
        dv = (self.v - v) * self.up_m / size_m[1] + 0.5
        covered = ((dv >= 0) & (dv <= 1))[:, 0]
        if not covered.any():
            return
        band = _span(covered)
        x, y = np.broadcast_arrays(du, dv[band])
        x, y = (1.0 - x if flip_u else x), (1.0 - y if flip_v else y)
        map_x = (x * picture.shape[1] - 0.5).astype(np.float32)
        map_y = (y * picture.shape[0] - 0.5).astype(np.float32)
        inside = ((x > 0) & (x < 1) & (y > 0) & (y < 1)).astype(np.float32)
        cover = (
            cv2.remap(
                np.ascontiguousarray(alpha, np.float32),
                map_x,
                map_y,
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )
            * inside
        )
        colour = cv2.remap(
            np.ascontiguousarray(picture, np.float32),
            map_x,
            map_y,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        self.rgb[band] += cover[..., None] * (colour - self.rgb[band])


def _span(rows: NDArray[np.bool_]) -> slice:
    """From the first to the last of the rows (H,); empty where there is none."""
    found = np.flatnonzero(rows)
    return slice(int(found[0]), int(found[-1]) + 1) if len(found) else slice(0)


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int]) -> Field:
    """Return soft noise (H, W) of about zero mean and unit range that repeats from the right edge to the left."""
    grid = rng.uniform(-1.0, 1.0, (cells[0] + 1, cells[1])).astype(np.float32)
    grid = np.concatenate([grid, grid[:, :1]], axis=1)
    return np.asarray(cv2.resize(grid, shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def weave_fabric(canvas: Canvas, rng: np.random.Generator, weave: float) -> None:
    """Modulate the picture by twill, thread noise and wear."""
    shape = canvas.shape
    twill = np.sin((canvas.x_m + canvas.y_m) * np.float32(2 * np.pi / 0.0028))
    grain = rng.standard_normal(shape, dtype=np.float32)
    wear = smooth_noise(rng, shape, (5, 14))
    canvas.shade((1.0 + weave * (0.7 * twill + 0.8 * grain) + 0.05 * wear).astype(np.float32))


def text_picture(text: str, ink: Colour, outline: Colour | None, thickness: int = 14) -> tuple[Image, Field]:
    font = cv2.FONT_HERSHEY_DUPLEX
    (width, height), base = cv2.getTextSize(text, font, 4.0, thickness)
    alpha = np.zeros((height + base + 60, width + 60), np.uint8)
    edge = alpha.copy()
    origin = (30, height + 30)
    cv2.putText(edge, text, origin, font, 4.0, 255, thickness + 22, cv2.LINE_AA)
    cv2.putText(alpha, text, origin, font, 4.0, 255, thickness, cv2.LINE_AA)
    inner = alpha.astype(np.float32)[..., None] / 255.0
    picture = inner * np.asarray(ink, np.float32) + (1 - inner) * np.asarray(outline or ink, np.float32)
    return picture.astype(np.float32), (edge if outline else alpha).astype(np.float32) / 255.0


def _polygon_star(points: int, inner: float) -> NDArray[np.float64]:
    angle = np.pi / 2 + np.arange(2 * points) * np.pi / points
    radius = np.where(np.arange(2 * points) % 2 == 0, 1.0, inner)
    return np.stack([radius * np.cos(angle), -radius * np.sin(angle)], axis=1)


def logo_picture(look: CapAppearance) -> tuple[Image, Field]:
    """Draw the front logo; returns colour (h, w, 3) and opacity (h, w), its top in row 0."""
    first, second = look.logo_colours
    if look.logo == "letters":
        return text_picture(look.logo_text, first, second, thickness=22)
    size = 256
    alpha = np.zeros((size, size), np.uint8)
    mark = np.zeros((size, size), np.uint8)
    centre, reach = size / 2, size * 0.46
    shapes = {
        "star": _polygon_star(5, 0.42),
        "shield": np.array([[-0.8, -0.95], [0.8, -0.95], [0.8, 0.1], [0.45, 0.65], [0, 1], [-0.45, 0.65], [-0.8, 0.1]]),
        "diamond": np.array([[0, -1], [0.9, 0], [0, 1], [-0.9, 0]]),
    }
    if look.logo == "disc":
        cv2.circle(alpha, (size // 2, size // 2), int(reach), 255, -1, cv2.LINE_AA)
    elif look.logo == "bars":
        for row in range(3):
            top = int(size * (0.1 + 0.3 * row))
            cv2.rectangle(alpha, (10 + 30 * row, top), (size - 10, top + int(size * 0.18)), 255, -1)
    else:
        outline = (shapes[look.logo] * reach + centre).astype(np.int32)
        cv2.fillPoly(alpha, [outline], 255, cv2.LINE_AA)
    (width, height), _ = cv2.getTextSize(look.logo_text[:2], cv2.FONT_HERSHEY_DUPLEX, 2.6, 12)
    cv2.putText(
        mark,
        look.logo_text[:2],
        (int(centre - width / 2), int(centre + height / 2)),
        cv2.FONT_HERSHEY_DUPLEX,
        2.6,
        255,
        12,
        cv2.LINE_AA,
    )
    blend = mark.astype(np.float32)[..., None] / 255.0
    picture = (1 - blend) * np.asarray(first, np.float32) + blend * np.asarray(second, np.float32)
    return picture.astype(np.float32), alpha.astype(np.float32) / 255.0


def label_picture(background: Colour, ink: Colour, text: str, lines: int) -> tuple[Image, Field]:
    """Draw a sewn-in label: a heading above lines of small print; colour (h, w, 3) and full opacity (h, w)."""
    height, width = 160, 240
    mask = np.zeros((height, width), np.uint8)
    cv2.putText(mask, text, (14, 62), cv2.FONT_HERSHEY_DUPLEX, 1.8, 255, 5, cv2.LINE_AA)
    for row in range(lines):
        y = 88 + row * 22
        cv2.line(mask, (14, y), (226 - 37 * ((row * 7 + len(text)) % 4), y), 255, 6)
    cv2.rectangle(mask, (4, 4), (width - 5, height - 5), 255, 2)
    cover = mask.astype(np.float32)[..., None] / 255.0
    picture = (1 - cover) * np.asarray(background, np.float32) + cover * np.asarray(ink, np.float32)
    return picture.astype(np.float32), np.ones((height, width), np.float32)
