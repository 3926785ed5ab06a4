"""Export a network for other runtimes, checked against torch: ``ros2 run dense_grasp_train export``."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from dense_grasp_core.descriptors.exported_model import for_image_size, read_exported, save_openvino
from dense_grasp_core.descriptors.model_file import load_model
from dense_grasp_core.descriptors.pipeline import DescriptorPipeline
from dense_grasp_core.errors import DenseGraspError
from numpy.typing import NDArray
from rich.progress import Progress

from dense_grasp_train.data.generate_request import parse_size
from dense_grasp_train.data.photographs import photographs
from dense_grasp_train.training.frozen_weights import FROZEN, write_frozen
from dense_grasp_train.training.onnx_file import quiet_exporter, save_onnx

FORMATS = ("openvino", "onnx")
TOLERANCE = 1e-4
LEAST_COSINE = 0.999
LEAST_SAME_CELL = 0.999
QUERIES = 10_000
CARD_HEADING = "## Exported files"
FROZEN_NAME = "general"
_SUFFIX = {"openvino": ".xml", "onnx": ".onnx"}
_Infer = Callable[[NDArray], NDArray]


class ExportError(DenseGraspError):
    """A network cannot be exported, or its export does not agree with torch."""


@dataclass(frozen=True)
class Agreement:
    """How far the descriptors of one exported file lie from torch's, over all cells of all photographs.

    largest: largest length of a difference, median: its median, both in units of a descriptor's mean length in torch.
    cosine: the smallest. same_cell: share of `QUERIES` queries that find the same best cell.
    """

    file: str
    runtime: str
    largest: float
    median: float
    cosine: float
    same_cell: float


def agreement(file: str, runtime: str, found: list[NDArray], reference: list[NDArray]) -> Agreement:
    """Compare descriptors (h, w, D) image by image; another shape or a value that is not finite counts as infinite."""
    if any(f.shape != r.shape or not np.isfinite(f).all() for f, r in zip(found, reference, strict=True)):
        return Agreement(file, runtime, np.inf, np.inf, -1.0, 0.0)
    length = float(np.mean([np.linalg.norm(r, axis=2).mean() for r in reference]))
    distance = np.concatenate([np.linalg.norm(f - r, axis=2).ravel() for f, r in zip(found, reference)]) / length
    lengths = [np.linalg.norm(f, axis=2) * np.linalg.norm(r, axis=2) for f, r in zip(found, reference)]
    products = [np.sum(f * r, axis=2) for f, r in zip(found, reference)]
    cosine = min(float((p / np.maximum(n, 1e-12)).min()) for p, n in zip(products, lengths))
    largest, median = float(distance.max()), float(np.median(distance))
    return Agreement(file, runtime, largest, median, cosine, same_cell(found, reference))


def same_cell(found: list[NDArray], reference: list[NDArray], queries: int = QUERIES) -> float:
    """Share of queries whose best cell is the same in both.

    The descriptor of a cell drawn at random is searched for in the next image, by the largest dot product: taught and
    found with the one on one side, with the other on the other.
    """
    rng = np.random.default_rng(0)
    count, same, asked = len(found), 0, 0
    for index in range(count):
        height, width, dimension = found[index].shape
        cells = rng.integers(0, height * width, queries // count + (index < queries % count))
        best = [
            np.argmax(d[index].reshape(-1, dimension)[cells] @ d[(index + 1) % count].reshape(-1, dimension).T, axis=1)
            for d in (found, reference)
        ]
        same += int((best[0] == best[1]).sum())
        asked += len(cells)
    return same / asked


def export(
    model: Path,
    out: Path,
    formats: tuple[str, ...],
    size: tuple[int, int],
    images: dict[str, NDArray],
    tolerance: float,
) -> list[Agreement]:
    """Write the network's files into ``out``: model file, card, and a graph per format, named as the model.

    The graphs are compared with torch on the images before anything appears. Raises ExportError when one differs by
    more than ``tolerance`` of a descriptor's length or finds other cells, or when the folder cannot be written; nothing
    is left then.
    """
    network, info = load_model(model)
    pipeline = DescriptorPipeline(network, info).eval()
    with torch.inference_mode():
        reference = [pipeline(torch.from_numpy(image)[None])[0].numpy() for image in images.values()]
    fresh = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=".export.") as draft_folder, Progress() as progress:
            draft = Path(draft_folder)
            task = progress.add_task("export", total=2 * len(formats))
            shutil.copyfile(model, draft / f"{model.stem}.safetensors")
            found: list[Agreement] = []
            for name in formats:
                file = draft / f"{model.stem}{_SUFFIX[name]}"
                if name == "openvino":
                    save_openvino(file, pipeline, info)
                else:
                    save_onnx(file, pipeline, info, size)
                progress.advance(task)
                for runtime, infer in runtimes(file, size).items():
                    found.append(agreement(file.name, runtime, [infer(i) for i in images.values()], reference))
                progress.advance(task)
            for result in found:
                if not result.largest <= tolerance:
                    raise ExportError(
                        f"{result.file} ({result.runtime}) differs from torch by {result.largest:.1e} of a "
                        f"descriptor's length on {len(images)} photographs, expected at most {tolerance:g}"
                    )
                if result.cosine < LEAST_COSINE or result.same_cell < LEAST_SAME_CELL:
                    raise ExportError(
                        f"{result.file} ({result.runtime}) has cosines to torch down to {result.cosine:.5f}, expected "
                        f"at least {LEAST_COSINE}, and the same best cell in {result.same_cell:.2%} of {QUERIES} "
                        f"queries, expected at least {LEAST_SAME_CELL:.1%}"
                    )
            _write_card(model.with_suffix(".md"), draft / f"{model.stem}.md", found, len(images), size, tolerance)
            # The graph's description comes after its weights.
            for file in sorted(draft.iterdir(), key=lambda path: path.suffix == ".xml"):
                os.replace(file, out / file.name)
    except OSError as error:
        raise ExportError(f"folder {out} cannot be written: {error}") from error
    finally:
        if fresh and out.is_dir() and not any(out.iterdir()):
            out.rmdir()
    return found


def runtimes(file: Path, size: tuple[int, int]) -> dict[str, _Infer]:
    """What runs an exported file here, in float32: OpenVINO, and for ONNX also ONNX Runtime where it is installed."""
    import openvino

    graph, _ = read_exported(file)
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.compile_model(for_image_size(graph, size, str(file)), "CPU", options)
    found: dict[str, _Infer] = {"OpenVINO": lambda image: np.array(compiled([image[None]])[0][0])}
    if file.suffix == ".onnx":
        try:
            import onnxruntime
        except ImportError:
            return found
        session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
        found["ONNX Runtime"] = lambda image: session.run(None, {"image": image[None]})[0][0]
    return found


def table(found: list[Agreement], photographs_count: int, size: tuple[int, int], tolerance: float) -> str:
    """The measured agreement as Markdown."""
    rows = [
        f"| {a.file} | {a.runtime} | {a.largest:.1e} | {a.median:.1e} | {a.cosine:.7f} | {a.same_cell:.2%} |"
        for a in found
    ]
    return "\n".join(
        [
            "| file | runtime, float32 | largest difference | median | smallest cosine | same best cell |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            "Length of the difference to torch's descriptor in units of a descriptor's mean length, over every cell "
            f"of {photographs_count} photographs of {size[1]}x{size[0]}; tolerance {tolerance:g}. Best cell: of "
            f"{QUERIES} descriptors of one photograph, searched for in the next.",
        ]
    )


def _write_card(
    source: Path, target: Path, found: list[Agreement], count: int, size: tuple[int, int], tolerance: float
) -> None:
    text = source.read_text() if source.is_file() else f"# {source.stem}\n\nThis network came without a card.\n"
    head = text.partition(CARD_HEADING)[0].rstrip()
    target.write_text(f"{head}\n\n{CARD_HEADING}\n\n{table(found, count, size, tolerance)}\n")


def parser() -> argparse.ArgumentParser:
    """Options of the command."""
    arguments = argparse.ArgumentParser(
        prog="export",
        description="Write a network as OpenVINO IR and ONNX, with its card. Every file is compared with torch on real "
        "photographs first; the nodes load each of them by the parameter `model`.",
    )
    source = arguments.add_mutually_exclusive_group(required=True)
    source.add_argument("--model", type=Path, help="network file, *.safetensors")
    source.add_argument(
        "--frozen", choices=FROZEN, help="make the network `general` from weights that were trained on photographs"
    )
    arguments.add_argument(
        "--weights", type=Path, help="the frozen network's weights, *.pth (default: those of its installed package)"
    )
    arguments.add_argument("--out", type=Path, required=True, help="folder for the files")
    arguments.add_argument(
        "--formats", default=",".join(FORMATS), help=f"some of {', '.join(FORMATS)} (default: all of them)"
    )
    arguments.add_argument("--size", default="640x480", help="image size of the ONNX file and of the comparison")
    arguments.add_argument("--images", type=Path, help="folder of photographs (default: those of scikit-image)")
    arguments.add_argument(
        "--tolerance", type=float, default=TOLERANCE, help="largest difference in descriptor lengths (%(default)s)"
    )
    return arguments


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit status: 0, 1 when a file does not agree with torch, 2 for another error."""
    options = parser().parse_args(argv)
    quiet_exporter()
    try:
        formats = tuple(dict.fromkeys(options.formats.split(",")))
        unknown = [name for name in formats if name not in FORMATS]
        if unknown:
            raise DenseGraspError(f"--formats has {unknown[0]!r}, expected some of {', '.join(FORMATS)}")
        if options.weights is not None and options.frozen is None:
            raise DenseGraspError("--weights is given without --frozen, expected both")
        if options.model is not None and options.model.suffix != ".safetensors":
            raise DenseGraspError(f"--model is {options.model}, expected a .safetensors file")
        if not options.tolerance > 0:
            raise DenseGraspError(f"--tolerance is {options.tolerance}, expected a number above 0")
        size = parse_size(options.size)[::-1]
        images = photographs(options.images, size, lambda text: print(f"export: {text}", file=sys.stderr))
        with tempfile.TemporaryDirectory() as scratch:
            model = options.model
            if model is None:
                model = Path(scratch) / f"{FROZEN_NAME}.safetensors"
                command = f"ros2 run dense_grasp_train export --frozen {options.frozen} --out models"
                write_frozen(options.frozen, options.weights, model, command)
            found = export(model, options.out, formats, size, images, options.tolerance)
    except ExportError as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    except DenseGraspError as error:
        print(f"export: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("export: interrupted", file=sys.stderr)
        return 130
    print(table(found, len(images), size, options.tolerance))
    names = ", ".join(sorted(path.name for path in options.out.glob(f"{model.stem}.*")))
    print(f"{options.out}: {names}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
