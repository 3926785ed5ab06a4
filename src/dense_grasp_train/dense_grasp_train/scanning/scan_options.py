"""The options of `scan` for colour pictures alone."""

from __future__ import annotations

import argparse
import os
from functools import partial
from pathlib import Path

import numpy as np
from dense_grasp_core.object_model.scan import ScanError
from dense_grasp_core.object_model.scan_files import followed_link, pictures_of

from dense_grasp_train.scanning.colour_pictures import VIDEO_SUFFIXES, read_colour
from dense_grasp_train.scanning.colour_source import ColourScanSettings, source_of
from dense_grasp_train.scanning.object_on_table import Click
from dense_grasp_train.scanning.source import Source
from dense_grasp_train.scanning.structure_from_motion import reconstruct
from dense_grasp_train.scanning.world_size import size_from_depth, size_from_length, size_from_tags


def add_colour_options(parser: argparse.ArgumentParser) -> None:
    """Options that only colour pictures alone need."""
    group = parser.add_argument_group("colour pictures alone; one of the first three gives the size")
    group.add_argument(
        "--tag-edge", type=float, metavar="METRES", help="edge of the black square of AprilTags or ArUco"
    )
    group.add_argument(
        "--known-length",
        nargs="+",
        metavar=("METRES", "PICTURE:U,V:U,V"),
        help="a length, and the pixels of its two ends in two pictures or more",
    )
    group.add_argument(
        "--depth-picture",
        nargs=3,
        metavar=("PICTURE", "FILE", "MILLIMETRES"),
        help="depth of one picture, aligned to it, 16 bit, and the millimetres of a depth value of 1",
    )
    group.add_argument(
        "--at", metavar="PICTURE:U,V", help="a pixel on the object, where several things stand on the table"
    )
    group.add_argument("--masks", type=Path, metavar="FOLDER", help="masks of the same names; default: found")
    group.add_argument(
        "--camera", metavar="FX,FY,CX,CY", help="of the pictures as they are, undistorted; default: found"
    )
    group.add_argument(
        "--frames", type=int, default=60, help="pictures to take out of a video, or at most of a bag (%(default)s)"
    )
    group.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of structure from motion")


def is_colour(source: Path) -> bool:
    """Whether pictures lie in the folder itself, or it is a video."""
    if source.is_file():
        return source.suffix.lower() in VIDEO_SUFFIXES
    return source.is_dir() and not followed_link(source / "rgb").is_dir() and bool(pictures_of(source))


def colour_source(options: argparse.Namespace) -> Source:
    """The views of what the options ask for. Raises ScanError with what is missing."""
    given = [n for n in ("tag_edge", "known_length", "depth_picture") if getattr(options, n) is not None]
    if len(given) != 1:
        raise ScanError(
            f"{'two options say' if given else 'nothing says'} how large things are in the pictures, expected one "
            "of --tag-edge, --known-length and --depth-picture"
        )
    if options.frames < 3 or options.threads < 1:
        raise ScanError(f"--frames is {options.frames} and --threads {options.threads}, expected 3 and 1 at least")
    pictures = read_colour(options.source, options.frames)
    scale = pictures.scale
    if options.tag_edge is not None:
        size = partial(size_from_tags, edge=_positive("--tag-edge", options.tag_edge))
    elif options.known_length is not None:
        ends = [_picture_pixels(text, 2, scale) for text in options.known_length[1:]]
        size = partial(size_from_length, metres=_positive("--known-length", options.known_length[0]), ends=ends)
    else:
        name, file, unit = options.depth_picture
        millimetres = _positive("--depth-picture", unit)
        size = partial(size_from_depth, name=name, file=Path(file), unit=millimetres / 1000.0)
    click = None
    if options.at is not None:
        picture, pixels = _picture_pixels(options.at, 1, scale)
        click = Click(picture, pixels[0])
    print(f"{len(pictures.pictures)} pictures; finding their poses takes minutes", flush=True)
    sfm = reconstruct(pictures.pictures, _intrinsics(options.camera, scale), options.threads)
    return source_of(sfm, ColourScanSettings(size, click, options.masks), pictures)


def _positive(option: str, text: str | float) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise ScanError(f"{option} is {text!r}, expected a number above 0") from error
    if not (np.isfinite(value) and value > 0):
        raise ScanError(f"{option} is {value}, expected a number above 0")
    return value


def _picture_pixels(text: str, count: int, scale: float) -> tuple[str, np.ndarray]:
    """PICTURE:U,V with ``count`` pixels: the picture's name and pixels (count, 2) of the scaled picture."""
    name, *parts = text.split(":")
    try:
        pixels = np.array([[float(number) for number in part.split(",")] for part in parts])
    except ValueError as error:
        raise ScanError(f"{text!r} has no pixels, expected PICTURE{':U,V' * count}") from error
    if pixels.shape != (count, 2):
        raise ScanError(f"{text!r} has {len(parts)} pixels, expected PICTURE{':U,V' * count}")
    return name, (pixels + 0.5) * scale - 0.5


def _intrinsics(text: str | None, scale: float) -> tuple[float, float, float, float] | None:
    if text is None:
        return None
    try:
        fx, fy, cx, cy = (float(number) for number in text.split(","))
    except ValueError as error:
        raise ScanError(f"--camera is {text!r}, expected FX,FY,CX,CY") from error
    return fx * scale, fy * scale, (cx + 0.5) * scale - 0.5, (cy + 0.5) * scale - 0.5
