"""Eq. 8 of the paper, exact on the network's low-resolution grid and in its dense form.

The kernel at pixel p is exp(-(|I_D[p] - d| / exp(t))^2), largest at the match (the paper prints argmin: an
error). I_D is the bilinear upsampling of the grid (Eq. 1). A model that normalises scales the descriptor of
every *cell* to length 1 before upsampling; mixes of cells, and taught descriptors that were sampled between
cells, keep the length the mix gives them, so a descriptor matches its own pixel with kernel 1 exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from dense_grasp_core.errors import DenseGraspError

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


class MatchingError(DenseGraspError):
    """Descriptors or images whose shapes or values cannot be compared."""


def features_from_bytes(data: Any, shape: tuple[int, int, int], dtype: str) -> NDArray[np.float16]:
    """Descriptors (h, w, D) in the bytes of a descriptor image, which are not copied.

    Raises MatchingError for another dtype than float16, and for a size that does not add up.
    """
    if dtype != "float16":
        raise MatchingError(f"descriptor image has dtype '{dtype}', expected 'float16'")
    found, expected = len(data), 2 * math.prod(shape)
    if expected == 0 or found != expected:
        raise MatchingError(
            f"descriptor image of {shape[1]}x{shape[0]} cells and {shape[2]} channels has {found} bytes, expected "
            f"{expected} and at least one cell"
        )
    return np.frombuffer(data, "<f2").reshape(shape)


@dataclass(frozen=True)
class DescriptorGrid:
    """Dense descriptors of one image at the network's resolution, prepared for many queries.

    features: (h, w, D) float32; cell (r, c) is centred on pixel u = (c + 0.5) * stride - 0.5, v likewise.
    stride: image pixels per cell. image_size: (height, width) of the image, px.
    Build it with `from_array`: that costs what all queries of the frame have in common.
    """

    features: Float32
    stride: float
    image_size: tuple[int, int]
    _mean: Float32 = field(repr=False)
    _centred: Float32 = field(repr=False)
    _squared_norms: Float32 = field(repr=False)

    @classmethod
    def from_array(cls, features: ArrayLike, stride: float, image_size: tuple[int, int]) -> DescriptorGrid:
        """Precomputes |I_D|^2 at full resolution from Gram terms of neighbouring cells.

        features (h, w, D); image_size (height, width). Raises MatchingError for values that are not finite,
        and for a grid that does not belong to the image: it must reach its border and no whole cell beyond.
        """
        grid = np.ascontiguousarray(features, dtype=np.float32)
        height, width = int(image_size[0]), int(image_size[1])
        if grid.ndim != 3 or 0 in grid.shape:
            raise MatchingError(f"descriptor grid has shape {grid.shape}, expected (h, w, D)")
        wanted = tuple(int(np.ceil(side / stride - 1e-6)) for side in (height, width)) if stride > 0 else ()
        if grid.shape[:2] != wanted:
            raise MatchingError(
                f"descriptor grid has {grid.shape[:2]} cells, expected {wanted} for an image of "
                f"{height}x{width} px (height x width) and stride {stride}"
            )
        if not np.isfinite(grid).all():
            raise MatchingError("descriptor grid contains NaN or infinity, expected finite values")
        # Distances do not change when the same vector is taken from both sides; norms get smaller, and with
        # them what float32 loses in |f|^2 - 2 f.d + |d|^2.
        mean = grid.reshape(-1, grid.shape[2]).mean(axis=0)
        centred = grid - mean
        norms = _upsampled_squared_norms(centred, float(stride), (height, width))
        return cls(grid, float(stride), (height, width), mean, centred, norms)

    @property
    def dimension(self) -> int:
        """D, the length of a descriptor."""
        return int(self.features.shape[2])

    def sample(self, u: float, v: float) -> Float32:
        """Descriptor (D,) at pixel (u, v), the value of the upsampled image there.

        Raises MatchingError outside the image.
        """
        height, width = self.image_size
        if not (-0.5 <= u < width - 0.5 and -0.5 <= v < height - 0.5):
            raise MatchingError(f"pixel ({u}, {v}) is outside the image of {width}x{height} px")
        return self._sample64(np.array([u]), np.array([v]))[0].astype(np.float32)

    def samples(self, pixels: ArrayLike) -> Float32:
        """Descriptors (n, D) at pixels (n, 2), (u, v); beyond the outermost cells' middles those cells' own."""
        u, v = np.asarray(pixels, dtype=np.float64).reshape(-1, 2).T
        return self._sample64(u, v).astype(np.float32)

    def squared_distance(self, descriptor: ArrayLike) -> Float32:
        """(H, W) squared distance |I_D[p] - d|^2 of every pixel to a descriptor (D,)."""
        vector = self._check(descriptor)
        # einsum, not BLAS: on busy cores its threads wait for each other longer than this product takes.
        dots: Float32 = np.einsum("nd,d->n", self._centred.reshape(-1, self.dimension), vector)
        distance = self._upsample_negated_dot(dots, vector)
        distance += self._squared_norms
        return np.maximum(distance, 0.0, out=distance)

    def dot(self, descriptor: ArrayLike) -> Float32:
        """(H, W) inner product of I_D[p] and a descriptor (D,)."""
        vector = self._check(descriptor) + self._mean
        return self._upsample(np.einsum("hwd,d->hw", self.features, vector))

    @cached_property
    def squared_lengths(self) -> Float32:
        """(H, W) |I_D[p]|^2, not negative."""
        # |c + m|^2 = |c|^2 + 2 c.m + |m|^2 of the centred mixes c
        mixed = 2.0 * np.einsum("hwd,d->hw", self._centred, self._mean) + np.dot(self._mean, self._mean)
        return np.maximum(self._squared_norms + self._upsample(mixed), 0.0)

    def kernel(self, descriptor: ArrayLike, t: float) -> Float32:
        """(H, W) Eq. 8 kernel of a descriptor (D,), 0..1, for the temperature t."""
        kernel = self.squared_distance(descriptor)
        kernel *= np.float32(-np.exp(-2.0 * t))
        return np.exp(kernel, out=kernel)

    def kernels(self, descriptors: ArrayLike, t: float) -> Float32:
        """(K, H, W) Eq. 8 kernels of descriptors (K, D)."""
        vectors = np.asarray(descriptors, dtype=np.float32)
        if vectors.ndim != 2:
            raise MatchingError(f"descriptors have shape {vectors.shape}, expected (K, {self.dimension})")
        result = np.empty((len(vectors), *self.image_size), dtype=np.float32)
        if not len(vectors):
            return result
        centred = np.stack([self._check(vector) for vector in vectors])
        dots: Float32 = centred @ self._centred.reshape(-1, self.dimension).T
        scale = np.float32(-np.exp(-2.0 * t))
        for index, vector in enumerate(centred):
            np.add(self._upsample_negated_dot(dots[index], vector), self._squared_norms, out=result[index])
        np.maximum(result, 0.0, out=result)
        result *= scale
        return np.exp(result, out=result)

    def nearest(self, descriptor: ArrayLike) -> tuple[int, int]:
        """Pixel (u, v) where the kernel is largest, whatever t: the exact argmax of Eq. 8.

        Pixels within float32's error of the smallest distance are compared again in float64.
        """
        distance = self.squared_distance(descriptor)
        size = float(self._squared_norms.max()) + float(np.sum(self._check(descriptor) ** 2))
        rows, columns = np.nonzero(distance <= distance.min() + 1e-5 * size)
        if len(rows) > 1:
            vector = np.asarray(descriptor, dtype=np.float64)
            best = np.empty(len(rows))
            for start in range(0, len(rows), 4096):
                part = slice(start, start + 4096)
                mixes = self._sample64(columns[part].astype(float), rows[part].astype(float))
                best[part] = np.sum((mixes - vector) ** 2, axis=1)
            index = int(np.argmin(best))
        else:
            index = 0
        return int(columns[index]), int(rows[index])

    def _check(self, descriptor: ArrayLike) -> Float32:
        vector = np.asarray(descriptor, dtype=np.float32)
        if vector.shape != (self.dimension,) or not np.isfinite(vector).all():
            raise MatchingError(f"descriptor has shape {vector.shape}, expected ({self.dimension},), finite")
        return vector - self._mean

    def _upsample_negated_dot(self, dots: Float32, vector: Float32) -> Float32:
        """(H, W) of |d|^2 - 2 f.d."""
        return self._upsample((np.dot(vector, vector) - 2.0 * dots).reshape(self.features.shape[:2]))

    def _upsample(self, low: NDArray[np.floating]) -> Float32:
        """(H, W) of values (h, w); cv2's linear resize is the cell-centre convention with clamped borders."""
        low = low.astype(np.float32, copy=False)
        full = cv2.resize(low, None, fx=self.stride, fy=self.stride, interpolation=cv2.INTER_LINEAR)
        return np.asarray(full[: self.image_size[0], : self.image_size[1]])

    def _sample64(self, u: Float64, v: Float64) -> Float64:
        rows, columns, _ = self.features.shape
        (r0, r1, y), (c0, c1, x) = (_corners(v, self.stride, rows), _corners(u, self.stride, columns))
        x, y = x[:, None], y[:, None]
        grid = self.features
        top = grid[r0, c0].astype(np.float64) * (1 - x) + grid[r0, c1] * x
        bottom = grid[r1, c0].astype(np.float64) * (1 - x) + grid[r1, c1] * x
        return np.asarray(top * (1 - y) + bottom * y)


def upsample(features: ArrayLike, stride: float, image_size: tuple[int, int]) -> NDArray[np.floating]:
    """Eq. 1: the dense descriptor image (H, W, D) of a grid (h, w, D), in the grid's dtype."""
    grid = np.asarray(features)
    y = _interpolation(image_size[0], grid.shape[0], float(stride)).astype(grid.dtype)
    x = _interpolation(image_size[1], grid.shape[1], float(stride)).astype(grid.dtype)
    return np.einsum("Hh,hWd->HWd", y, np.einsum("Ww,hwd->hWd", x, grid, optimize=True), optimize=True)


def dense_kernel(descriptor_image: ArrayLike, descriptor: ArrayLike, t: float) -> NDArray[np.floating]:
    """Eq. 8 to the letter: kernel (H, W) of a dense descriptor image (H, W, D) and a descriptor (D,).

    The reference that the grid's exact form is tested and timed against.
    """
    image = np.asarray(descriptor_image)
    distance = np.linalg.norm(image - np.asarray(descriptor, dtype=image.dtype), axis=2)
    return np.asarray(np.exp(-((distance / np.exp(t)) ** 2)))


def _corners(pixels: Float64, stride: float, cells: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Float64]:
    """The two cells left and right of each pixel coordinate, and the weight of the right one."""
    position = np.clip((pixels + 0.5) / stride - 0.5, 0.0, cells - 1.0)
    left = np.minimum(position.astype(np.intp), max(cells - 2, 0))
    return left, np.minimum(left + 1, cells - 1), position - left


@lru_cache(maxsize=16)
def _interpolation(pixels: int, cells: int, stride: float) -> Float64:
    """(pixels, cells) matrix of bilinear interpolation along one axis."""
    left, right, weight = _corners(np.arange(pixels, dtype=float), stride, cells)
    matrix = np.zeros((pixels, cells))
    matrix[np.arange(pixels), left] += 1.0 - weight
    matrix[np.arange(pixels), right] += weight
    return matrix


@lru_cache(maxsize=16)
def _gram_weights(pixels: int, cells: int, stride: float) -> tuple[Float32, Float32, Float32]:
    """Along one axis: interpolation; squared weights per cell (pixels, cells); w(1 - w) per gap."""
    left, right, weight = _corners(np.arange(pixels, dtype=float), stride, cells)
    rows = np.arange(pixels)
    squares = np.zeros((pixels, cells), dtype=np.float32)
    squares[rows, left] += ((1.0 - weight) ** 2).astype(np.float32)
    squares[rows, right] += (weight**2).astype(np.float32)
    products = np.zeros((pixels, max(cells - 1, 0)), dtype=np.float32)
    if cells > 1:
        products[rows, left] = (weight * (1.0 - weight)).astype(np.float32)
    return _interpolation(pixels, cells, stride).astype(np.float32), squares, products


def _upsampled_squared_norms(grid: Float32, stride: float, image_size: tuple[int, int]) -> Float32:
    """(H, W) of |u|^2 = bilinear(|f|^2) - sum_{i<j} w_i w_j |f_i - f_j|^2 over the four corners of each mix.

    With weights (1 - x, x) and (1 - y, y) the sum is
      x(1-x) [(1-y)^2 top + y^2 bottom + y(1-y) diagonals] + y(1-y) [(1-x)^2 left + x^2 right],
    products of a matrix per axis with small matrices of squared differences between neighbouring cells.
    """
    rows, columns, _ = grid.shape
    up_y, square_y, product_y = _gram_weights(image_size[0], rows, stride)
    up_x, square_x, product_x = _gram_weights(image_size[1], columns, stride)
    norms = np.einsum("hwd,hwd->hw", grid, grid)
    result = (up_y @ norms) @ up_x.T
    if columns > 1:
        across = square_y @ _squared_difference(grid[:, 1:], grid[:, :-1])
        if rows > 1:
            diagonal = _squared_difference(grid[1:, 1:], grid[:-1, :-1])
            diagonal += _squared_difference(grid[1:, :-1], grid[:-1, 1:])
            across += product_y @ diagonal
        result -= across @ product_x.T
    if rows > 1:
        result -= product_y @ (_squared_difference(grid[1:], grid[:-1]) @ square_x.T)
    return np.ascontiguousarray(result, dtype=np.float32)


def _squared_difference(a: Float32, b: Float32) -> Float32:
    difference = a - b
    return np.einsum("hwd,hwd->hw", difference, difference)
