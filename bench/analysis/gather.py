"""Gather: choose the records of a report, make its frames, and compare its methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from bench.analysis.columns import columns
from bench.analysis.decisions import decision_of
from bench.analysis.frame import frame, with_alike
from bench.analysis.measured import measured
from bench.analysis.origins import Origin, Wish, origins_of
from bench.analysis.spots import Place
from bench.errors import UserError
from bench.plan.config import Config
from bench.plan.jobcode import code_of
from bench.record import Record, digest
from bench.statistics.best import Family, compare
from bench.statistics.outcomes import Outcomes
from bench.store.store import Store


@dataclass(frozen=True)
class Gathered:
    """All that a report is made of: each dataset's origin, every record by id, and the frame of all cells.

    `lost` has a line for each dataset whose records cannot be shown, and why.
    """

    config: Config
    origins: Mapping[str, Origin]
    records: Mapping[str, Record]
    frame: pd.DataFrame
    measured: pd.DataFrame
    outcomes: Mapping[Place, Outcomes]
    families: Mapping[str, Family]
    banner: str
    lost: tuple[str, ...] = field(default=())

    def outcomes_of(self, task: str) -> dict[str, Outcomes]:
        """Return a dataset's columns by place, the most imbalanced first."""
        mine = {place: it for (name, place), it in self.outcomes.items() if name == task}
        rows = self.frame[self.frame["task"] == task].sort_values(["minority_count", "majority_count"], kind="stable")
        by_rarest = rows.drop_duplicates("place").sort_values("minority_count", kind="stable")
        return {place: mine[place] for place in by_rarest["place"] if place in mine}


def gather(config: Config, stores: Sequence[Store], wish: Wish | None = None) -> Gathered:
    """Read the records of the Config's profile and compare its methods.

    Parameters
    ----------
    stores
        Where to look, see `origins_of`.

    Raises
    ------
    UserError
        There is no record to report on.
    """
    wish = wish or Wish()
    origins, lost = origins_of(config, stores, wish)
    if not origins:
        places = " or ".join(str(store.root) for store in stores)
        why = "; ".join(lost) or "`imbench run` makes some"
        raise UserError(f"no record of profile {config.run.profile} in {places}; {why}")
    cells = [cell for origin in origins.values() for cell in origin.grid.cells]
    jobs = [job for origin in origins.values() for job in origin.grid.jobs]
    records = {id: record for origin in origins.values() for id, record in origin.records.items()}
    codes = {} if wish.stale is not None else {job.id: digest(code_of(job)) for job in jobs}

    def is_stale(record: Record) -> bool:
        return record.id in wish.stale if wish.stale is not None else record.code_digest != codes[record.id]

    rows = [cell for cell in cells if not wish.is_aside(cell.method)]
    outcomes = columns(rows, records.get, decision_of)
    families = {name: compare([it for (task, _), it in outcomes.items() if task == name]) for name in origins}
    table = with_alike(frame(cells, records.get, decision_of, is_stale), _alike(families))
    judged = measured(jobs, config.run.profile, records.get, is_stale)
    banner = wish.banner or _banner(config, origins)
    return Gathered(config, origins, records, table, judged, outcomes, families, banner, tuple(lost))


def _alike(families: Mapping[str, Family]) -> dict[tuple[Place, str], list[str]]:
    found: dict[tuple[Place, str], list[str]] = {}
    for task, family in families.items():
        for it in family.comparisons:
            for method in it.indistinguishable():
                found.setdefault(((task, it.column), method), []).append(it.metric)
    return found


def _banner(config: Config, origins: Mapping[str, Origin]) -> str:
    roots = dict.fromkeys(str(origin.store.root) for origin in origins.values())
    folders = {root: [name for name, it in origins.items() if str(it.store.root) == root] for root in roots}
    places = "; ".join(f"{', '.join(names)} from {folder}" for folder, names in folders.items())
    return f"Profile {config.run.profile}, seeds: {config.run.seeds}. Records: {places}."
