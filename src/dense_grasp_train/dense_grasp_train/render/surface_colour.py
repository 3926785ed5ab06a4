"""The colour of a mesh at a point of its surface: pictures with their wrap modes, vertex colours, factors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from dense_grasp_train.render.srgb import linear_from_srgb, srgb_from_linear

if TYPE_CHECKING:
    from dense_grasp_train.render.raycast import RenderMesh

Wrap = Literal["repeat", "clamp", "mirror"]
Image = NDArray[np.float32]
_COLUMNS = 1024


@dataclass(frozen=True)
class Picture:
    """What covers a material.

    pixels (h, w, 3) uint8 RGB top row first; wrap: how it goes on beyond 0..1 along u and along v.
    """

    pixels: NDArray[np.uint8]
    wrap: tuple[Wrap, Wrap] = ("repeat", "repeat")


def interpolate(values: NDArray, faces: NDArray, face: NDArray, weights: NDArray) -> NDArray:
    """Blend per-vertex values (V, C) at hits: face (N,), weights (N, 3) → (N, C)."""
    return np.asarray(np.einsum("nk,nkc->nc", weights, values[faces[face]]))


def pictures_of(mesh: RenderMesh) -> tuple[Picture, ...]:
    """The pictures that cover a mesh; none where its vertices alone have colours."""
    if mesh.pictures or mesh.colours is not None:
        return mesh.pictures
    return (Picture(mesh.texture, ("clamp", "clamp")),)


def colours_at(mesh: RenderMesh, face: NDArray, weights: NDArray) -> Image:
    """sRGB (N, 3) 0..255 of a mesh at hits: face (N,) and barycentric weights (N, 3)."""
    colour = np.full((len(face), 3), 255, np.float32)
    which = np.zeros(len(face), np.int64) if mesh.picture_of_face is None else mesh.picture_of_face[face]
    for index, picture in enumerate(pictures_of(mesh)):
        of_it = np.flatnonzero(which == index)
        if len(of_it):
            colour[of_it] = sample_picture(picture, interpolate(mesh.uv, mesh.faces, face[of_it], weights[of_it]))
    if mesh.colours is not None:
        colour *= interpolate(mesh.colours, mesh.faces, face, weights).astype(np.float32) / np.float32(255)
    if mesh.tint is not None:
        light = linear_from_srgb(colour) * interpolate(mesh.tint, mesh.faces, face, weights)
        colour = np.minimum(srgb_from_linear(light), 255.0)
    return colour


def vertex_colours(mesh: RenderMesh) -> Image:
    """sRGB (V, 3) 0..255 of a mesh at its vertices; white where no face has one."""
    colours = np.full((len(mesh.vertices), 3), 255, np.float32)
    for corner in range(3):
        weights = np.zeros((len(mesh.faces), 3))
        weights[:, corner] = 1.0
        colours[mesh.faces[:, corner]] = colours_at(mesh, np.arange(len(mesh.faces)), weights)
    return colours


def sample_picture(picture: Picture, uv: NDArray[np.floating]) -> Image:
    """Bilinear colours (N, 3) in 0..255 at uv (N, 2), origin bottom left."""
    height, width = picture.pixels.shape[:2]
    x = _texels(uv[:, 0], width, picture.wrap[0])
    y = _texels(1.0 - uv[:, 1], height, picture.wrap[1])
    return remap(picture.pixels, x, y)


def _texels(coordinate: NDArray[np.floating], size: int, wrap: Wrap) -> Image:
    if wrap == "repeat":  # beyond the border by half a texel at most, which `remap` takes from the other side
        return (coordinate % 1.0 * size - 0.5).astype(np.float32)
    if wrap == "mirror":
        coordinate = 1.0 - np.abs(coordinate % 2.0 - 1.0)
    return np.clip(coordinate * size - 0.5, 0, size - 1).astype(np.float32)


def remap(texture: NDArray[np.uint8], x: Image, y: Image) -> Image:
    """Bilinear colours (N, 3) at columns x (N,) and rows y (N,), which go on at the other side beyond the border."""
    count = len(x)
    rows = -(-count // _COLUMNS)
    padded = [np.zeros(rows * _COLUMNS, np.float32) for _ in range(2)]
    padded[0][:count], padded[1][:count] = x, y
    colour = cv2.remap(
        texture.astype(np.float32),
        padded[0].reshape(rows, _COLUMNS),
        padded[1].reshape(rows, _COLUMNS),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )
    return np.asarray(colour.reshape(-1, 3)[:count], np.float32)
