"""Training and inference memory over the descriptor dimension, beside the paper's Tables 1 to 3.

``python -m dense_grasp_train memory``: peak of a training step estimated with fake tensors on any machine, measured too
where there is a CUDA device; inference memory and latency.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import torchvision
from dense_grasp_core.descriptors.model_file import ModelInfo, save_model
from dense_grasp_core.descriptors.network import DescriptorNetwork, NetworkConfig
from dense_grasp_core.errors import DenseGraspError
from rich.progress import Progress

from dense_grasp_train.benchmarks import published
from dense_grasp_train.benchmarks.memory_estimate import GIGABYTE, estimate_inference, estimate_training, training_step
from dense_grasp_train.benchmarks.perception import frame_rate
from dense_grasp_train.data.dataset_writer import write_whole
from dense_grasp_train.training.config import ConfigError, TrainConfig, load_config

DIMENSIONS = (3, 8, 16, 32, 64, 128, 256, 512)
KEYPOINTS = (16, 128)
LARGEST_GROWTH = 0.05
LARGEST_GIGABYTES = 4.0
_MEASURED_STEPS = 3
_CROP = (640, 480)


@dataclass(frozen=True)
class MemoryRow:
    """One line of the table: a preset, what is changed in it, and whether the paper's figure is demanded of it."""

    name: str
    preset: str
    changes: dict[str, Any] = field(default_factory=dict)
    demanded: bool = False

    def config(self, dimension: int, stride: int) -> TrainConfig:
        """ResNet-34, 640x480, one pair, float32."""
        common: dict[str, Any] = {
            "batch": 1,
            "precision": "32",
            "network": {"backbone": "resnet34", "dimension": dimension, "stride": stride},
            "pairs": {"crop": list(_CROP), "input_scale": 1.0, "matches": 128},
        }
        for key, value in self.changes.items():
            common[key] = {**common.get(key, {}), **value} if isinstance(value, dict) else value
        return load_config(self.preset, common)


def rows(keypoints: tuple[int, ...]) -> list[MemoryRow]:
    """Every method of the table; those that learn keypoints once per number of them."""
    table = [MemoryRow(published.DON, "don_nt_xent_tiled")]
    unread: dict[str, Any] = {"baseline": {"grid": "cells"}}  # the preset's grid, which not every method has
    for name, method, changes in (
        ("DON, NT-Xent as a matrix product", "don_nt_xent", {}),
        ("DON, contrastive", "don_contrastive", unread),
        ("DON, distribution", "don_distribution", {}),
        ("Laplacian eigenmaps", "laplacian_eigenmaps", {**unread, "network": {"normalise": False}}),
    ):
        table.append(MemoryRow(name, "don_nt_xent_tiled", {"method": method, **changes}))
    for count in keypoints:
        heads: dict[str, Any] = {"keypoints": count}
        cells = {"losses": {"upsample": False}}
        auxiliary = {"losses": {"upsample": False, "nt_xent": 2.0}}
        table += [
            MemoryRow(f"the paper's method, {count} keypoints", "paper", {"network": heads}, demanded=True),
            MemoryRow(f"the same, softmax on the cells, {count} keypoints", "paper", {"network": heads, **cells}),
            MemoryRow(f"hybrid, {count} keypoints", "paper", {"method": "hybrid", "network": heads, **auxiliary}),
        ]
    return table


def measure_training(config: TrainConfig) -> dict[str, float] | str:
    """Peak gigabytes of some steps on the CUDA device, allocated and reserved, or "out of memory"."""
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    try:
        _, _, step = training_step(config, "cuda")
        for _ in range(_MEASURED_STEPS):
            step()
        torch.cuda.synchronize()
    except torch.cuda.OutOfMemoryError:
        return "out of memory"
    return {
        "allocated": round(torch.cuda.max_memory_allocated() / GIGABYTE, 3),
        "reserved": round(torch.cuda.max_memory_reserved() / GIGABYTE, 3),
    }


def training_table(
    table: list[MemoryRow], dimensions: tuple[int, ...], stride: int, advance: Callable[[], None]
) -> list[dict[str, Any]]:
    """Estimate, measurement where there is CUDA, and published figure of every row and dimension."""
    cuda = torch.cuda.is_available()
    out = []
    for row in table:
        for dimension in dimensions:
            config = row.config(dimension, stride)
            parts = estimate_training(config)
            out.append(
                {
                    "row": row.name,
                    "method": config.method,
                    "dimension": dimension,
                    "estimated_gb": round(parts["total"], 3),
                    "parts_gb": {name: size for name, size in parts.items() if name != "total"},
                    "measured_gb": measure_training(config) if cuda else None,
                    "published_gb": published.TRAINING_GIGABYTES.get((row.name, dimension)),
                }
            )
            advance()
    return out


def inference_table(frames: int, advance: Callable[[], None]) -> list[dict[str, Any]]:
    """Memory and latency of one 640x480 image through untrained networks, as the robot runs them."""
    out = []
    for name, network, scale in (
        ("ResNet-34, stride 32, D = 512 (the paper)", NetworkConfig("resnet34", 512, 1, 32), 1.0),
        ("ResNet-34, stride 32, D = 64", NetworkConfig("resnet34", 64, 1, 32), 1.0),
        ("ResNet-34, stride 8, D = 64", NetworkConfig("resnet34", 64, 1, 8), 1.0),
        ("compact (ResNet-18 without layer4), stride 8, D = 64", NetworkConfig("resnet18_layer3", 64, 1, 8), 1.0),
        ("the same on half-size images", NetworkConfig("resnet18_layer3", 64, 1, 8), 0.5),
    ):
        shape = {"backbone": network.backbone, "dimension": network.dimension, "stride": network.stride}
        config = load_config(
            "paper", {"network": {**shape, "keypoints": 1}, "pairs": {"crop": list(_CROP), "input_scale": scale}}
        )
        line: dict[str, Any] = {
            "network": name,
            "cells_gb": estimate_inference(config, upsample=False)["total"],
            "upsampled_gb": estimate_inference(config, upsample=True)["total"],
            "latency": None,
            "cuda": None,
        }
        if frames:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "network.safetensors"
                torch.manual_seed(0)
                save_model(path, DescriptorNetwork(network), ModelInfo(input_scale=scale))
                line["latency"] = frame_rate(path, frames)
        if torch.cuda.is_available():
            line["cuda"] = measure_inference(config)
        out.append(line)
        advance()
    return out


def measure_inference(config: TrainConfig) -> dict[str, float]:
    """Peak gigabytes and milliseconds of one image to its cells' descriptors on the CUDA device, float32."""
    options = config.network
    width, height = (round(side * config.pairs.input_scale) for side in config.pairs.crop)
    shape = NetworkConfig(options.backbone, options.dimension, options.keypoints, options.stride)
    torch.cuda.empty_cache()
    network = DescriptorNetwork(shape).cuda().eval()
    torch.cuda.reset_peak_memory_stats()
    image = torch.zeros(1, 3, height, width, device="cuda")
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    spent = []
    with torch.no_grad():
        for _ in range(30):
            start.record()
            network.features(image)
            end.record()
            torch.cuda.synchronize()
            spent.append(start.elapsed_time(end))
    return {
        "allocated": round(torch.cuda.max_memory_allocated() / GIGABYTE, 3),
        "reserved": round(torch.cuda.max_memory_reserved() / GIGABYTE, 3),
        "median_ms": round(sorted(spent[5:])[len(spent[5:]) // 2], 3),
    }


def demands(figures: list[dict[str, Any]], table: list[MemoryRow]) -> list[dict[str, Any]]:
    """Growth from the smallest D >= 64 to the largest of the rows demanded of, and their size at the largest."""
    out = []
    for row in table:
        values = {f["dimension"]: f["estimated_gb"] for f in figures if f["row"] == row.name and f["dimension"] >= 64}
        if not row.demanded or len(values) < 2:
            continue
        first, last = min(values), max(values)
        growth = values[last] / values[first] - 1
        out.append(
            {
                "row": row.name,
                "from": first,
                "to": last,
                "growth": round(growth, 4),
                "gigabytes": values[last],
                "reached": growth < LARGEST_GROWTH and values[last] < LARGEST_GIGABYTES,
            }
        )
    return out


def markdown(report: dict[str, Any]) -> str:
    """The report as Markdown."""
    dimensions = report["dimensions"]
    names = list(dict.fromkeys(figure["row"] for figure in report["training"]))
    cell = {(figure["row"], figure["dimension"]): figure for figure in report["training"]}
    lines = [
        f"Peak of a training step, GB (1e9 bytes): ResNet-34 at stride {report['stride']}, 640x480, one pair, "
        "128 matches, float32, Adam included.",
        "Estimated with fake tensors"
        + (" / measured allocated / reserved" if report["cuda"] else "")
        + "; in brackets what the paper publishes.",
        "",
        "| | " + " | ".join(f"D = {d}" for d in dimensions) + " |",
        "|---" * (len(dimensions) + 1) + "|",
    ]
    lines += [f"| {name} | " + " | ".join(_cell(cell[name, d]) for d in dimensions) + " |" for name in names]
    lines += ["", f"Measured: {report['cuda'] or 'no GPU here'}.", ""]
    for check in report["demands"]:
        word = "reached" if check["reached"] else "MISSED"
        lines.append(
            f"- {check['row']}: {check['growth']:+.1%} from D = {check['from']} to {check['to']} (demanded: less "
            f"than {LARGEST_GROWTH:.0%}), {check['gigabytes']:.2f} GB there (demanded: less than "
            f"{LARGEST_GIGABYTES:g}): {word}"
        )
    lines += [
        "",
        "| one 640x480 image to descriptors | cells, GB | upsampled, GB | median ms (p95, n) | CUDA: GB allocated / "
        "reserved, ms |",
        "|---|---|---|---|---|",
    ]
    for line in report["inference"]:
        latency = line["latency"]
        time = "not asked for"
        if latency:
            how = f"{latency['backend']} {latency['precision']}"
            time = f"{latency['median_ms']:g} ({latency['p95_ms']:g}, {latency['n']}), {how}"
        cuda = line["cuda"]
        gpu = f"{cuda['allocated']} / {cuda['reserved']}, {cuda['median_ms']}" if cuda else "no GPU here"
        lines.append(f"| {line['network']} | {line['cells_gb']:.3f} | {line['upsampled_gb']:.3f} | {time} | {gpu} |")
    lines += ["", f"{report['machine']}; {', '.join(f'{k} {v}' for k, v in report['versions'].items())}."]
    return "\n".join(lines) + "\n"


def _cell(figure: dict[str, Any]) -> str:
    text = f"{figure['estimated_gb']:.2f}"
    measured = figure["measured_gb"]
    if isinstance(measured, dict):
        text += f" / {measured['allocated']:.2f} / {measured['reserved']:.2f}"
    elif measured:
        text += f" / {measured}"
    return text + (f" [{figure['published_gb']:.2f}]" if figure["published_gb"] is not None else "")


def plot(report: dict[str, Any], path: Path) -> None:
    """Memory over D, one line a row, the published figures as crosses of the same colour."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 6))
    colours = plt.get_cmap("tab20").colors  # type: ignore[attr-defined]
    for index, name in enumerate(dict.fromkeys(line["row"] for line in report["training"])):
        lines = [line for line in report["training"] if line["row"] == name]
        colour = colours[index % len(colours)]
        x, y = [f["dimension"] for f in lines], [f["estimated_gb"] for f in lines]
        axes.plot(x, y, marker="o", label=name, color=colour)
        known = [f for f in lines if f["published_gb"] is not None]
        x, y = [f["dimension"] for f in known], [f["published_gb"] for f in known]
        axes.plot(x, y, linestyle="none", marker="x", markersize=9, color=colour)
    axes.set(xscale="log", yscale="log", xlabel="descriptor dimension D", ylabel="GB, peak of a training step")
    axes.set_xticks(report["dimensions"], [str(d) for d in report["dimensions"]])
    axes.set_title("Estimated training memory (o), the paper's figures (x)")
    axes.grid(True, which="both", alpha=0.3)
    axes.legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def parser() -> argparse.ArgumentParser:
    """Options of the command."""
    arguments = argparse.ArgumentParser(
        prog="memory", description="Training and inference memory over D, beside the paper's tables."
    )
    arguments.add_argument("--out", type=Path, default=Path("out/memory"), help="folder of report and plot")
    arguments.add_argument("--dimensions", type=int, nargs="+", default=list(DIMENSIONS), help="D, default %(default)s")
    arguments.add_argument("--keypoints", type=int, nargs="+", default=list(KEYPOINTS), help="N, default %(default)s")
    arguments.add_argument("--stride", type=int, default=32, help="of ResNet-34: 8, 16 or 32 (the paper's, default)")
    arguments.add_argument("--frames", type=int, default=20, help="timed images per network, 0 for none")
    arguments.add_argument("--demanded", action="store_true", help="only the rows that a figure is demanded of")
    arguments.add_argument("--quiet", action="store_true", help="no progress bar")
    return arguments


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns 0, 1 when a demanded figure is missed, 2 for an error, 130 on Ctrl-C."""
    options = parser().parse_args(argv)
    try:
        return _run(options)
    except (DenseGraspError, OSError) as error:
        print(f"memory: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("memory: interrupted, nothing written", file=sys.stderr)
        return 130


def _run(options: argparse.Namespace) -> int:
    for name in ("dimensions", "keypoints"):
        if min(getattr(options, name)) < 1:
            raise ConfigError(f"--{name} has {min(getattr(options, name))}, expected 1 or more")
    if options.frames < 0:
        raise ConfigError(f"--frames is {options.frames}, expected 0 or more")
    dimensions = tuple(sorted(set(options.dimensions)))
    table = [row for row in rows(tuple(sorted(set(options.keypoints)))) if row.demanded or not options.demanded]
    NetworkConfig("resnet34", dimensions[0], 1, options.stride)
    with Progress(disable=options.quiet) as progress:
        task = progress.add_task("figures", total=len(table) * len(dimensions) + 5)
        figures = training_table(table, dimensions, options.stride, lambda: progress.advance(task))
        inference = inference_table(options.frames, lambda: progress.advance(task))
    cuda = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    report = {
        "dimensions": dimensions,
        "stride": options.stride,
        "cuda": cuda,
        "training": figures,
        "inference": inference,
        "demands": demands(figures, table),
        "machine": f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.0f}, {cuda or 'no GPU'}",
        "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__},
    }
    options.out.mkdir(parents=True, exist_ok=True)
    text = markdown(report)
    write_whole(options.out / "report.json", json.dumps(report, indent=1).encode())
    write_whole(options.out / "report.md", text.encode())
    plot(report, options.out / "memory.png")
    print(text)
    print(f"{options.out}/report.json, report.md, memory.png")
    return 0 if all(check["reached"] for check in report["demands"]) else 1


if __name__ == "__main__":
    raise SystemExit(main())
