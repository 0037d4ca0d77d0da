"""The first look: means of the rows that are done while the others still train, on one page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from bench.analysis.decisions import decision_of
from bench.analysis.frame import frame
from bench.analysis.metrics import METRICS, headline
from bench.analysis.spots import method_key
from bench.analysis.summary import summarise
from bench.plan.config import Config
from bench.plan.grid import Cell
from bench.report.markdown import escape
from bench.store.leftovers import write_anew
from bench.store.store import Store

FILE = "first_look.md"


def write_first_look(config: Config, cells: Sequence[Cell], store: Store) -> Path:
    """Write the means of some cells to `reports/PROFILE/first_look.md`, a table a metric, and return the file.

    Raises
    ------
    StoreError
        The folder cannot be written.
    """
    found = frame(cells, store.get, decision_of, lambda record: False)
    seeds = len({cell.seed for cell in cells})
    places = dict.fromkeys((cell.dataset, cell.place) for cell in cells)
    methods = dict.fromkeys(cell.method for cell in cells)
    wanted = dict.fromkeys(name for cell in cells for name in (headline(len(cell.classes)), "acsa", "roc_auc"))
    pages = [
        f"# A first look: {seeds} seeds of profile {config.run.profile}",
        "Means over the seeds that are done, of the rows that need no translator or generator; the others still train. "
        "`imbench report` writes the tables once the run has ended, with what can be believed of a difference.",
    ]
    for metric in (name for name in wanted if name in METRICS):
        values = summarise(found, metric)
        lines = [
            [escape(method), *(_mean(values.get((method_key(method), place))) for place in places)]
            for method in methods
        ]
        heads = ["", *(escape(" ".join(place)) for place in places)]
        table = tabulate(lines, heads, tablefmt="pipe", disable_numparse=True)
        pages.append(f"## {METRICS[metric].title}\n\n{table}")
    path = config.paths.reports / config.run.profile / FILE
    write_anew(path, ("\n\n".join(pages) + "\n").encode(), durable=False)
    return path


def _mean(value: object) -> str:
    mean = getattr(value, "mean", None)
    return "" if mean is None else f"{mean:.3f}"
