"""Tables and plots of an evaluation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dense_grasp_train.evaluation.comparison import Comparison, Spread
from dense_grasp_train.evaluation.dense_object_nets import (
    DISTANCES_MM,
    SHARES,
    DonFigures,
    closer_curve,
    distance_curve,
)
from dense_grasp_train.evaluation.keypoint_repeatability import KeypointFigures
from dense_grasp_train.evaluation.metrics import THRESHOLDS, MatchFigures, pck
from dense_grasp_train.evaluation.run_predictors import Outcomes

OWN_ROW = "this network"
_COLUMNS = "| set | predictor | AUC | ± | PCK@3 | @5 | @10 | @20 | median px | p90 px | legacy cosine AUC |"


def markdown(figures: dict[str, dict[str, MatchFigures]], required: dict[str, float]) -> str:
    """One table of all sets and rows; AUC is honest pixel PCK, the legacy column stands beside its controls."""
    lines = [_COLUMNS, "|---" * 11 + "|"]
    for name, by_row in figures.items():
        for row, f in by_row.items():
            least = f" (≥ {required[name]:.2f})" if row == OWN_ROW and name in required else ""
            shares = " | ".join(f"{value:.3f}" for value in (f.pck3, f.pck5, f.pck10, f.pck20))
            lines.append(
                f"| {name} | {row} | {f.auc:.3f}{least} | {f.auc_standard_error:.3f} | {shares} "
                f"| {f.median_px:.1f} | {f.p90_px:.1f} | {f.legacy_cosine_auc:.3f} |"
            )
    first = next(iter(next(iter(figures.values())).values()))
    lines.append("")
    lines.append(
        f"Honest pixel PCK at 640x480, mean over k = 1..100; {first.pairs} pairs x {first.matches // first.pairs} "
        "matches a set; ± is the standard error over pairs. The legacy column thresholds the cosine between coordinate "
        "vectors, as published; compare it with the controls in the same column."
    )
    return "\n".join(lines) + "\n"


def don_markdown(figures: dict[str, dict[str, DonFigures]]) -> str:
    """Table of Dense Object Nets' figures."""
    lines = [
        "| set | predictor | closer, mean | closer, median | ≤ 5 mm | ≤ 10 mm | ≤ 20 mm | median mm | off object |"
    ]
    lines.append("|---" * 9 + "|")
    for name, by_row in figures.items():
        for row, f in by_row.items():
            shares = " | ".join(_share(v) for v in (f.within_5mm, f.within_10mm, f.within_20mm))
            lines.append(
                f"| {name} | {row} | {_percent(f.closer_mean)} | {_percent(f.closer_median)} | {shares} "
                f"| {_number(f.median_mm, 1)} | {_share(f.off_object)} |"
            )
    lines.append("")
    lines.append(
        "Closer: share of the image's pixels whose descriptor is closer to the query's than the true match's. "
        "Millimetres between the surface points behind the answer and the true pixel; an answer off the object is "
        "infinitely far off."
    )
    return "\n".join(lines) + "\n"


def keypoint_markdown(figures: dict[str, dict[str, KeypointFigures]]) -> str:
    """Table of what the keypoint heads find again."""
    lines = [
        "| set | network | on object | repeatability px | centre only px | spread px "
        "| rotation, predicted depth ° | rotation, measured depth ° | position mm | solved |"
    ]
    lines.append("|---" * 10 + "|")
    for name, by_row in figures.items():
        for row, f in by_row.items():
            numbers = (
                f.repeat_px,
                f.centre_only_px,
                f.spread_px,
                f.predicted_rotation_deg,
                f.rotation_deg,
                f.centre_mm,
            )
            cells = " | ".join(_number(value, 1) for value in numbers)
            lines.append(f"| {name} | {row} | {_share(f.on_object)} | {cells} | {_share(f.solved)} |")
    lines.append("")
    lines.append(
        "Medians over pairs of one object in two images. Repeatability: from where a keypoint of A really is in B to "
        "where B has it; beside it a predictor that answers the object's centre. Rotation and position: Kabsch on the "
        "keypoints, with the head's depth (Eq. 7) or the measured one. Only methods that train the heads have them."
    )
    return "\n".join(lines) + "\n"


def spread_markdown(spreads: dict[str, dict[str, Spread]], models: int, required: dict[str, float]) -> str:
    """Table of mean ± standard deviation over several networks, by set and figure."""
    lines = [f"| set | {models} networks | AUC | PCK@3 | @5 | @10 | @20 | median px | p90 px |", "|---" * 9 + "|"]
    for name, by_figure in spreads.items():
        least = f" (≥ {required[name]:.2f})" if name in required else ""
        cells = [f"{s.mean:.{d}f} ± {s.std:.{d}f}" for s, d in zip(by_figure.values(), (3, 3, 3, 3, 3, 1, 1))]
        cells[0] += least
        lines.append(f"| {name} | mean ± std | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def comparison_markdown(comparisons: dict[str, Comparison], first: str, second: str) -> str:
    """Table of paired differences by set."""
    lines = [
        "| set | pairs | AUC difference | standard error | pairs ahead | std over first | std over second |",
        "|---" * 7 + "|",
    ]
    for name, c in comparisons.items():
        lines.append(
            f"| {name} | {c.pairs} | {c.difference:+.4f} | {_number(c.standard_error, 4)} | {c.ahead:.2f} "
            f"| {_number(c.std_first, 4)} | {_number(c.std_second, 4)} |"
        )
    lines.append("")
    lines.append(f"First: {first}. Second: {second}. The same pairs for all; positive where the first is better.")
    return "\n".join(lines) + "\n"


def plot(errors: dict[str, dict[str, NDArray]], path: Path) -> None:
    """PCK curves, one panel a set."""
    curves = {name: {row: pck(values) for row, values in by_row.items()} for name, by_row in errors.items()}
    _panels(curves, THRESHOLDS, path, "k (pixels at 640x480)", "PCK@k")


def plot_don(outcomes: Outcomes, folder: Path) -> list[str]:
    """Dense Object Nets' curves, as far as there are any: don_closer.png (logarithmic) and don_3d.png; their names."""
    closer, distance = (
        {
            name: {row: curve(getattr(o, field)) for row, o in by_row.items() if getattr(o, field)}
            for name, by_row in outcomes.items()
        }
        for field, curve in (("closer", closer_curve), ("distance_mm", distance_curve))
    )
    written = []
    if any(closer.values()):
        label = "share of the image closer than the true match"
        _panels(closer, SHARES, folder / "don_closer.png", label, "share of matches", logarithmic=True)
        written.append("don_closer.png")
    if any(distance.values()):
        _panels(distance, DISTANCES_MM, folder / "don_3d.png", "error in space (mm)", "share of matches")
        written.append("don_3d.png")
    return written


def _panels(
    curves: dict[str, dict[str, NDArray]],
    axis: NDArray,
    path: Path,
    x_label: str,
    y_label: str,
    logarithmic: bool = False,
) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(curves), figsize=(4 * len(curves), 3.6), sharey=True, squeeze=False)
    for panel, (name, by_row) in zip(axes[0], curves.items(), strict=True):
        for row, values in by_row.items():
            own = row == OWN_ROW
            panel.plot(axis, values, label=row, linewidth=2.5 if own else 1.2, color="black" if own else None)
        limits = (axis[axis > 0].min(), axis.max())
        panel.set(title=name, xlabel=x_label, xlim=limits, ylim=(0, 1), yticks=np.linspace(0, 1, 6))
        if logarithmic:
            panel.set_xscale("log")
        panel.grid(alpha=0.3)
    axes[0][0].set_ylabel(y_label)
    axes[0][-1].legend(fontsize=8, loc="lower right")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _number(value: float, digits: int) -> str:
    if np.isnan(value):
        return "–"
    return "∞" if np.isinf(value) else f"{value:.{digits}f}"


def _share(value: float) -> str:
    return _number(value, 3)


def _percent(value: float) -> str:
    return "–" if np.isnan(value) else f"{100 * value:.3f} %"
