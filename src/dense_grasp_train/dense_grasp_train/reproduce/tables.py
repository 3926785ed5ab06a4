"""Tables of the page that `reproduce` writes; each takes the figures and gives Markdown lines."""

from __future__ import annotations

from typing import Any

from dense_grasp_train.benchmarks import published
from dense_grasp_train.benchmarks.memory import LARGEST_GIGABYTES, LARGEST_GROWTH
from dense_grasp_train.reproduce.figures import BudgetFigures, SeedSpread
from dense_grasp_train.reproduce.steps import BUDGETS, Training

DEMANDED_AUC = {"augmented": 0.93, "view change": 0.78, "unseen cap": 0.72}
DEMANDED_CPU_MINUTES = 10.0
NOT_RUN = "not run"
_NOT_BEHIND = "not behind by more than its standard error"
_COLUMNS = ("auc", "pck3", "pck5", "pck10", "pck20", "median_px", "p90_px", "legacy_cosine_auc")


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    """A Markdown table."""
    lines = [f"| {' | '.join(header)} |", "|---" * len(header) + "|"]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def demanded(figures: BudgetFigures) -> list[str]:
    """What was asked of the first training and of the memory, beside what was measured."""
    own = figures.budget.trainings[0]
    count = len(figures.costs(own))
    rows = []
    for name, least in DEMANDED_AUC.items():
        spread = figures.over_seeds(own, name, "auc")
        word = _verdict(spread.mean >= least) if spread.values else NOT_RUN
        rows.append([f"{own.title}: AUC, {name}, mean over {count} seeds", f"≥ {least}", spread.text(), word])
    minutes = SeedSpread(tuple(cost["cpu_minutes"] for cost in figures.costs(own)))
    most = max(minutes.values, default=float("nan"))
    word = _verdict(most <= DEMANDED_CPU_MINUTES) if minutes.values else NOT_RUN
    rows.append([f"{own.title}: processor minutes of a training", f"≤ {DEMANDED_CPU_MINUTES:g}", minutes.text(1), word])
    for name, pair in figures.paired(own).items():
        error = pair["standard_error"] or float("nan")
        asked = dict.fromkeys(DEMANDED_AUC, _NOT_BEHIND) | {"view change": "> its standard error"}
        good = pair["difference"] > error if name == "view change" else pair["difference"] >= -error
        rows.append(
            [
                f"{own.title} minus {_title(figures, own.against)}, same pairs: AUC, {name}",
                asked.get(name, "–"),
                f"{pair['difference']:+.4f}, standard error {error:.4f}",
                _verdict(good) if name in asked else "",
            ]
        )
    for check in figures.memory.get("demands", []):
        rows.append(
            [
                f"{check['row']}: training memory from D = {check['from']} to {check['to']}, estimated",
                f"< +{LARGEST_GROWTH:.0%}, < {LARGEST_GIGABYTES:g} GB",
                f"{check['growth']:+.1%}, {check['gigabytes']:.2f} GB",
                _verdict(check["reached"]),
            ]
        )
    return table(["what", "demanded", "measured", ""], rows)


def accuracy(figures: BudgetFigures) -> list[str]:
    """Every set and row, mean ± std over seeds; controls once."""
    rows = []
    for name in figures.sets:
        for training in figures.budget.trainings:
            spreads = [figures.over_seeds(training, name, column) for column in _COLUMNS]
            if spreads[0].values:
                cells = [spread.text(1 if column.endswith("px") else 3) for spread, column in zip(spreads, _COLUMNS)]
                rows.append([name, f"**{training.title}**", str(len(spreads[0].values)), *cells])
        for row, found in figures.controls(name).items():
            cells = [f"{found[column]:.{1 if column.endswith('px') else 3}f}" for column in _COLUMNS]
            rows.append([name, row, "", *cells])
    header = ["set", "predictor", "seeds", "AUC", "PCK@3", "@5", "@10", "@20", "median px", "p90 px", "legacy AUC"]
    return table(header, rows)


def health(figures: BudgetFigures) -> list[str]:
    """What tells learning from collapse, at the end of every training."""
    columns = (
        ("keypoint_error_px", "keypoint error px", 0),
        ("match_error_px", "match error px", 0),
        ("centre_only_error_px", "centre only px", 0),
        ("spread_px", "keypoint spread px", 1),
        ("rotation_error_deg", "rotation error °", 0),
        ("depth_m", "depth m", 2),
        ("depth_range_m", "depth range m", 3),
        ("true_depth_m", "true depth m", 2),
        ("descriptor_spread", "descriptor spread", 2),
    )
    rows = []
    for training in figures.budget.trainings:
        found = figures.health(training)
        costs = figures.costs(training)
        if found and costs:
            cells = [found.get(key, SeedSpread(())).text(digits) for key, _, digits in columns]
            minutes = SeedSpread(tuple(cost["cpu_minutes"] for cost in costs)).text(1)
            rows.append([training.title, str(len(costs)), f"{costs[0]['steps']:g}", minutes, *cells])
    return table(["network", "seeds", "steps", "CPU-min", *(title for _, title, _ in columns)], rows)


def papers_tables(figures: BudgetFigures) -> list[str]:
    """Tables 1 to 3 of the paper: what it prints and what was found here, side by side."""
    lines: list[str] = []
    tables = (
        ("Tables 1 and 2: Dense Object Nets with pixelwise NT-Xent", published.DON, (3, 8, 16, 32, 64)),
        ("Table 3: the paper's method with 16 keypoints", published.PAPER_16, (64, 128, 256, 512)),
        ("Table 3: the paper's method with 128 keypoints", published.PAPER_128, (3, 8, 16, 32, 64, 128, 256, 512)),
    )
    cells = {(line["row"], line["dimension"]): line for line in figures.memory.get("training", [])}
    for title, row, dimensions in tables:
        rows = [
            ["the paper: AUC of its own metric", *(_plain(published.LEGACY_AUC.get((row, d)), 3) for d in dimensions)],
            ["the paper: GB", *(_plain(published.TRAINING_GIGABYTES.get((row, d)), 2) for d in dimensions)],
            ["here: GB, estimated", *(_plain(cells.get((row, d), {}).get("estimated_gb"), 2) for d in dimensions)],
            ["here: GB, allocated / reserved", *(_measured(cells.get((row, d), {})) for d in dimensions)],
        ]
        if row == published.DON:
            product = "DON, NT-Xent as a matrix product"
            sizes = (_plain(cells.get((product, d), {}).get("estimated_gb"), 2) for d in dimensions)
            rows.append(["here, the same loss as a matrix product: GB, estimated", *sizes])
        lines += [f"### {title}", "", *table(["D", *map(str, dimensions)], rows), ""]
    return lines


def paper_budget(figures: BudgetFigures) -> list[str]:
    """The networks that need a GPU, trained or not."""
    rows = []
    here = figures.budget.name == "paper"
    for training in BUDGETS["paper"].trainings:
        cells = [figures.over_seeds(training, name, "auc").text() if here else "–" for name in DEMANDED_AUC]
        rows.append([training.title, *cells, "" if here else "no GPU here: not trained"])
    return table(["network", *DEMANDED_AUC, ""], rows)


def steps(ledger: Any) -> list[str]:
    """Every step's cost and command."""
    rows = []
    for step in ledger.listed:
        stamp = ledger.stamp(step)
        done = ledger.done(step)
        cost = [f"{stamp[key] / 60:.1f}" if done else NOT_RUN for key in ("cpu_seconds", "wall_seconds")]
        load = f"{stamp['load_average']:g}" if done else ""
        rows.append([step.name, *cost, load, f"`ros2 run dense_grasp_train {_shown(step.arguments)}`"])
    return table(["step", "CPU-min", "wall, min", "load", "command"], rows)


def _shown(arguments: tuple[str, ...]) -> str:
    import shlex

    return shlex.join(arguments)


def _title(figures: BudgetFigures, name: str) -> str:
    return next((t.title for t in figures.budget.trainings if t.name == name), name)


def _verdict(good: bool) -> str:
    return "reached" if good else "**missed**"


def _plain(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _measured(figure: dict[str, Any]) -> str:
    found = figure.get("measured_gb")
    if isinstance(found, dict):
        return f"{found['allocated']:.2f} / {found['reserved']:.2f}"
    return str(found) if found else "no GPU here"


def row_of(figures: BudgetFigures, kind: str) -> Training | None:
    """The first training of a kind: hybrid, nt_xent or paper."""
    return next((t for t in figures.budget.trainings if t.name.startswith(kind)), None)
