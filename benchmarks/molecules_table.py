"""Makes the tables of docs/molecules.md from the runs that benchmarks/molecules.py has recorded."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent.parent / "docs" / "molecules.md"
BEGIN, END = "<!-- tables begin -->", "<!-- tables end -->"
LABELS = {"pg": "policy gradient", "reinvent": "REINVENT", "ppo": "PPO", "trpo": "TRPO"}
FIGURES = {
    "auc_top1": "AUC top-1",
    "auc_top10": "AUC top-10",
    "auc_top100": "AUC top-100",
    "diversity": "diversity",
    "valid": "valid",
    "cpu_ms_per_call": "CPU ms per call",
}

Row = dict[str, Any]


def write(rows: Sequence[Row]) -> None:
    """Put the tables between the page's marks; the words around them stay."""
    head, rest = PAGE.read_text().split(BEGIN)
    tables = "\n".join(section(rows, budget) for budget in sorted({row["budget"] for row in rows}, reverse=True))
    PAGE.write_text(f"{head}{BEGIN}\n{tables}\n{END}{rest.split(END)[1]}")


def section(rows: Sequence[Row], budget: int) -> str:
    """All that was measured on one budget."""
    rows = [row for row in rows if row["budget"] == budget]
    methods = [method for method in LABELS if any(row["method"] == method for row in rows)]
    parts = [f"### {budget:,} oracle calls\n", by_objective(rows, methods)]
    parts += [summary(rows, method) for method in methods if method != "reinvent"]
    return "\n".join(parts)


def by_objective(rows: Sequence[Row], methods: Sequence[str]) -> str:
    """AUC of the top ten, mean over seeds, of each method; how many seeds there are stands behind it."""
    head = ["objective", *(LABELS[method] for method in methods)]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for objective in dict.fromkeys(row["objective"] for row in rows):
        cells = []
        for method in methods:
            found = [r["auc_top10"] for r in rows if r["objective"] == objective and r["method"] == method]
            cells.append(f"{statistics.fmean(found):.3f} ({len(found)})" if found else "-")
        lines.append(f"| {objective} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def summary(rows: Sequence[Row], method: str) -> str:
    """A method beside REINVENT: the mean over objectives, however many seeds both have run on each."""
    ours, theirs = ({(r["objective"], r["seed"]): r for r in rows if r["method"] == m} for m in (method, "reinvent"))
    both = ours.keys() & theirs.keys()
    objectives = sorted({objective for objective, _ in both})
    if not both:
        return ""

    def means(found: dict[tuple, Row], name: str) -> list[float]:
        return [statistics.fmean(found[key][name] for key in both if key[0] == one) for one in objectives]

    head = f"{len(objectives)} objectives, {len(both)} runs of both"
    lines = [f"| {head} | {LABELS[method]} | REINVENT | ratio |", "|---|---|---|---|"]
    for name, label in FIGURES.items():
        one, other = (statistics.fmean(means(found, name)) for found in (ours, theirs))
        lines.append(f"| {label}, mean | {one:.3f} | {other:.3f} | {one / other if other else float('nan'):.3f} |")
    pairs = zip(means(ours, "auc_top10"), means(theirs, "auc_top10"), strict=True)
    ahead = sum(one > other for one, other in pairs)
    lines.append(f"| objectives ahead in AUC top-10 | {ahead} of {len(objectives)} | | |")
    return "\n".join(lines) + "\n"
