"""The page that `reproduce` writes: what the paper claims, what holds here, and every figure with its command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from dense_grasp_train.benchmarks import published
from dense_grasp_train.benchmarks.memory import LARGEST_GROWTH
from dense_grasp_train.benchmarks.memory import markdown as memory_markdown
from dense_grasp_train.data.dataset_writer import write_whole
from dense_grasp_train.reproduce import tables
from dense_grasp_train.reproduce.figures import BudgetFigures
from dense_grasp_train.reproduce.run import StepLedger
from dense_grasp_train.reproduce.steps import BUDGETS, Budget

_PAPERS_GPU_GB = 48
_PICTURES = {
    "pairs": ("pairs/pairs.png", "Training pairs with their matches (the paper's Fig. 1)"),
    "pck": ("evaluation/{first}/pck.png", "PCK@k on the test sets"),
    "memory": ("memory/memory.png", "Training memory over D"),
}


def write_results(out: Path, budget: Budget, work: Path, ledger: StepLedger) -> None:
    """Write the page and, into ``images/`` beside it, its pictures. Steps that were not run are named as such."""
    figures = BudgetFigures(budget, work)
    pictures = {}
    for name, (place, _) in _PICTURES.items():
        source = work / place.format(first=budget.trainings[0].name)
        if source.is_file():
            pictures[name] = f"images/{out.stem}_{name}.png"
            write_whole(out.parent / pictures[name], source.read_bytes())
    write_whole(out, page(figures, ledger, pictures).encode())


def page(figures: BudgetFigures, ledger: StepLedger, pictures: dict[str, str]) -> str:
    """The page; ``pictures`` are links by name."""
    budget = figures.budget
    pairs, matches = figures.counts()
    missing = [step.name for step in ledger.listed if not ledger.done(step)]
    lines = [
        f"# Results: budget `{budget.name}`",
        "Written by",
        "```",
        f"ros2 run dense_grasp_train reproduce --budget {budget.name}{_changed_pairs(budget)}",
        "```",
        *_machine(ledger),
        f"Seeds {', '.join(map(str, budget.seeds))} of every network; ± is the standard deviation over them."
        + (f" Test sets: {pairs} pairs of {matches} matches, the same for all." if pairs else ""),
    ]
    if missing:
        lines.append(f"**Not run**: {', '.join(missing)}.")
    lines += ["", "## What the paper claims, and what holds", *claims(figures), ""]
    lines += ["## Demanded and measured", *tables.demanded(figures), ""]
    lines += ["What was tried for the figures that are missed, and what limits them: `docs/tries.md`.", ""]
    lines += [
        "## Accuracy",
        "AUC is honest pixel PCK at 640x480, mean over k = 1…100. The legacy column is the published metric, which "
        "thresholds the cosine between coordinate vectors: compare it with the controls, most of which know nothing.",
        "",
        *tables.accuracy(figures),
        "",
        *_picture(pictures, "pck"),
        "## Health",
        "Means over the last tenth of the training, on its own pairs. A keypoint or match error near that of the "
        "centre alone is no learning; a spread of a few pixels is clumping; a depth range near 0, or a depth far off "
        "the true one, is collapse.",
        "",
        *tables.health(figures),
        "",
        "## The paper's tables",
        *tables.papers_tables(figures),
        "## Memory and latency",
        memory_markdown(figures.memory) if figures.memory else f"{tables.NOT_RUN}\n",
        *_picture(pictures, "memory"),
        figures.benchmark or f"{tables.NOT_RUN}\n",
        "## ResNet-34 on a GPU",
        *tables.paper_budget(figures),
        "",
        "`reproduce --budget paper` trains them where torch finds a CUDA device.",
        "",
        "## Export",
        figures.exported() or tables.NOT_RUN,
        "",
        "## Training pairs",
        *_picture(pictures, "pairs"),
        "## Commands",
        "In this order; a step is skipped while its inputs are the same. Minutes are those of this run: data that an "
        "earlier one had left cost nothing here. Load is the 15-minute average when a step ended.",
        "",
        *tables.steps(ledger),
    ]
    return "\n".join(lines) + "\n"


def _changed_pairs(budget: Budget) -> str:
    return "" if budget.pairs == BUDGETS[budget.name].pairs else f" --pairs {budget.pairs}"


def claims(figures: BudgetFigures) -> list[str]:
    """The paper's claims beside what was found."""
    cells = {(line["row"], line["dimension"]): line["estimated_gb"] for line in figures.memory.get("training", [])}
    product = "DON, NT-Xent as a matrix product"

    def size(row: str, dimension: int) -> str:
        value = cells.get((row, dimension))
        return f"{value:.2f} GB" if value is not None else tables.NOT_RUN

    rows = [
        [
            "Training DON needs more memory with every dimension; 64 and more do not fit 48 GB (Tables 1, 2)",
            f"estimated at D = 64: as released {size(published.DON, 64)}, the same loss as a matrix product "
            f"{size(product, 64)}",
            _verdict_of_don(cells.get((published.DON, 64)), cells.get((product, 64))),
        ],
        [
            "The framework trains D = 512 in 7.3 to 7.9 GB (Table 3)",
            f"estimated, 16 / 128 keypoints: {size(published.PAPER_16, 512)} / {size(published.PAPER_128, 512)}; at "
            f"D = 64 {size(published.PAPER_16, 64)} / {size(published.PAPER_128, 64)}",
            _verdict_of_memory(
                [cells.get((row, d)) for row in (published.PAPER_16, published.PAPER_128) for d in (64, 512)]
            ),
        ],
        ["AUC .948 to .962, beside DON's .922 to .953 (Tables 2, 3)", _metric(figures), _metric_verdict(figures)],
        [
            "Descriptors mined from keypoints match those trained on correspondences",
            _auc_line(figures, ("paper", "nt_xent")),
            _holds(figures, "paper", "nt_xent"),
        ],
        ["Longer descriptors are better (AUC grows with D)", "one dimension was trained", tables.NOT_RUN],
        [
            "*Added here:* the paper's losses with pixelwise NT-Xent as auxiliary loss (hybrid)",
            _auc_line(figures, ("hybrid", "nt_xent")),
            _holds(figures, "hybrid", "nt_xent"),
        ],
    ]
    if figures.budget.name == "paper":
        rows[4] = [rows[4][0], "see the networks with D = 64 and 256 under Accuracy", ""]
    return tables.table(["claim", "here", "holds?"], rows)


def _verdict_of_don(released: float | None, product: float | None) -> str:
    if released is None or product is None:
        return tables.NOT_RUN
    if released <= _PAPERS_GPU_GB:
        return "does not hold"
    return "of the released code, not of the method" if product <= _PAPERS_GPU_GB else "holds"


def _verdict_of_memory(sizes: list[float | None]) -> str:
    """Of sizes at D = 64 and 512, in pairs."""
    known = [size for size in sizes if size is not None]
    if not known:
        return tables.NOT_RUN
    holds = "holds" if max(known) < published.TRAINING_GIGABYTES[published.PAPER_128, 512] else "does not hold"
    flat = all(last < (1 + LARGEST_GROWTH) * first for first, last in zip(known[::2], known[1::2]))
    return f"{holds}; {'it need not grow with D at all' if flat else 'it grows with D'}"


def _metric(figures: BudgetFigures) -> str:
    centroid = [figures.controls(name).get("mask centroid", {}).get("legacy_cosine_auc") for name in figures.sets]
    known = [value for value in centroid if value is not None]
    own = tables.row_of(figures, "paper")
    values = [figures.over_seeds(own, name, "legacy_cosine_auc").mean for name in figures.sets] if own else []
    values = [value for value in values if np.isfinite(value)]
    if not known or not values:
        return tables.NOT_RUN
    return (
        f"by that metric the paper's method has {min(values):.3f} to {max(values):.3f} here, the centre of the mask, "
        f"which knows no descriptor, {min(known):.3f} to {max(known):.3f}"
    )


def _metric_verdict(figures: BudgetFigures) -> str:
    return "the metric cannot tell" if _metric(figures) != tables.NOT_RUN else ""


def _auc_line(figures: BudgetFigures, kinds: tuple[str, ...]) -> str:
    parts = []
    for kind in kinds:
        training = tables.row_of(figures, kind)
        if training is not None:
            found = (figures.over_seeds(training, name, "auc") for name in tables.DEMANDED_AUC)
            parts.append(f"{training.title}: {' / '.join(spread.text() for spread in found)}")
    return f"AUC {' / '.join(tables.DEMANDED_AUC)}. {'; '.join(parts)}"


def _holds(figures: BudgetFigures, first: str, second: str) -> str:
    """On how many of the demanded sets the first mean is not below the second."""
    trainings = [tables.row_of(figures, kind) for kind in (first, second)]
    if None in trainings:
        return tables.NOT_RUN
    means = [
        [figures.over_seeds(training, name, "auc").mean for name in tables.DEMANDED_AUC]
        for training in trainings
        if training is not None
    ]
    if not np.isfinite(means).all():
        return tables.NOT_RUN
    wins = sum(a >= b for a, b in zip(*means, strict=True))
    return f"first mean at least the second's on {wins} of {len(means[0])} sets"


def _machine(ledger: StepLedger) -> list[str]:
    stamps: list[dict[str, Any]] = [ledger.stamp(step) for step in ledger.listed if ledger.done(step)]
    if not stamps:
        return ["No step has been run."]
    machines = dict.fromkeys(
        f"{m['cores']} cores ({m['processor']}), {m['memory_gib']} GiB of memory, {m['gpu'] or 'no GPU here'}"
        for m in (stamp["machine"] for stamp in stamps)
    )
    versions = dict.fromkeys(", ".join(f"{k} {v}" for k, v in stamp["versions"].items()) for stamp in stamps)
    total = sum(stamp["cpu_seconds"] for stamp in stamps) / 60
    ended = max(stamp["ended"] for stamp in stamps)
    loads = [stamp["load_average"] for stamp in stamps]
    return [
        f"{' and '.join(machines)}; load average {min(loads):g} to {max(loads):g}. {total:.0f} CPU-minutes in all, "
        f"ended {ended}. Versions: {'; '.join(versions)}.",
        "",
    ]


def _picture(pictures: dict[str, str], name: str) -> list[str]:
    return [f"![{_PICTURES[name][1]}]({pictures[name]})", ""] if name in pictures else []
