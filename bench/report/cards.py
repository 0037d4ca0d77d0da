"""Cards: what a reader should know of each method, and of how the report was made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from bench import __version__
from bench.analysis.baseline import plain
from bench.analysis.spelled import known_row
from bench.analysis.spots import Spot
from bench.analysis.states import COUNTED
from bench.errors import told
from bench.expression import Expression
from bench.method import TRAINING_SLOTS, Method
from bench.plan.config import Config
from bench.plan.grid import dataset_named
from bench.record import Record
from bench.registry import METHODS, slots_of
from bench.report.provenance import asked
from bench.report.report import Entry, MethodCard
from bench.report.subject import Subject

TERA = 1e12


def cards(config: Config, frame: pd.DataFrame, subjects: Mapping[str, Subject]) -> Iterator[MethodCard]:
    """Give a card for each registered method that has a part in a row of the tables."""
    rows = {str(row): [call.name for call in Expression.parse(str(row)).calls] for row in frame["method"].unique()}
    for entry in METHODS:
        mine = [row for row, names in rows.items() if entry.name in names]
        if not mine:
            continue
        slots = slots_of(entry.cls)
        yield MethodCard(
            entry.name,
            entry.summary,
            entry.reference,
            slots,
            _cost(entry.name, slots, subjects),
            _parameters(entry.name, config, subjects) if any(entry.name in row.split("+") for row in mine) else "",
            _smallest(entry.name, mine, config, subjects),
            tuple(mine) if mine != [entry.name] else (),
        )


def _parameters(method: str, config: Config, subjects: Mapping[str, Subject]) -> str:
    """Return a method's arguments as the profile gives them, dataset by dataset where they differ."""
    texts: dict[str, list[str]] = {}
    for task, subject in subjects.items():
        for part in _made(method, method, config, task):
            text = ", ".join(f"{name}={value}" for name, value in part.parameters.items())
            texts.setdefault(text, []).append(subject.shown)
    return "".join(texts) if len(texts) == 1 else "; ".join(f"{', '.join(on)}: {it}" for it, on in texts.items())


def _smallest(method: str, rows: Iterable[str], config: Config, tasks: Iterable[str]) -> str:
    """Say how many images of a class a method needs, each number if its rows need several."""
    made = [part for row in rows for task in tasks for part in _made(method, row, config, task)]
    needed = sorted({part.smallest_count for part in made})
    return f"{' or '.join(map(str, needed))} images a class" if needed and needed[-1] > 1 else ""


def _made(method: str, row: str, config: Config, task: str) -> list[Method]:
    """Return the parts of a row that are this method; none where the row cannot be made as it is spelled."""
    if (found := known_row(row, config.profile.arguments(task))) is None:
        return []
    return [part for call, part in zip(found.expression.calls, found.parts, strict=True) if call.name == method]


def _cost(method: str, slots: Iterable[str], subjects: Mapping[str, Subject]) -> str:
    """Say what a fit costs at the most imbalanced place of each task, beside the baseline's."""
    lines, base = [], plain()
    for task, subject in subjects.items():
        there = {spot.method: cost for spot, cost in subject.costs.items() if spot.place == subject.rarest}
        mine = next((cost for name, cost in there.items() if name.partition("(")[0] == method), None)
        if mine is not None:
            at = there.get(Spot(base, task, subject.rarest).method)
            times = f", {mine / at:.1f} x {base}" if at else ""
            lines.append(f"{mine / TERA:.2g} TFLOP a fit on {subject.shown}{times}")
    shares = method != base and not {*slots} & {*TRAINING_SLOTS}
    return "; ".join(lines) + (f" (it reads {base}'s fits)" if shares else "")


def environment(records: Iterable[Record]) -> Iterator[Entry]:
    """Give the versions and machines behind the records; several machines are several values."""
    yield "imbalance-bench, for this page", __version__
    found: dict[str, dict[str, None]] = {}
    for record in records:
        for name, value in record.environment.items():
            found.setdefault(told(name), {})[told(value)] = None
    for name, values in sorted(found.items()):
        yield name, " or ".join(sorted(values))


def commands(config: Config, tasks: Iterable[str], frame: pd.DataFrame) -> Iterator[Entry]:
    """Give what makes the report again, each command with what it is for."""
    profile = config.run.profile
    done = frame[frame["status"].isin(COUNTED)]
    shown = (done if len(done) else frame).iloc[:1]
    (row,), ((_, at),) = shown.to_dict("records"), asked(config, shown).values()
    yield "Set up", "make setup && . .venv/bin/activate"
    for task in tasks:
        if dataset_named(task, config).has_files:
            yield f"Get the images of {task}", f"imbench data prepare {task}"
        yield f"Run {task} and write this page", f"make bench DATASET={task} PROFILE={profile}"
    yield "Write this page from the records that are there", f"imbench report --profile {profile}"
    yield "Recompute every figure on this page", f"imbench verify {config.paths.reports}/{profile}"
    example = f"{row['task']}/{at}/{row['method']}/{row['seed']}"
    yield "Say what a cell rests on", f'imbench why "{example}" --profile {profile}'
