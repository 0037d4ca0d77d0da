"""Verify: build a written report again from the records that it names, and compare; recompute its rows another way."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.analysis.lone import Labels
from bench.analysis.measured import FILE as TRANSLATORS
from bench.analysis.spots import COUNTS
from bench.errors import UserError, unknown
from bench.plan.config import Config
from bench.plan.second import beside
from bench.report.build import build, gathered
from bench.report.emit import JSON, PICTURES, files
from bench.report.jsonform import as_data, unlike
from bench.report.pictures.picture import Picture
from bench.report.report import Report
from bench.report.subject import subjects_of
from bench.report.verification.checks import CELLS, ID, Mismatch, check_cells, check_translators, read_rows
from bench.report.verification.printed import Printed, read_printed
from bench.store.store import Store

NAMING = (CELLS, TRANSLATORS, "records.csv")  # the files that name records
ELSEWHERE = ("schema", "pictures", "left_out", "reproduce")  # made of images and folders, not of records alone
MOST = 20  # differences of a kind that are told


@dataclass(frozen=True)
class Verification:
    """How much of a report was compared, and all that does not agree.

    `figures` counts those of cells.csv and translators.csv that were computed another way, `entries` the words and
    numbers of report.json that were built again, `files` those that were written again.
    """

    figures: int
    entries: int
    files: int
    mismatches: tuple[Mismatch, ...]

    def rows(self) -> list[dict[str, Any]]:
        """Return one row per mismatch, as the command prints it."""
        return [asdict(mismatch) for mismatch in self.mismatches]


def verify(folder: Path, config: Config, stores: Sequence[Store]) -> Verification:
    """Check a report folder, such as reports/cpu, and return what was found.

    1. Each row of cells.csv: the record that it names must be of that task, place, method, seed and protocol, and give
       the row's figures, recomputed by scikit-learn from the probabilities.
    2. Each row of translators.csv, where there is one: its measurement must be of that task and hold its figures.
    3. report.json: built again from the named records alone, the report must be the same value.
    4. Every other file: it must be what the emitters make of that report, the page with the pictures that lie beside.

    Parameters
    ----------
    stores
        Where to look for the records, in this order.

    Raises
    ------
    UserError
        The folder holds no cells.csv and report.json, or those of a profile that is not in bench.toml.
    """
    figures, wrong = check_cells(folder / CELLS, config, stores)
    if (path := folder / TRANSLATORS).is_file():
        measured, unequal = check_translators(path, stores)
        figures, wrong = figures + measured, wrong + unequal
    printed = read_printed(folder / JSON)
    with _only(_named(folder), stores) as store:
        try:
            report = built_again(printed, config, store, _labels(folder / CELLS))
        except UserError as error:
            lost = Mismatch(JSON, 0, "report", "is there", f"the named records give no report: {error}")
            return Verification(figures, 0, 0, (*wrong, lost))
    anew = json.loads(json.dumps(as_data(report)))
    differing = list(_differing(printed.data, anew))
    pictures = _pictures(printed, folder)
    whole = replace(report, pictures=pictures, left_out=printed.left_out, reproduce=printed.reproduce)
    texts = files(whole)
    texts.pop(JSON)
    told = {(it.file, it.line) for it in wrong}
    others = [it for name, text in texts.items() for it in _unlike_file(folder / name, text)]
    others = [it for it in others if (it.file, it.line) not in told]
    return Verification(figures, sum(1 for _ in _leaves(printed.data)), len(texts), (*wrong, *differing, *others))


def built_again(printed: Printed, config: Config, store: Store, labels: Labels) -> Report:
    """Build the report under the options that it was built under."""
    if printed.profile not in config.profiles:
        raise UserError(unknown("profile", printed.profile, config.profiles))
    made = printed.made_with
    run = config.run.model_copy(update={"profile": printed.profile, "seeds": made.seeds})
    shown = config.report.model_copy(update={"interval": made.interval})
    config = config.model_copy(update={"run": run, "report": shown})
    found = gathered(config, made.requested, [store], made.stale, printed.banner, labels, made.methods)
    return build(found, subjects_of(found), made.requested, made.methods)


def _labels(path: Path) -> Labels:
    """Return what the places of a cells.csv are called, in their order; counts that are none are left out."""
    rows = read_rows(path, ("task", "counts", "place"))
    there = [row for row in rows if COUNTS.fullmatch(row["counts"])]
    return {(row["task"], tuple(map(int, row["counts"].split(":")))): row["place"] for row in there}


def _differing(printed: dict[str, Any], anew: dict[str, Any]) -> Iterator[Mismatch]:
    """Give what report.json says otherwise than the report built again."""
    ours, theirs = ({name: it for name, it in each.items() if name not in ELSEWHERE} for each in (printed, anew))
    for each in (ours, theirs):
        each["environment"] = each.get("environment", [])[1:]  # the first entry is this suite's own version
    for n, (where, said, found) in enumerate(unlike(ours, theirs)):
        if n < MOST:
            yield Mismatch(JSON, 0, where, _shortened(said), _shortened(found))


def _shortened(value: Any) -> str:
    text = "nothing" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:197]}..."


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for it in value.values() if isinstance(value, dict) else value:
            yield from _leaves(it)
    else:
        yield value


def _pictures(printed: Printed, folder: Path) -> tuple[Picture, ...]:
    """Return the pictures that report.json names, with what lies in their files; one that is lost stays empty."""
    found = []
    for it in printed.pictures:
        path = folder / PICTURES / f"{it.name}.png"
        content = path.read_bytes() if path.is_file() else b""
        found.append(Picture(it.name, content, it.alt, it.caption, it.shows_images))
    return tuple(found)


def _unlike_file(path: Path, anew: str) -> Iterator[Mismatch]:
    """Give the first lines in which a file is not what the emitters make of the report."""
    if not path.is_file():
        yield Mismatch(path.name, 0, "file", "no such file", "the report has it")
        return
    ours, theirs = path.read_bytes().decode("utf8", "replace").split("\n"), anew.split("\n")
    lines = enumerate(zip_longest(ours, theirs, fillvalue="(end)"), start=1)
    differing = [(number, a, b) for number, (a, b) in lines if a != b and "imbalance-bench, for this page" not in a]
    if len(ours) != len(theirs):
        differing = differing[:1]
    yield from (Mismatch(path.name, n, "line", *map(_shortened, _apart(a, b))) for n, a, b in differing[:MOST])


def _apart(a: str, b: str) -> tuple[str, str]:
    """Return two lines from a little before the first letter in which they differ."""
    at = next((k for k, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    start = max(0, at - 60) if max(len(a), len(b)) > 200 else 0
    return a[start:], b[start:]


def _named(folder: Path) -> set[str]:
    """Return the ids of the records that a report's files name."""
    rows = (row for name in NAMING if (folder / name).is_file() for row in read_rows(folder / name, ("record",)))
    return {row["record"] for row in rows if ID.fullmatch(row["record"])}


@contextmanager
def _only(ids: Iterable[str], stores: Sequence[Store]) -> Iterator[Store]:
    """Give a store that holds nothing but the records of these ids that the stores have, each from the first."""
    wanted = set(ids)
    with TemporaryDirectory() as place:
        for k, store in enumerate(stores):
            here = {id for id in wanted if store.get(id)}
            store.pack(here, Path(place) / f"{k}.jsonl")
            wanted -= here
            again = beside(store)
            also = {id for id in wanted if again.get(id)}
            again.pack(also, beside(Store(Path(place))).root / f"{k}.jsonl")
            wanted -= also
        yield Store(Path(place), read_only=True)
