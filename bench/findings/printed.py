"""Where papers' tables contradict themselves: sentences they do not bear out, and rows that train alike but differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysis.baseline import plain
from bench.analysis.layout import Layout
from bench.analysis.metrics import METRICS
from bench.analysis.spots import Place, method_key, resolved
from bench.errors import ConfigError
from bench.findings.claimed import SHORT, ByProfile, claims_by_paper, first
from bench.findings.printing import MISSING, believed_change, change, counted, level, percent
from bench.findings.section import Grid, Section
from bench.findings.study import Evidence, Study
from bench.papers import shelf
from bench.plan.compose import compose
from bench.training.composition import Composition

ALIKE = 0.05  # weights that lie nearer to one make no other loss
GAP = 0.05  # a printed difference that deserves a line
IDLE = {"data", "weights", "decision"}  # slots that do nothing where classes are of one size


@dataclass(frozen=True)
class Same:
    """A printed row whose loss is the baseline's up to `apart` in its weights, printed by `gap` above that."""

    layout: Layout
    method: str
    place: Place
    apart: float
    gap: float


def printed(found: Evidence) -> Section:
    """Return what the papers' own numbers refute, beside ours."""
    claims = [claim for mine in claims_by_paper(found).values() for claim in mine]
    false = [claim for claim in claims if first(claim).paper == "does not hold"]
    same = sorted(_once(same_loss()), key=lambda it: abs(it.gap))
    wide = [it for it in same if abs(it.gap) > GAP]
    widest = {(it.method, it.place[0]): it for it in wide}  # the last one stays
    balanced = tuple(_balanced(found))
    grids = [
        Grid(
            ("Sentence", "About", "Dataset", *(f"Ours, {profile}" for profile in found.profiles)),
            tuple(map(_sentence, false)),
            "Sentences that the paper's own tables do not bear out",
            "About: what of the paper the sentence is of. Where that is a table alone, the sentence is the rule that a "
            "reader may take from it, and it has exceptions; no text of the paper need say so.",
        ),
        Grid(
            ("Row", "Where", "Figure", "Weights", f"Printed above {plain()}", *_ours(found)),
            tuple(_line(it, found) for it in sorted(widest.values(), key=lambda it: -abs(it.gap))),
            "Nearly one loss, printed as two",
            f"Weights: by how much they differ from those of {plain()}, which are one; it is one loss if a class-"
            "balanced loss weighs softmax cross-entropy, as here (its authors also weigh others). A paper's number is "
            "a mean of few trainings, so that part of a gap may be luck. Ours: believed difference of true means, with "
            "ends that hold it with probability 0.9.",
        ),
        Grid(
            ("Where", "Figure", "Rows", "Printed, lowest to highest", *_ours(found)),
            balanced,
            "One method, printed as many",
            "At equal counts resampling, class weights and thresholds read off the counts do nothing: all these rows "
            "train and decide as one. The paper trained each row apart, so that its range holds the luck of trainings; "
            "ours: lowest to highest mean of the same rows, which share seeds, and with them all luck.",
        ),
    ]
    words = [
        f"Of {counted(len(claims), 'sentence')} about the papers' figures, all in our words, {len(false)} do not hold "
        "in the paper's own tables."
    ]
    if same:
        words.append(
            f"{counted(len(same), 'printed number')} are of losses whose weights equal the baseline's within "
            f"{percent(ALIKE)}; {len(wide)} of them differ from its number by more than {GAP}. The widest gap of each "
            "row and dataset:"
        )
    empty = {entry for grid in grids[1:] for row in grid.rows for entry in row[len(row) - len(found.profiles) :]}
    lacking = ("What one pipeline shows at these places: not run yet.",) if empty <= {MISSING} else ()
    title = "What the papers' own tables do not bear out"
    return Section(title, tuple(words), tuple(grid for grid in grids if grid.rows), lacking=lacking)


def _once(many: Iterable[Same]) -> Iterator[Same]:
    """Give each printed number once: some stand in two tables."""
    known = set()
    for it in many:
        key = it.layout.metric, method_key(it.method), it.place
        if key not in known:
            known.add(key)
            yield it


def same_loss() -> Iterator[Same]:
    """Give the printed numbers of rows that do no more than weight classes, where the weights are as good as one."""
    for layout in shelf.layouts():
        counts = {(part.task, it.place): it.counts for part in layout.parts for it in part.columns}
        for method in layout.methods:
            for place, numbers in counts.items():
                mine, base = (layout.published.get((method_key(it), place)) for it in (method, plain()))
                if len(set(numbers)) == 1 or mine is None or base is None:
                    continue
                apart = weights_apart(method, numbers)
                if apart is not None and apart <= ALIKE:
                    yield Same(layout, method, place, apart, round(mine - base, 10))


def weights_apart(method: str, counts: Sequence[int]) -> float | None:
    """Return how far a row's class weights lie from one at most; None of a row that does more than weigh classes."""
    made = _composed(method)
    if made is None or {slot for part in made.parts for slot in part.slots} != {"weights"}:
        return None
    return float(np.abs(made.hook("class_weights")(np.array(counts), 0.0) - 1).max())


def idles(method: str) -> bool:
    """Return whether a row does nothing where classes are of one size."""
    made = _composed(method)
    return made is not None and {slot for part in made.parts for slot in part.slots} <= IDLE


def _composed(method: str) -> Composition | None:
    try:
        return compose(method, [method])
    except ConfigError:  # a row that is no method of ours
        return None


def _ours(found: Evidence) -> Iterator[str]:
    yield from (f"Ours, {profile}" for profile in found.profiles)


def _sentence(claim: ByProfile) -> tuple[str, ...]:
    told = (SHORT.get(it.verdict, it.verdict) for it in claim.values())
    it = first(claim).claim
    return it.text, it.source, shelf.shown(it.task), *told


def _line(it: Same, found: Evidence) -> tuple[str, ...]:
    ours = (_difference(it, _study(found, profile, it.place[0])) for profile in found.profiles)
    where, figure = f"{shelf.shown(it.place[0])} {it.place[1]}", METRICS[it.layout.metric].title.split(",")[0]
    return it.method, where, figure, f"{it.apart:.1%}".replace("%", " %"), change(it.gap), *ours


def _difference(it: Same, study: Study | None) -> str:
    """Return our difference of two rows at the paper's place, a dash where it was not run."""
    place = _place(study, it.place)
    if study is None or not place or it.layout.metric not in study.believed.draws:
        return MISSING
    ours = [name for name in study.believed.at(place) if method_key(name) == method_key(it.method)]
    if not ours or plain() not in study.believed.at(place):
        return MISSING
    return believed_change(study.believed.gain(it.layout.metric, ours[0], place))


def _balanced(found: Evidence) -> Iterator[tuple[str, ...]]:
    """Give a row for each printed place of equal counts: how far the rows that do nothing there lie apart."""
    for layout in shelf.layouts():
        idle = [name for name in layout.methods if idles(name)]
        for part in layout.parts:
            for column in part.columns:
                place = part.task, column.place
                numbers = [it for name in idle if (it := layout.published.get((method_key(name), place))) is not None]
                if len(set(column.counts)) == 1 and len(numbers) > 1:
                    figure = METRICS[layout.metric].title.split(",")[0]
                    ours = (_range(idle, layout.metric, place, found, profile) for profile in found.profiles)
                    yield f"{part.shown} {column.place}", figure, str(len(numbers)), _ends(numbers), *ours


def _range(idle: Sequence[str], metric: str, at: Place, found: Evidence, profile: str) -> str:
    place, frame = _place(_study(found, profile, at[0]), at), found.gathered[profile].frame
    keys = set(map(method_key, idle))
    mine = frame[(frame["task"] == at[0]) & (frame["place"] == place) & (frame["translator"] == 0)].dropna(
        subset=[metric]
    )
    means = [
        float(rows[metric].mean()) for name, rows in mine.groupby("method", sort=False) if method_key(name) in keys
    ]
    return _ends(means) if len(means) > 1 else MISSING


def _ends(numbers: Sequence[float]) -> str:
    return f"{level(min(numbers))} to {level(max(numbers))}"


def _study(found: Evidence, profile: str, task: str) -> Study | None:
    return next((it for it in found.studies if (it.profile, it.task) == (profile, task)), None)


def _place(study: Study | None, printed: Place) -> str:
    """Return what we call a paper's place, "" where it was not run: ours may have fewer images of the larger class."""
    if study is None:
        return ""
    labels = [(study.task, it.place) for it in study.places]
    counts = [int(it) for it in printed[1].split(":")] if printed[1].replace(":", "").isdecimal() else []
    asked = min(counts) if len(counts) == 2 else printed[1]
    found = resolved(study.task, asked, labels)
    return found[1] if found in labels else ""
