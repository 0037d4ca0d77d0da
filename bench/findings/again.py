"""Again: what a second opinion says of the records, dataset by dataset."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.conditions import listed
from bench.analysis.second import deviation
from bench.analysis.states import COUNTED
from bench.findings.printing import counted
from bench.findings.section import Grid, Section
from bench.findings.study import Evidence, Study
from bench.report.second import said

TITLE = "A second opinion"


def again(found: Evidence) -> Section:
    """Return how far fits that were drawn by lot and done again lie from the first."""
    told = [study for study in found.studies if study.opinions]
    untold = [study.name() for study in found.studies if not study.opinions]
    rows = tuple(
        (study.name(), said(mine), processors(*pair), study.link)
        for study in told
        for pair in sorted({it.processors for it in study.opinions})
        if (mine := [it for it in study.opinions if it.processors == pair])
    )
    lacking = (f"{'; '.join(untold)}: not done again yet (`imbench audit --rerun 2%`).",) if untold else ()
    return Section(
        TITLE,
        (*_words(told), *(line for study in found.studies if (line := _on_gpus(study, found)))),
        grids=(Grid(("Where", "What came out", "Processors", "Evidence"), rows),) if rows else (),
        lacking=lacking,
    )


def _words(told: Sequence[Study]) -> tuple[str, ...]:
    """Return how many fits repeat to the bit, and how far the others move beside what a seed moves."""
    groups = [
        (len(set(pair)) == 1, study.frozen, deviation([it for it in study.opinions if it.processors == pair]))
        for study in told
        for pair in {it.processors for it in study.opinions}
    ]
    said = []
    for where, alike in (("the same kind of", True), ("another", False)):
        each = []
        for words, frozen in (("whole network", False), ("last layer", True)):
            if mine := [it for same, head, it in groups if (same, head) == (alike, frozen)]:
                count, equal = (sum(getattr(it, name) for it in mine) for name in ("count", "equal"))
                each.append(f"{equal} of {counted(count, words)}")
        if each:
            said.append(f"On {where} processor {' and '.join(each)}, trained again, came out to the same bit.")
    moved = [it.again / it.seeds for *_, it in groups if it.equal < it.count and it.seeds > 0]
    if moved:
        ends = " to ".join(dict.fromkeys(f"{it:.2f}" for it in (min(moved), max(moved))))
        said.append(f"Where some did not, they moved by {ends} of what another seed moves them (root mean squares).")
    return (" ".join(said),) if said else ()


def _on_gpus(study: Study, found: Evidence) -> str:
    """Say which rows were mostly made on a GPU and which on a CPU, where a study has fits of both; else ""."""
    gathered = found.gathered[study.profile]
    cells = gathered.frame[(gathered.frame["task"] == study.task) & gathered.frame["status"].isin(COUNTED)]
    made = {id: gathered.records[id].environment.get("device", "") for id in cells["record"].unique()}
    on_gpu = cells["record"].map(made) == "cuda"
    count = cells.loc[on_gpu, "record"].nunique()
    if not 0 < count < len(made):
        return ""
    names = sorted({gathered.records[id].environment["device_name"] for id in cells.loc[on_gpu, "record"]})
    places = []
    for place in (it.place for it in study.places):
        here = cells["place"] == place
        shares = on_gpu[here].groupby(cells.loc[here, "method"], sort=False).mean()
        if mostly := [str(name) for name, share in shares.items() if share > 0.5]:
            places.append(f"at {place} most of {listed(mostly)}")
    rows = f", {'; '.join(places)}" if places else ""
    return (
        f"Of the {len(made)} fits of {study.name()} {count} were made on {listed(names)}, the others on a CPU{rows}: "
        "what sets such rows apart from others may in part be the processor."
    )


def processors(first: str, second: str) -> str:
    """Return what two processors show: of one name they may differ, and of no instructions told nobody knows."""
    if first == second:
        return f"{first}, both times: nothing is said of another"
    untold = ", its instructions not told" if second.startswith(f"{first} (") else ""
    return f"{first}{untold}, then {second}"
