"""Measure the perception path: camera frame to descriptor image, and Eq. 8 in its two forms."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.descriptors.model_file import ModelInfo, load_model, save_model
from dense_grasp_core.descriptors.network import DescriptorNetwork, NetworkConfig
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid, dense_kernel, upsample
from numpy.typing import NDArray

from dense_grasp_train.augment.backgrounds import add_clutter, surface
from dense_grasp_train.data.dataset_writer import write_whole

WIDTH, HEIGHT = 640, 480
STRIDE = 8
REQUIRED_HZ = 10.0
REQUIRED_RATIO = {64: 10.0, 512: 100.0}
_WARM_UP = 5


@dataclass(frozen=True)
class Timing:
    """Milliseconds of one operation over n runs."""

    median_ms: float
    p95_ms: float
    n: int


def time_calls(call: Callable[[], Any], count: int, warm_up: int = _WARM_UP) -> Timing:
    """Time ``count`` calls after some that do not count."""
    for _ in range(warm_up):
        call()
    spent = np.empty(count)
    for index in range(count):
        start = time.perf_counter()
        call()
        spent[index] = 1000 * (time.perf_counter() - start)
    return Timing(round(float(np.median(spent)), 3), round(float(np.quantile(spent, 0.95)), 3), count)


def frame_rate(model: Path, frames: int, backend: str = "auto") -> dict[str, Any]:
    """Time camera frames (480, 640, 3) through DescriptorExtractor."""
    extractor = DescriptorExtractor(model, backend=backend)
    rng = np.random.default_rng(0)
    images = [np.clip(add_clutter(surface(HEIGHT, WIDTH, rng), rng, 4), 0, 255).astype(np.uint8) for _ in range(4)]
    turn = iter(range(1_000_000))
    timing = time_calls(lambda: extractor(images[next(turn) % len(images)]), frames)
    return {
        **asdict(timing),
        "hz": round(1000 / timing.median_ms, 1),
        "backend": extractor.backend,
        "precision": extractor.precision,
        "stride_px": extractor.stride,
    }


def untrained_frame_rate(
    config: NetworkConfig, frames: int, input_scale: float, backend: str = "auto"
) -> dict[str, Any]:
    """The same for an untrained network of another architecture or input scale."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "untrained.safetensors"
        torch.manual_seed(0)
        save_model(path, DescriptorNetwork(config), ModelInfo(input_scale=input_scale))
        return frame_rate(path, frames, backend)


def compare_kernels(dimension: int, queries: int, dense_queries: int) -> dict[str, Any]:
    """Eq. 8 on the grid against the dense formula on the same random smooth descriptors, stride 8, 640 x 480.

    Both forms answer the same queries; ``same_argmax`` counts those with the same largest pixel.
    """
    rng = np.random.default_rng(dimension)
    features = _smooth_features(dimension, rng)
    image_size = (HEIGHT, WIDTH)
    start = time.perf_counter()
    grid = DescriptorGrid.from_array(features, STRIDE, image_size)
    per_frame = 1000 * (time.perf_counter() - start)
    dense = np.ascontiguousarray(upsample(features, STRIDE, image_size), dtype=np.float32)
    t = 0.5 * np.log(0.1)
    pixels = rng.uniform([0, 0], [WIDTH - 1, HEIGHT - 1], (max(queries, dense_queries), 2))
    descriptors = np.stack([grid.sample(u, v) for u, v in pixels])
    turn = iter(range(1_000_000))
    fast = time_calls(lambda: grid.kernel(descriptors[next(turn) % queries], t), queries)
    turn_dense = iter(range(1_000_000))
    slow = time_calls(lambda: dense_kernel(dense, descriptors[next(turn_dense) % dense_queries], t), dense_queries, 1)
    same, difference = 0, 0.0
    for descriptor in descriptors[:dense_queries]:
        exact, reference = grid.kernel(descriptor, t), dense_kernel(dense, descriptor, t)
        same += int(_same_peak(exact, reference))
        difference = max(difference, float(np.abs(exact - reference).max()))
    return {
        "dimension": dimension,
        "grid": asdict(fast),
        "dense": asdict(slow),
        "grid_once_per_frame_ms": round(per_frame, 2),
        "ratio": round(slow.median_ms / fast.median_ms, 1),
        "same_argmax": same,
        "of": dense_queries,
        "largest_difference": difference,
    }


def _same_peak(exact: NDArray, reference: NDArray) -> bool:
    """Same largest pixel, or a tie: the dense form's float32 rounding leaves several pixels equal at the top."""
    index = int(np.argmax(exact))
    return index == int(np.argmax(reference)) or bool(reference.flat[index] >= reference.max() - 1e-6)


def _smooth_features(dimension: int, rng: np.random.Generator) -> NDArray:
    features = rng.standard_normal((HEIGHT // STRIDE, WIDTH // STRIDE, dimension)).astype(np.float32)
    for axis in (0, 1):
        features = features + np.roll(features, 1, axis) + np.roll(features, -1, axis)
    return features / np.linalg.norm(features, axis=2, keepdims=True)


def table(report: dict[str, Any]) -> str:
    """The report as Markdown."""
    lines = ["| camera frame 640x480 → descriptor image | median ms | p95 ms | Hz | n |", "|---|---|---|---|---|"]
    for name, row in report["frames"].items():
        how = f"{row['backend']} {row['precision']}, {row['stride_px']:g} px a cell"
        lines.append(f"| {name} ({how}) | {row['median_ms']} | {row['p95_ms']} | {row['hz']} | {row['n']} |")
    lines += [
        "",
        "| Eq. 8, one query | grid ms | dense ms | ratio | same argmax | once per frame ms |",
        "|---|---|---|---|---|---|",
    ]
    for row in report["kernels"]:
        lines.append(
            f"| D = {row['dimension']} (≥ {REQUIRED_RATIO[row['dimension']]:g}×) | {row['grid']['median_ms']} | "
            f"{row['dense']['median_ms']} | {row['ratio']}× | {row['same_argmax']}/{row['of']} | "
            f"{row['grid_once_per_frame_ms']} |"
        )
    lines += ["", f"{report['cores']} cores, required {REQUIRED_HZ:g} Hz for the shipped network."]
    return "\n".join(lines)


def parser() -> argparse.ArgumentParser:
    """Options of the command."""
    arguments = argparse.ArgumentParser(prog="benchmark", description="Latency of the perception path on this machine.")
    arguments.add_argument("--model", type=Path, default=Path("models/compact_caps.safetensors"))
    arguments.add_argument("--out", type=Path, default=Path("out/perception"))
    arguments.add_argument("--frames", type=int, default=100)
    arguments.add_argument("--queries", type=int, default=100, help="timed queries of the grid form")
    arguments.add_argument("--dense-queries", type=int, default=13, help="timed and compared queries of the dense form")
    arguments.add_argument("--backend", default="auto", choices=["auto", "torch", "openvino"])
    return arguments


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns 0, 1 when a required figure is missed, 2 for an error."""
    options = parser().parse_args(argv)
    try:
        _, info = load_model(options.model)
        name = f"shipped network, input × {info.input_scale:g}"
        frames = {name: frame_rate(options.model, options.frames, options.backend)}
        other = 0.5 if info.input_scale == 1.0 else 1.0
        frames[f"the same architecture untrained, input × {other:g}"] = untrained_frame_rate(
            info.config, options.frames, other, options.backend
        )
        kernels = [compare_kernels(dimension, options.queries, options.dense_queries) for dimension in REQUIRED_RATIO]
        report = {"frames": frames, "kernels": kernels, "cores": os.cpu_count(), "model_id": info.model_id}
        write_whole(options.out / "report.json", json.dumps(report, indent=1).encode())
        write_whole(options.out / "report.md", f"{table(report)}\n".encode())
    except (DenseGraspError, OSError) as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("benchmark: interrupted, nothing written", file=sys.stderr)
        return 130
    print(table(report))
    good = frames[name]["hz"] >= REQUIRED_HZ and all(
        row["ratio"] >= REQUIRED_RATIO[row["dimension"]] and row["same_argmax"] == row["of"] for row in kernels
    )
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
