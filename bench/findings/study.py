"""Studies: each dataset under each profile, with what is believed of its methods; all that findings are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pandas as pd

from bench import registry
from bench.analysis.believed import Believed, believed
from bench.analysis.decisions import decision_of
from bench.analysis.experiments import ControlFigures, control_figures
from bench.analysis.gather import Gathered
from bench.analysis.origins import Origin, possible
from bench.analysis.second import Opinion, opinions
from bench.dataset import Task
from bench.errors import DataError, UserError
from bench.findings.section import Link
from bench.networks.network import network_of
from bench.papers import shelf
from bench.plan.config import Config
from bench.report.ahead import ahead
from bench.report.build import gathered
from bench.report.cautions import has_seen
from bench.report.emit import INDEX
from bench.report.subject import others_know_methods
from bench.store.store import Store

STAR = "*"


@dataclass(frozen=True, eq=False)
class Study:
    """One dataset under one profile; its first place is the most imbalanced."""

    profile: str
    task: str
    shown: str
    believed: Believed
    controls: Sequence[ControlFigures]
    opinions: Sequence[Opinion]
    page: str
    absent: Mapping[str, tuple[str, ...]]  # by place: rows asked for there, or run elsewhere, without runs, or with few
    frozen: bool  # whether only a last layer is trained, on the features of a body
    seen: bool  # whether that body was trained on the dataset's photographs, with their labels
    validation: int  # images of the rarest class at the most imbalanced place, by which epochs and thresholds go

    @property
    def places(self) -> tuple[Task, ...]:
        """Where there are runs, the most imbalanced first."""
        return self.believed.places

    @property
    def rarest(self) -> str:
        """The most imbalanced place."""
        return self.places[0].place

    @property
    def of_two(self) -> bool:
        """Whether it has two classes."""
        return len(self.places[0].classes) == 2

    def name(self, place: str = "") -> str:
        """Return the study in print, at a place if one is named; starred where its body has seen the photographs."""
        return f"{self.shown}{f' {place}' if place else ''}, {self.profile}{STAR if self.seen else ''}"

    @property
    def link(self) -> Link | str:
        """Where the numbers stand: the report's page, if it is there."""
        return Link(self.page.removeprefix("reports/"), self.page) if self.page else "`imbench report`"


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that there is: what was gathered by profile, the studies, and a line for what could not be read."""

    gathered: Mapping[str, Gathered]
    studies: tuple[Study, ...]
    lost: tuple[str, ...]

    @property
    def profiles(self) -> tuple[str, ...]:
        """The profiles that have records, in the order of the configuration."""
        return tuple(self.gathered)

    @property
    def records(self) -> int:
        """How many records there are."""
        return len({id for it in self.gathered.values() for id in it.records})


def evidence(configs: Sequence[Config], stores: Sequence[Store], root: Path) -> Evidence:
    """Read the records of some profiles.

    Parameters
    ----------
    configs
        One for each profile; a profile without records is left out.
    root
        Of the repository, in whose `reports/` the pages lie that findings lead to.

    Raises
    ------
    UserError
        None of the profiles has a record.
    """
    found: dict[str, Gathered] = {}
    beliefs: dict[str, Iterator[Believed | UserError]] = {}
    studies: list[Study] = []
    lost: list[str] = []
    for config in configs:
        profile = config.run.profile
        try:
            found[profile] = gathered(config, (), stores)
        except UserError:
            continue
        asked = [partial(_believed, task, origin.slim()) for task, origin in found[profile].origins.items()]
        beliefs[profile] = ahead(asked, "compared methods", here=not others_know_methods(config))
    for profile, mine in found.items():
        lost += mine.lost
        for task, it in zip(mine.origins, beliefs[profile], strict=True):
            try:
                studies.append(_study(profile, task, mine, it, root))
            except UserError as reason:
                lost.append(f"{profile}: {reason}")
    if not found:
        profiles, places = (" or ".join(it) for it in ([c.run.profile for c in configs], [str(s.root) for s in stores]))
        raise UserError(f"no record of profile {profiles} in {places}; `imbench run` makes some")
    return Evidence(found, tuple(map(partial(_beside_others, others=studies), studies)), tuple(lost))


def _beside_others(study: Study, others: Sequence[Study]) -> Study:
    """Return a study whose absent rows are also those that its profile has of other datasets with as many classes."""
    kin = [it for it in others if (it.profile, it.of_two) == (study.profile, study.of_two)]
    rows = dict.fromkeys(method for it in kin for method in it.believed.methods)
    absent = {}
    for place in (it.place for it in study.places):
        known = study.absent.get(place, ())
        there = {*study.believed.at(place), *known}
        absent[place] = (*known, *(row for row in rows if row not in there))
    return replace(study, absent=absent)


def _believed(task: str, origin: Origin) -> Believed | UserError:
    """Return what is believed of a dataset's methods, or why nothing can be; in whatever process."""
    registry.load()
    try:
        return believed(origin, task, shelf.ablated)
    except UserError as reason:
        return reason


def _study(profile: str, task: str, found: Gathered, beliefs: Believed | UserError, root: Path) -> Study:
    if isinstance(beliefs, UserError):
        raise beliefs
    origin = found.origins[task]
    try:
        controls = control_figures(possible(found.config, task)[0], origin.records.get, decision_of)
    except DataError:  # they are planned of a user's images, which are not here
        controls = []
    page = Path("reports") / profile / INDEX
    cells = found.frame[found.frame["task"] == task]
    labelled = cells.loc[cells["place"] == beliefs.places[0].place, "validation_images"]
    return Study(
        profile,
        task,
        shelf.shown(task),
        beliefs,
        controls,
        opinions(origin.grid, origin.records, origin.again, shelf.ablated),
        page.as_posix() if (root / page).is_file() else "",
        _absent(cells),
        bool(network_of(found.config.profile.protocol(task).backbone).views),
        bool(has_seen(found.config, task)),
        int(labelled.max()) if labelled.notna().any() else 0,
    )


def _absent(cells: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return the rows, at places that have runs, that have none or fewer than were asked for."""
    rows: dict[str, tuple[str, ...]] = {}
    for place, here in cells[cells["translator"] == 0].groupby("place", sort=False):
        if (here["status"] != "missing").any():
            gone = here["status"].eq("missing").groupby(here["method"], sort=False).agg(["sum", "size"])
            rows[str(place)] = tuple(
                str(method) if lost == asked else f"{method} ({asked - lost} of {asked} seeds)"
                for method, lost, asked in gone.itertuples(name=None)
                if lost
            )
    return rows


def partly(studies: Iterable[tuple[Study, str]]) -> str:
    """Return the sentence that names rows without runs at some places, "" where there are none."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for study, place in studies:
        if rows := study.absent.get(place, ()):
            found.setdefault((study.name(), rows), []).append(place)
    lines = [f"{name} at {', '.join(places)}: {', '.join(rows)}" for (name, rows), places in found.items()]
    return f"Not run yet, so that what to start with is the best of the others: {'; '.join(lines)}." if lines else ""
