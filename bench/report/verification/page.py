"""Verifying the page: every figure of index.html must be what the records give, to the decimals that it prints."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean, stdev

from scipy import stats

from bench.claims.published import published
from bench.analysis.layout import method_key
from bench.report.table import DECIMALS
from bench.report.verification.cells import Figures
from bench.report.verification.mismatch import Mismatch
from bench.report.verification.pagefigures import PageFigure, page_figures, printed_number

FILE = "index.html"
LEVEL = 0.95
PAPER = "paper"
KNOWN = frozenset({"mean", "low", "high", "sd", "half_width", "run", "difference", "wins"})


@dataclass(frozen=True)
class Page:
    """How many figures of a page were compared, which have no rule by which to recompute them, and what disagrees."""

    compared: int
    rest: tuple[PageFigure, ...]
    mismatches: tuple[Mismatch, ...]


def check_page(html: str, figures: Figures, profile: str) -> Page:
    """Compare every element that has `data-figure` with the runs' recomputed figures.

    The element's text, and `data-value` where it has one, must be what `data-figure` says: `mean` over seeds; `sd`
    (ddof 1); `low` and `high`, the ends of the 95 % Student interval; `run`, of the seed `data-seed`; `difference` to
    the mean of the method `data-against`, or of the printed mean to the paper's number if that is `paper`; `wins`, the
    seeds in which it is above that method. Its cell is data-task, -minority, -method, -metric and -profile. A `text`
    with a value against `paper` is the paper's own number. What is of another kind, or about a metric that no row of
    cells.csv has, is among the rest. A page without any such element is a mismatch.
    """
    found = page_figures(html)
    if not found:
        return Page(0, (), (Mismatch(FILE, 0, "page", "no figure", "each figure must say what it is: data-figure"),))
    metrics = {name for runs in figures.values() for run in runs.values() for name in run}
    checked, rest = [[it for it in found if _has_rule(it, metrics) == has] for has in (True, False)]
    wrong = [mismatch for figure in checked if (mismatch := _check(figure, figures, profile))]
    return Page(len(checked), tuple(rest), tuple(wrong))


def _has_rule(figure: PageFigure, metrics: set[str]) -> bool:
    said = figure.attributes
    if said["figure"] == "text":
        return said.get("against") == PAPER and "value" in said and _of_paper(said) is not None
    return said["figure"] in KNOWN and said.get("metric", "") in metrics


def _check(figure: PageFigure, figures: Figures, profile: str) -> Mismatch | None:
    said = figure.attributes
    value = None
    if said.get("profile", profile) == profile and said.get("minority", "").isdigit():
        value = _of_paper(said) if said["figure"] == "text" else _value(said, figures)
    texts = [figure.text, *([said["value"]] if "value" in said else [])]
    wrong = [text for text in texts if not _agrees(text, value)]
    if not wrong:
        return None
    shown = "the records give no such figure" if value is None else f"{value:.6f}"
    return Mismatch(FILE, figure.line, f"{figure.place} {said['figure']}", wrong[0], shown)


def _agrees(text: str, value: float | None) -> bool:
    """Say whether a text's first number is the value, rounded."""
    printed = printed_number(text)
    if printed is None or value is None:
        return False
    number, decimals = printed
    return math.isclose(number, value, rel_tol=1e-12, abs_tol=0.5000001 * 10.0 ** -min(decimals, 9))


def _of_paper(said: Mapping[str, str]) -> float | None:
    if not said.get("minority", "").isdigit():
        return None
    task, method, metric = (said.get(name, "") for name in ("task", "method", "metric"))
    level = published().level(task, int(said["minority"]), metric, method)
    return None if level is None else level.value


def _value(said: Mapping[str, str], figures: Figures) -> float | None:
    """Return what a figure should be, None where the records do not give it."""
    mine = _runs(said, said.get("method", ""), figures)
    name, against = said["figure"], said.get("against", "")
    if not mine:
        return None
    if name == "run":
        return next((value for seed, value in mine.items() if str(seed) == said.get("seed")), None)
    if name == "wins" or (name == "difference" and against != PAPER):
        theirs = _runs(said, against, figures)
        if not theirs or (name == "wins" and theirs.keys() != mine.keys()):
            return None
        if name == "wins":
            return float(sum(mine[seed] > theirs[seed] for seed in mine))
        return fmean(mine.values()) - fmean(theirs.values())
    if name == "difference":
        paper = _of_paper(said)
        return None if paper is None else round(fmean(mine.values()), DECIMALS) - round(paper, DECIMALS)
    return _over_seeds(name, list(mine.values()))


def _runs(said: Mapping[str, str], method: str, figures: Figures) -> dict[int, float]:
    """Return a method's figure by seed."""
    runs = figures.get((said.get("task", ""), int(said["minority"]), method_key(method)), {})
    values = {seed: run[said["metric"]] for seed, run in runs.items() if said["metric"] in run}
    return {seed: value for seed, value in values.items() if not math.isnan(value)}


def _over_seeds(name: str, values: list[float]) -> float | None:
    mean = fmean(values)
    if name == "mean" or len(values) < 2:
        return mean if name == "mean" else None
    sd = stdev(values)
    half = float(stats.t.ppf((1 + LEVEL) / 2, len(values) - 1)) * sd / math.sqrt(len(values))
    return {"sd": sd, "half_width": half, "low": mean - half, "high": mean + half}[name]
