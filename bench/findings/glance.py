"""At a glance: the table that README opens with, one row a setting, and what its reader must know."""

from __future__ import annotations

from bench.analysis.baseline import plain
from bench.analysis.believed import Effect, effect
from bench.findings.moved import few_seeds, helping
from bench.findings.printing import believed_change, counted, in_ends, level
from bench.findings.section import Entry, Grid
from bench.findings.shares import gained_in_training
from bench.findings.study import STAR, Evidence, Study


def grid(studies: list[Study], found: Evidence) -> Grid:
    """Return one row a setting, at its smallest count: what to take there, what it gains, and whether surely."""
    header = (
        "Dataset and protocol",
        "Rare training images",
        f"F1 of plain training ({plain()}), believed",
        "Take",
        "Its gain, believed",
        "Does it surely help?",
        "Gain, rare as in training",
        "Numbers",
    )
    return Grid(header, tuple(_row(study, found) for study in studies))


def _row(study: Study, found: Evidence) -> tuple[Entry, ...]:
    it, place = study.believed, study.rarest
    taken, said = it.taken(place)
    gain = it.gain(it.headline, taken, place)
    base, natural = float(it.mean(it.headline, plain(), place).mean()), gained_in_training(study, found)
    rare = str(min(study.places[0].counts))
    beyond, behind = beside_always(study)
    sure = {"helps": "yes", "not known": "not surely"}.get(effect(gain), "no")
    if behind:
        sure = "no: surely less than always rare"
    elif sure == "yes" and not beyond:
        sure = "yes, but not surely more than always rare"
    elif sure == "yes" and said.outcome == "unknown":
        sure = "yes, but it may not be the best"
    there = it.at(place)
    if sure == "not surely" and (others := helping(study, it.headline)):
        sure = f"not surely, though {counted(len(others), 'other row')} do{'es' if len(others) == 1 else ''}"
    if not_run := len(study.absent.get(place, ())) - len(few_seeds(study)):
        sure = f"{sure} (of {len(there)} rows, {not_run} more not run)"
    taken = taken if beyond else f"({taken})"
    return study.name(), rare, level(base), taken, believed_change(gain), sure, in_ends(natural), study.link


def legend(studies: list[Study]) -> str:
    """Return what a reader of the table must know."""
    rare = dict.fromkeys(level(it.believed.always[it.rarest]) for it in studies if it.of_two)
    scale = f" (F1 {' or '.join(rare)} of two classes)" if rare else ""
    brackets = [it for it in studies if not beside_always(it)[0]]
    many = not all(it.of_two for it in studies)
    lines = [
        "`paper` trains a paper's own network from scratch, `cpu` a smaller one, `pretrained` the last layer of one "
        "that knows photographs. F1 is that of the rare class: 1 if all of it is found and nothing else is taken for "
        "it, 0 if none is found.",
        "Of many classes it is balanced accuracy (ACSA), the mean of all recalls, and in the last column of figures "
        "macro F1."
        if many
        else "",
        "450:25 is 450 training images of the common class and 25 of the rare one; what the methods' short names mean "
        "stands below. Tables behind the links mark with \u2248 what they cannot tell from the best, by a stricter "
        "rule: all comparisons of a dataset together.",
        f"A method in brackets: not surely higher than for naming the rare class whatever one sees{scale}."
        if brackets
        else "",
        f"{STAR}: the network was trained on these very photographs, with labels."
        if any(it.seen for it in studies)
        else "",
    ]
    return starred(" ".join(filter(None, lines)))


def beside_always(study: Study) -> tuple[bool, bool]:
    """Return whether what is taken lies surely above always naming the rarest class, and whether surely below."""
    it, place = study.believed, study.rarest
    taken = it.taken(place)[0]
    return it.beats_always(taken, place), it.trails_always(taken, place)


def gain_effect(study: Study) -> Effect:
    """Return what taking the method does to the headline, beside plain training."""
    it, place = study.believed, study.rarest
    return effect(it.gain(it.headline, it.taken(place)[0], place))


def starred(text: str) -> str:
    """Return a text whose stars are no markup."""
    return text.replace(STAR, f"\\{STAR}")
