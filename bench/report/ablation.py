"""Ablations: a row of the paper with other arguments, such as AUG(class_weight=off), beside the row itself."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd

from bench.papers.sahoo2020 import tables as paper
from bench.report import views
from bench.analysis.layout import METRICS, Layout, method_key, part_of
from bench.report.pages import both
from bench.report.table import Table

UNTESTED = "Bold is the higher mean, no more: ablations are not among the comparisons of the dataset's methods."
CALL = re.compile(r"(\w+)\(.*\)")


def ablated(method: str) -> str:
    """Return the paper's row that a method is an ablation of: AUG for `AUG(class_weight=off)`; "" if of none."""
    called = CALL.fullmatch(method.replace(" ", ""))
    rows = {row for layout in paper.layouts() for row in layout.methods}
    return called[1] if called and "+" not in called[1] and method not in rows and called[1] in rows else ""


def main_rows(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells that Tables 1 to 10 are made of: of the first translator, and no ablation."""
    asides = [method for method in cells["method"].unique() if ablated(method)]
    return cells[(cells["translator"] == 0) & ~cells["method"].isin(asides)]


def ablation_files(task: str, cells: pd.DataFrame, banner: str, interval: bool) -> dict[str, str]:
    """Return `ablation_<task>` as page and LaTeX, by file name; nothing where the task's cells hold no ablation."""
    tables = ablation_tables(task, cells, banner, interval)
    rows = dict.fromkeys(ablated(method) for method in _variants(task, cells))
    return both(f"ablation_{task}", f"{paper.shown(task)}: ablations of {' and '.join(rows)}", tables) if tables else {}


def ablation_tables(task: str, cells: pd.DataFrame, banner: str, interval: bool) -> dict[str, Table]:
    """Return a table for each of `METRICS`, by heading, of the first translator; none where there is no ablation."""
    first = cells[(cells["task"] == task) & (cells["translator"] == 0)]
    variants = _variants(task, cells)
    if not variants:
        return {}
    families = dict.fromkeys(ablated(method) for method in variants)
    methods = [row for bare in families for row in (bare, *(each for each in variants if ablated(each) == bare))]
    keys = {method_key(method) for method in methods}
    mine = first[[method_key(method) in keys for method in first["method"]]].assign(alike="")
    part = part_of(task, mine, paper.shown(task))
    tables = {}
    for metric in METRICS:
        layout = Layout(f"ablation_{task}_{metric}", metric, (part,), tuple(methods))
        table = views.ours(layout, mine, banner, interval)
        shown = replace(table, title=f"Ablation. {table.title}", notes=(UNTESTED, *table.notes))
        tables[table.title.partition(": ")[2]] = shown
    return tables


def _variants(task: str, cells: pd.DataFrame) -> list[str]:
    first = cells[(cells["task"] == task) & (cells["translator"] == 0)]
    return [method for method in first["method"].unique() if ablated(method)]
