"""What each part of the cap looks like: panels, seams, stitches, tape, labels, logo."""

from __future__ import annotations

import numpy as np

from dense_grasp_assets.cap.canvas import (
    Canvas,
    Field,
    Image,
    label_picture,
    logo_picture,
    smooth_noise,
    text_picture,
    weave_fabric,
)
from dense_grasp_assets.cap.params import CapParams, Colour

Shape = tuple[int, int]

# The wearer's left carries the care label, the side logo and the under-brim sticker on every cap, as real makers put
# theirs on one fixed side; that is what tells left from right.
_LEFT_LABEL_U = 0.19
_RIGHT_LABEL_U = 0.83
_SIDE_LOGO_U = 0.25
_REAR_LABEL_U = 0.5


def _circumference(params: CapParams) -> float:
    return float(2 * np.pi * np.hypot(params.half_length, params.half_width) / np.sqrt(2))


def _arc_length(params: CapParams) -> float:
    return float(1.6 * np.hypot((params.half_length + params.half_width) / 2, params.height) / np.sqrt(2))


def _ring_scale(v: Field) -> Field:
    """Circumference at crown height v relative to the rim's."""
    elevation = 0.5 * np.pi * v
    cosine, sine = np.cos(elevation), np.sin(elevation)
    return np.asarray(cosine * (np.abs(cosine) ** 2.3 + np.abs(sine) ** 2.3) ** (-1 / 2.3), np.float32)


def _to_seam(canvas: Canvas, scale: Field) -> Field:
    """Signed distance in metres to the nearest of the six seams."""
    return np.asarray(((canvas.u * 6 + 0.5) % 1.0 - 0.5) / 6 * canvas.around_m * scale, np.float32)


def _panel_index(canvas: Canvas) -> np.ndarray:
    return np.floor(canvas.u * 6).astype(int) % 6


def _mix(first: Colour, second: Colour, share: float) -> Colour:
    return tuple(float(a + share * (b - a)) for a, b in zip(first, second, strict=True))  # type: ignore[return-value]


def _panels(canvas: Canvas, params: CapParams, rng: np.random.Generator) -> None:
    look, panel = params.appearance, _panel_index(canvas)
    front = (panel == 0) | (panel == 5)
    if look.scheme == "light_front":
        canvas.blend(look.accent, front.astype(np.float32))
    elif look.scheme == "alternate":
        canvas.blend(look.accent, (panel % 2 == 1).astype(np.float32))
    elif look.scheme == "side_panels":
        canvas.blend(look.accent, ((panel == 1) | (panel == 4)).astype(np.float32))
    elif look.scheme == "camouflage":
        first = smooth_noise(rng, canvas.shape, (5, 12))
        second = smooth_noise(rng, canvas.shape, (7, 18))
        canvas.blend(_mix(look.base, look.accent, 0.5), (first > 0.15).astype(np.float32))
        canvas.blend(_mix(look.base, look.accent, 0.9), (second > 0.35).astype(np.float32))
    elif look.scheme == "striped":
        canvas.blend(look.accent, (np.abs(canvas.v - 0.16) < 0.035).astype(np.float32))
        canvas.blend(look.accent, (np.abs(canvas.v - 0.27) < 0.012).astype(np.float32))


def paint_crown(params: CapParams, shape: Shape, rng: np.random.Generator) -> Image:
    """Paint the outside of the dome: panels, seams with double stitches, eyelets, logo, side logo, rim binding."""
    look = params.appearance
    canvas = Canvas(shape, _circumference(params), _arc_length(params), look.base)
    scale = _ring_scale(canvas.v)
    _panels(canvas, params, rng)
    weave_fabric(canvas, rng, look.weave)
    seam = _to_seam(canvas, scale)
    canvas.shade(1.0 - 0.5 * canvas.line(seam, 0.0012, 0.001))
    canvas.blend(look.thread, canvas.line(np.abs(seam) - 0.0042, 0.0008) * canvas.dashes(canvas.y_m))
    for panel in range(6):
        # An eyelet sits in the middle of each panel, where the ring is shorter than at the rim.
        local = canvas.around_m * float(_ring_scale(np.array([0.66], np.float32))[0])
        u = (panel + 0.5) / 6
        canvas.blend(look.thread, canvas.ring(u, 0.66, 0.0032, 0.0026, local))
        canvas.blend((0.03, 0.03, 0.03), canvas.ring(u, 0.66, 0.0008, 0.0016, local))
    picture, alpha = logo_picture(look)
    ratio = picture.shape[1] / picture.shape[0]
    height = look.logo_size_m if ratio < 1.4 else look.logo_size_m * 1.4 / ratio
    local = canvas.around_m * float(_ring_scale(np.array([0.3], np.float32))[0])
    # Seen from outside, u grows to the viewer's right (counter-clockwise from above).
    canvas.stamp(picture, alpha, 0.0, 0.3, (height * ratio, height), local)
    side, side_alpha = text_picture(look.logo_text[0] + "/", look.side_logo_colour, None)
    canvas.stamp(side, side_alpha, _SIDE_LOGO_U, 0.2, (0.024, 0.022))
    canvas.blend(_mix(look.base, (0, 0, 0), 0.25), canvas.line(canvas.y_m, 0.006))
    canvas.blend(look.thread, canvas.line(canvas.y_m - 0.0062, 0.0008) * canvas.dashes(canvas.x_m))
    return canvas.rgb


def paint_inner_crown(params: CapParams, shape: Shape, rng: np.random.Generator) -> Image:
    """Paint the inside of the dome: stiffened light front panels, taped seams with print, eyelets, rear brand label."""
    look = params.appearance
    canvas = Canvas(shape, _circumference(params), _arc_length(params), look.inside)
    scale = _ring_scale(canvas.v)
    panel = _panel_index(canvas)
    front = ((panel == 0) | (panel == 5)).astype(np.float32)
    canvas.blend(_mix(look.inside, (0.88, 0.87, 0.82), 0.75), front)
    mesh = (np.sin(canvas.x_m * (2 * np.pi / 0.004)) * np.sin(canvas.y_m * (2 * np.pi / 0.004))).astype(np.float32)
    canvas.shade(1.0 + 0.10 * front * mesh)
    weave_fabric(canvas, rng, look.weave)
    seam = _to_seam(canvas, scale)
    tape = canvas.line(seam, 0.012)
    canvas.blend(look.tape, tape)
    print_mark = canvas.dashes(canvas.y_m, 0.016, 0.55) * canvas.line(np.abs(seam) - 0.0016, 0.0014)
    ink = (0.95, 0.95, 0.95) if sum(look.tape) < 1.5 else (0.08, 0.08, 0.08)
    canvas.blend(ink, print_mark)
    canvas.blend(look.thread, canvas.line(np.abs(seam) - 0.0055, 0.0007) * canvas.dashes(canvas.y_m))
    for index in range(6):
        local = canvas.around_m * float(_ring_scale(np.array([0.66], np.float32))[0])
        u = (index + 0.5) / 6
        canvas.blend(look.thread, canvas.ring(u, 0.66, 0.0032, 0.0026, local))
        canvas.blend((0.75, 0.75, 0.75), canvas.ring(u, 0.66, 0.0008, 0.0016, local))
    brand = label_picture((0.93, 0.93, 0.9), look.logo_colours[1], look.logo_text, 3)
    local = canvas.around_m * float(_ring_scale(np.array([0.58], np.float32))[0])
    # Seen from inside, u grows to the viewer's left.
    canvas.stamp(*brand, _REAR_LABEL_U, 0.6, (0.042, 0.030), local, flip_u=True)
    canvas.shade((1.0 - 0.22 * canvas.v**2).astype(np.float32))
    return canvas.rgb


def paint_sweatband(params: CapParams, shape: Shape, rng: np.random.Generator) -> Image:
    """Paint the ring inside the rim: stitches, care label on the left, size tag on the right, joint at the back."""
    look = params.appearance
    canvas = Canvas(shape, _circumference(params), params.sweatband_height, look.sweatband)
    weave_fabric(canvas, rng, look.weave * 1.2)
    dark = sum(look.sweatband) < 1.2
    thread: Colour = (0.85, 0.85, 0.83) if dark else (0.15, 0.15, 0.17)
    canvas.blend(thread, canvas.line(canvas.y_m - 0.004, 0.0009) * canvas.dashes(canvas.x_m))
    canvas.blend(
        thread,
        canvas.line(canvas.y_m - params.sweatband_height + 0.004, 0.0009) * canvas.dashes(canvas.x_m, 0.006),
    )
    canvas.shade(1.0 - 0.35 * canvas.line(canvas.y_m - params.sweatband_height, 0.002))
    care = label_picture((0.95, 0.95, 0.95), (0.1, 0.1, 0.12), "L " + str(50 + params.seed % 13), 4)
    canvas.stamp(*care, _LEFT_LABEL_U, 0.5, (0.046, 0.027), flip_u=True)
    tag = label_picture(look.logo_colours[0], look.logo_colours[1], "R", 2)
    canvas.stamp(*tag, _RIGHT_LABEL_U, 0.5, (0.018, 0.024), flip_u=True)
    canvas.shade(1.0 - 0.45 * canvas.line(((canvas.u - 0.5) * canvas.around_m).astype(np.float32), 0.002))
    canvas.blend(
        look.logo_colours[0],
        canvas.line(np.abs((canvas.u + 0.5) % 1.0 - 0.5) * canvas.around_m, 0.010) * (np.abs(canvas.v - 0.5) < 0.32),
    )
    return canvas.rgb


def paint_brim(params: CapParams, shape: Shape, rng: np.random.Generator) -> Image:
    """Paint the brim's upper side: concentric stitch rows and the edge binding."""
    look = params.appearance
    canvas = Canvas(shape, 1.9 * params.half_width, params.brim_length, look.brim)
    weave_fabric(canvas, rng, look.weave)
    _stitch_rows(canvas, look.stitch_rows, look.thread, 0.55)
    canvas.blend(_mix(look.brim, look.accent, 0.5), canvas.line(canvas.y_m - canvas.up_m, 0.005))
    canvas.shade(1.0 - 0.35 * canvas.line(canvas.y_m, 0.004, 0.003))
    return canvas.rgb


def paint_brim_under(params: CapParams, shape: Shape, rng: np.random.Generator) -> Image:
    """Paint the brim's lower side: stitch rows, a round sticker left of the middle, the edge binding."""
    look = params.appearance
    canvas = Canvas(shape, 1.9 * params.half_width, params.brim_length, look.under_brim)
    weave_fabric(canvas, rng, look.weave)
    ink: Colour = (0.85, 0.85, 0.8) if sum(look.under_brim) < 1.5 else (0.15, 0.15, 0.15)
    _stitch_rows(canvas, look.stitch_rows, ink, 0.5)
    canvas.blend((0.80, 0.66, 0.22), canvas.ring(0.30, 0.5, 0.0055, 0.011))
    canvas.blend((0.15, 0.12, 0.05), canvas.ring(0.30, 0.5, 0.0085, 0.0016))
    canvas.blend((0.95, 0.9, 0.7), canvas.ring(0.30, 0.5, 0.003, 0.002))
    canvas.blend(_mix(look.brim, look.accent, 0.5), canvas.line(canvas.y_m - canvas.up_m, 0.004))
    return canvas.rgb


def _stitch_rows(canvas: Canvas, rows: int, thread: Colour, opacity: float) -> None:
    for row in range(rows):
        distance = canvas.y_m - canvas.up_m * (row + 0.7) / (rows + 0.2)
        canvas.shade(1.0 - 0.18 * canvas.line(distance, 0.0022, 0.001))
        canvas.blend(thread, opacity * canvas.line(distance, 0.0008) * canvas.dashes(canvas.x_m, 0.005))


def paint_strap(params: CapParams, shape: Shape, rng: np.random.Generator) -> Image:
    """Paint the strap below the rear opening: holes on the wearer's left half, the buckle on the right."""
    look = params.appearance
    width = 2 * params.opening_half_angle * params.half_width
    canvas = Canvas(shape, width, params.strap_height, look.strap)
    weave_fabric(canvas, rng, look.weave)
    middle = canvas.y_m - params.strap_height / 2
    canvas.shade(1.0 - 0.3 * canvas.line(np.abs(middle) - params.strap_height * 0.42, 0.0012))
    canvas.blend(
        look.thread,
        canvas.line(np.abs(middle) - params.strap_height * 0.34, 0.0008) * canvas.dashes(canvas.x_m),
    )
    for hole in range(4):
        canvas.blend((0.04, 0.04, 0.04), canvas.ring(0.12 + 0.11 * hole, 0.5, 0.001, 0.002))
    buckle = ((np.abs(canvas.u - 0.72) < 0.10) & (np.abs(canvas.v - 0.5) < 0.36)).astype(np.float32)
    canvas.blend((0.72, 0.71, 0.66), buckle)
    slot = ((np.abs(canvas.u - 0.72) < 0.05) & (np.abs(canvas.v - 0.5) < 0.22)).astype(np.float32)
    canvas.blend(_mix(look.strap, (0, 0, 0), 0.4), slot)
    canvas.blend(_mix(look.base, (0, 0, 0), 0.25), canvas.line(canvas.y_m, 0.004))
    return canvas.rgb


def paint_button(params: CapParams, shape: Shape, rng: np.random.Generator) -> Image:
    """Paint the button on top."""
    look = params.appearance
    canvas = Canvas(shape, 0.047, 0.011, look.accent)
    weave_fabric(canvas, rng, look.weave)
    return canvas.rgb
