"""Draw training pairs with their matches, as the paper's Fig. 1: ``ros2 run dense_grasp_train pairs``."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from dense_grasp_core.command_line import exit_status
from dense_grasp_core.errors import DenseGraspError
from numpy.typing import NDArray

from dense_grasp_train.data.data_options import add_data_options, read_data
from dense_grasp_train.data.pairs import KINDS, PairDataset, PairError
from dense_grasp_train.data.views import View
from dense_grasp_train.training.config import TrainConfig, load_config

TITLES = {
    "augmented": "augmented: one view, warped twice",
    "view": "view: one object, two views",
    "instance": "instance: two objects, matched by surface place",
}
_TRIES = 50
_UNTURNED = 1e-4


def kind_of(item: dict[str, torch.Tensor]) -> str:
    """Which of KINDS a pair is: warps turn about the optical axis alone, two objects have no motion."""
    if float(item["rigid"]) == 0.0:
        return "instance"
    return "augmented" if 1.0 - float(item["b_from_a"][2, 2]) < _UNTURNED else "view"


def pairs_of_kind(
    views: list[View], config: TrainConfig, kind: str, count: int, seed: int
) -> Iterator[dict[str, torch.Tensor]]:
    """``count`` pairs of one kind, as training would draw them. Raises PairError when the views do not give them."""
    options = dataclasses.replace(
        config.pairs,
        augmented=float(kind == "augmented"),
        view=float(kind == "view"),
        instance=float(kind == "instance"),
    )
    # A seed of its own for every kind, or all of them would show the same view.
    drawn_from = len(KINDS) * seed + KINDS.index(kind)
    dataset = PairDataset(views, options, drawn_from, _TRIES * count, config.network.stride)
    found = 0
    for index in range(len(dataset)):
        item = dataset[index]
        # Where views are few the data set falls back to augmented pairs.
        if kind_of(item) == kind:
            yield item
            found += 1
        if found == count:
            return
    raise PairError(f"{found} {kind} pairs in {len(dataset)} tries among {len(views)} views, expected {count}")


def spread_out(pixels: NDArray, count: int) -> NDArray:
    """Indices of up to ``count`` of (n, 2) pixels, each as far as possible from those before it."""
    chosen = [int(np.argmin(pixels[:, 0]))]
    distance = np.linalg.norm(pixels - pixels[chosen[0]], axis=1)
    while len(chosen) < min(count, len(pixels)):
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(pixels - pixels[chosen[-1]], axis=1))
    return np.array(chosen)


def draw(pairs: list[tuple[str, dict[str, torch.Tensor]]], path: Path, matches: int) -> None:
    """Write a picture with a row a pair: both images, equal points in equal colours. Raises DenseGraspError."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.patheffects import withStroke

    label = {"fontsize": 7, "color": "white", "path_effects": [withStroke(linewidth=2, foreground="black")]}
    figure, rows = pyplot.subplots(len(pairs), 2, figsize=(8, 4.2 * len(pairs)), squeeze=False)
    for (kind, item), axes in zip(pairs, rows, strict=True):
        images = item["image"].permute(0, 2, 3, 1).numpy()
        known = item["weight"].numpy() > 0
        pixels = item["pixels"].numpy()[:, known]
        chosen = spread_out(pixels[0], matches)
        centre = pixels[0, chosen].mean(0)
        angle = np.arctan2(*(pixels[0, chosen] - centre).T[::-1])
        colours = pyplot.get_cmap("hsv")((angle / (2 * np.pi)) % 1.0)
        for axis, image, points in zip(axes, images, pixels[:, chosen], strict=True):
            axis.imshow(image, interpolation="nearest")
            axis.scatter(points[:, 0], points[:, 1], c=colours, s=60, edgecolors="white", linewidths=1.2, zorder=3)
            for number, (u, v) in enumerate(points):
                axis.annotate(str(number + 1), (u, v), (6, 5), textcoords="offset points", **label)
            axis.set_axis_off()
        axes[0].set_title(f"{TITLES[kind]} ({known.sum()} matches)", fontsize=10, loc="left")
    figure.tight_layout()
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(temporary, dpi=120, format="png")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise DenseGraspError(f"{path} cannot be written: {error}") from error
    finally:
        pyplot.close(figure)


def parser() -> argparse.ArgumentParser:
    """Options of the command."""
    arguments = argparse.ArgumentParser(prog="pairs", description="Draw training pairs with their matches.")
    add_data_options(arguments)
    arguments.add_argument("--show", type=Path, required=True, help="picture to write, *.png")
    arguments.add_argument("--kind", choices=(*KINDS, "all"), default="all")
    arguments.add_argument("--count", type=int, default=1, help="pairs of each kind (default %(default)s)")
    arguments.add_argument("--matches", type=int, default=24, help="matches to draw in each (default %(default)s)")
    settings = arguments.add_mutually_exclusive_group()
    settings.add_argument("--method", default="hybrid", help="preset whose pairs are drawn (default %(default)s)")
    settings.add_argument("--config", type=Path, help="YAML file instead of a preset")
    arguments.add_argument("--seed", type=int, default=0)
    return arguments


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit status: 0, or 2 for an error."""
    return exit_status("pairs", partial(_run, parser().parse_args(argv)), failed=2)


def _run(options: argparse.Namespace) -> int:
    if options.show.suffix != ".png":
        raise DenseGraspError(f"--show is {options.show}, expected a file name that ends in .png")
    for name, value in (("--count", options.count), ("--matches", options.matches)):
        if value < 1:
            raise DenseGraspError(f"{name} is {value}, expected 1 or more")
    config = load_config(options.config or options.method)
    views = read_data(options, partial(print, file=sys.stderr))
    kinds = KINDS if options.kind == "all" else (options.kind,)
    drawn = [(k, item) for k in kinds for item in pairs_of_kind(views, config, k, options.count, options.seed)]
    draw(drawn, options.show, options.matches)
    print(f"{options.show}: {len(drawn)} pairs of {', '.join(map(str, options.data or options.captures))}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
