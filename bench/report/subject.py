"""The subject: one dataset with all that is known of its methods, as listings and charts need it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import pandas as pd

from bench import registry
from bench.analysis.decisions import RecordOf, decision_of
from bench.analysis.experiments import (
    Chance,
    ControlFigures,
    OracleGap,
    chances,
    control_figures,
    costs,
    oracle_gaps,
    training_key,
)
from bench.analysis.gather import Gathered
from bench.analysis.layout import Part, main_rows, part_of
from bench.analysis.metrics import headline
from bench.analysis.origins import Origin, possible
from bench.analysis.recommending import Advised, recommendations, settled
from bench.analysis.second import Opinion, opinions
from bench.analysis.spots import Spot
from bench.errors import DataError, UserError
from bench.papers import shelf
from bench.plan.config import Config
from bench.plan.grid import Cell
from bench.plan.identity import protocol_identity
from bench.record import Record
from bench.report.ahead import ahead
from bench.statistics.best import Family
from bench.statistics.outcomes import Outcomes


@dataclass(frozen=True, eq=False)
class Subject:
    """One dataset.

    Attributes
    ----------
    frame
        Its rows of `bench.analysis.frame`: translator 0 only, no ablations.
    cells
        Its cells, likewise.
    outcomes
        Decisions by place, the most imbalanced first.
    costs
        Floating-point operations of a fit.
    advised
        What to take, or why nothing can be said of that.
    opinions
        Second opinions of its fits.
    """

    task: str
    shown: str
    frame: pd.DataFrame
    cells: Sequence[Cell]
    outcomes: Mapping[str, Outcomes]
    family: Family
    costs: Mapping[Spot, float]
    controls: Sequence[ControlFigures]
    gaps: Sequence[OracleGap]
    chances: Sequence[Chance]
    records: Mapping[str, Record]
    advised: Advised | str
    opinions: Sequence[Opinion] = ()

    @property
    def rarest(self) -> str:
        """The most imbalanced place that has records."""
        return next(iter(self.outcomes))

    @property
    def cell(self) -> Cell:
        """A cell of that place."""
        return next(cell for cell in self.cells if cell.place == self.rarest)

    @cached_property
    def part(self) -> Part:
        """The dataset's places as tables have them."""
        return part_of(self.task, self.frame, self.shown)

    @property
    def of_two(self) -> bool:
        """Whether it has two classes."""
        return len(self.cell.classes) == 2

    @property
    def minority(self) -> str:
        """The rarest class there."""
        return self.cell.classes[self.outcomes[self.rarest].minority]

    @property
    def headline(self) -> str:
        """The metric that a summary speaks of."""
        return headline(len(self.cell.classes))

    @property
    def stub(self) -> str:
        """What heads a column of places."""
        return f"Images of {self.minority}" if self.part.by_count else "Training images"

    @property
    def at_rarest(self) -> str:
        """The most imbalanced place in print: `25 zebra images`, or its label."""
        return self.at(self.rarest)

    def at(self, place: str) -> str:
        """Return a place in print: `25 zebra images`, or its label."""
        return f"{self.text(place)} {self.minority} images" if self.part.by_count else place

    def text(self, place: str) -> str:
        """Return what heads a place's column."""
        return next((self.part.text(it) for it in self.part.columns if it.place == place), place)

    def done(self, place: str) -> dict[str, list[Record]]:
        """Return the done records of each method at a place."""
        return self._done.get(place, {})

    @cached_property
    def _done(self) -> dict[str, dict[str, list[Record]]]:
        found: dict[str, dict[str, list[Record]]] = {}
        for cell in self.cells:
            record = self.records.get(cell.fit)
            if record is not None and record.status == "done" and record.test is not None:
                found.setdefault(cell.place, {}).setdefault(cell.method, []).append(record)
        return found

    def ids(self, place: str, *methods: str) -> tuple[str, ...]:
        """Return the records of some methods at a place, of all if none is named."""
        done = self.done(place)
        return tuple(dict.fromkeys(it.id for method in methods or done for it in done.get(method, ())))

    def scores(self, method: str, records: Iterable[Record]) -> np.ndarray:
        """Return the scores by which a method decides about the test images of records, one after the other."""
        decide = decision_of(next(cell.expression for cell in self.cells if cell.method == method))
        return np.concatenate([decide(record).scores for record in records])


def subjects_of(found: Gathered, begin: Callable[[Subject], None] = lambda _: None) -> dict[str, Subject]:
    """Return every dataset that has records; `begin` is told of each as soon as it is there."""
    tasks = [task for task in found.origins if found.outcomes_of(task)]
    spent = {task: costs(found.origins[task].grid, found.records.get) for task in tasks}
    asked = [partial(_advised, task, found.origins[task].slim(), spent[task]) for task in tasks]
    advised = ahead(asked, "compared methods", here=not others_know_methods(found.config))
    subjects: dict[str, Subject] = {}
    for task in tasks:
        subjects[task] = _subject(task, found, spent[task], advised)
        begin(subjects[task])
    return subjects


def others_know_methods(config: Config) -> bool:
    """Return whether other processes may be asked about methods; those of plugins are in this one alone."""
    return config.run.executor != "inline" and not config.plugins


def _beside(
    config: Config, task: str, mine: Iterable[Record], record_of: RecordOf
) -> tuple[Sequence[ControlFigures], Sequence[OracleGap]]:
    """Return what controls and audits found; nothing where the images are not here, of which both are planned."""
    audited = any(record.kind == "audit" for record in mine)  # else every fit would be planned in vain
    try:
        asked, _ = possible(config, task)
        gaps = oracle_gaps(asked, record_of, decision_of, "acsa") if audited else []
        return control_figures(asked, record_of, decision_of), gaps
    except DataError:
        return (), ()


def _subject(task: str, found: Gathered, spent: Mapping[Spot, float], advised: Iterator[Advised | str]) -> Subject:
    origin, config = found.origins[task], found.config
    cells = [cell for cell in origin.grid.cells if not cell.translator and not shelf.ablated(cell.method)]
    rows = {
        training_key(found.records[cell.fit]): cell.expression
        for cell in reversed(cells)  # of rows that share a fit, the first has it as its own
        if cell.fit in found.records
    }
    mine = [it for it in found.records.values() if it.identity.get("dataset") == task]
    protocol = protocol_identity(config.profile.protocol(task))
    record_of = found.records.get
    return Subject(
        task,
        shelf.shown(task),
        main_rows(found.frame[found.frame["task"] == task], shelf.ablated),
        cells,
        found.outcomes_of(task),
        found.families[task],
        spent,
        *_beside(config, task, mine, record_of),
        chances(mine, protocol, rows, decision_of, "acsa"),
        found.records,
        next(advised),
        opinions(origin.grid, origin.records, origin.again, shelf.ablated),
    )


def _advised(task: str, origin: Origin, spent: Mapping[Spot, float]) -> Advised | str:
    """Return what to take, with what would end each doubt, or why nothing can be said; in whatever process."""
    registry.load()
    try:
        return settled(recommendations(origin, task, shelf.ablated, spent=spent))
    except UserError as reason:
        return str(reason)
