"""The rows of an evaluation: networks, frozen backbones and controls behind one function, pair in, pixels out."""

from __future__ import annotations

import hashlib
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.descriptors.model_file import ModelInfo, save_model
from dense_grasp_core.descriptors.network import DescriptorNetwork
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid
from dense_grasp_core.matching.scores import DEFAULT_SCORE, SCORES, MatchScore, match_score
from numpy.typing import NDArray

from dense_grasp_train.evaluation import controls
from dense_grasp_train.evaluation.evaluation_sets import TestPair
from dense_grasp_train.evaluation.root_sift import root_sift

_UNTRAINED_SEED = 0


class Prediction(NamedTuple):
    """Answers to the queries of a pair.

    pixels: (n, 2) in image B. closer: (n,) share of B's pixels whose descriptor is closer to the query's than that of
    the true pixel (0 is perfect); None for predictors without a descriptor image.
    """

    pixels: NDArray
    closer: NDArray | None = None


Predictor = Callable[[TestPair, np.random.Generator], Prediction]
Describe = Callable[[NDArray], DescriptorGrid]


def network_predictor(extractor: DescriptorExtractor, remember: int = 0) -> Predictor:
    """Descriptors of the queries in A, searched by the network's score over the whole of B.

    remember: so many pictures are described once, however often they come.
    """

    def describe(image: NDArray) -> DescriptorGrid:
        return DescriptorGrid.from_array(extractor(image), extractor.stride, image.shape[:2])

    return descriptor_predictor(
        remembered(describe, remember) if remember else describe, match_score(extractor.info.score)
    )


def remembered(describe: Describe, most: int) -> Describe:
    """The same, but the last ``most`` different pictures are described once."""
    kept: OrderedDict[bytes, DescriptorGrid] = OrderedDict()

    def once(image: NDArray) -> DescriptorGrid:
        key = hashlib.blake2b(image.tobytes()).digest() + str(image.shape).encode()
        if key not in kept:
            kept[key] = describe(image)
        kept.move_to_end(key)
        if len(kept) > most:
            kept.popitem(last=False)
        return kept[key]

    return once


def descriptor_predictor(describe: Describe, score: MatchScore = SCORES[DEFAULT_SCORE]) -> Predictor:
    """The same for anything that turns an image into a grid of descriptors."""

    def predict(pair: TestPair, _: np.random.Generator) -> Prediction:
        grid_a, grid_b = describe(pair.image_a), describe(pair.image_b)
        height, width = grid_b.image_size
        pixels, closer = np.empty((len(pair.pixels_a), 2)), np.empty(len(pair.pixels_a))
        true_cells = np.clip(np.rint(pair.pixels_b).astype(int), 0, [width - 1, height - 1])
        for index, ((u, v), (true_u, true_v)) in enumerate(zip(pair.pixels_a, true_cells, strict=True)):
            distance = score.difference(grid_b, grid_a.sample(u, v))
            pixels[index] = divmod(int(np.argmin(distance)), width)[::-1]
            closer[index] = np.count_nonzero(distance < distance[true_v, true_u]) / distance.size
        return Prediction(pixels, closer)

    return predict


def control_predictors(info: ModelInfo) -> dict[str, Predictor]:
    """What a network is to be compared with, by the name of the row; the untrained one has the same architecture."""
    return {
        "random on mask": lambda pair, rng: Prediction(controls.random_on_mask(pair.mask_b, len(pair.pixels_a), rng)),
        "mask centroid": lambda pair, _: Prediction(controls.mask_centroid(pair.mask_b, len(pair.pixels_a))),
        "same pixel": lambda pair, _: Prediction(controls.same_pixel(pair.pixels_a)),
        "untrained network": network_predictor(untrained_extractor(info)),
        "RGB patch 9x9": lambda pair, _: Prediction(controls.rgb_patch(pair.image_a, pair.image_b, pair.pixels_a)),
        "RootSIFT": lambda pair, _: Prediction(root_sift(pair.image_a, pair.image_b, pair.pixels_a)),
    }


def untrained_extractor(info: ModelInfo) -> DescriptorExtractor:
    """A network of the same architecture with random weights."""
    torch.manual_seed(_UNTRAINED_SEED)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "untrained.safetensors"
        header = ModelInfo(normalise=info.normalise, input_scale=info.input_scale, score=info.score)
        save_model(path, DescriptorNetwork(info.config), header)
        return DescriptorExtractor(path)
