"""The opening: what README begins with: the finding in a line, one picture, one table, between two marks."""

from __future__ import annotations

from pathlib import Path

from bench.analysis.believed import TUNED, effect
from bench.analysis.spots import plain
from bench.errors import UserError
from bench.findings.page import link, pipe
from bench.findings.printing import MISSING, believed_change, change, counted, level
from bench.findings.section import Entry, Grid, Link
from bench.findings.shares import in_training, sentence
from bench.findings.study import STAR, Evidence, Study
from bench.findings.thresholds import OVERVIEW, charted, helping, in_shares, of_kinds, of_many
from bench.report.markdown import escape
from bench.store.leftovers import write_anew
from bench.store.regular import MIB, read_regular

BEGIN, END = "<!-- findings: made by `make findings`, not by hand -->", "<!-- findings: end -->"


def write_opening(found: Evidence, readme: Path, page: str, pictures: str) -> None:
    """Put the opening between the marks of README.

    Raises
    ------
    UserError
        README cannot be read, or does not hold both marks, one after the other.
    StoreError
        It cannot be written.
    """
    try:
        text = read_regular(readme, 64 * MIB).decode().replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{readme}: {getattr(error, 'strerror', None) or 'not UTF-8 text'}") from None
    write_anew(readme, with_opening(text, opening(found, page, pictures), str(readme)).encode())


def with_opening(text: str, new: str, name: str) -> str:
    """Return a text with what stands between the marks replaced."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise UserError(f"{name}: it lacks the marks {BEGIN} and {END}, between which the opening goes")
    return f"{before}{BEGIN}\n{new}\n{END}{after}"


def opening(found: Evidence, page: str, pictures: str) -> str:
    """Return the opening in markdown, its links relative to the root."""
    studies = [it for it in found.studies if plain() in it.believed.at(it.rarest)]
    more = link(Link("all findings", page), "README.md")
    if not studies:
        return f"No dataset has a baseline yet ({more})."
    blocks = [f"**{' '.join(it for it in (finding(studies), sentence(found)) if it)}**"]
    if charted(studies):
        blocks.append(f"![{_alt(charted(studies))}]({pictures}/{OVERVIEW}.png)")
    blocks.append(pipe(_grid(studies, found), "README.md"))
    if lacking := [study for study in studies if study.absent.get(study.rarest)]:
        names = ", ".join(f"{it.name()} ({len(it.absent[it.rarest])})" for it in lacking)
        blocks.append(escape(f"Rows that are not run yet, or not with all seeds: {names}; all findings name them."))
    blocks.append(_note(studies, more))
    return "\n\n".join(blocks)


def _note(studies: list[Study], more: str) -> str:
    star = (
        f"\\{STAR} The body was trained on these very photographs, with their labels. "
        if any(it.seen for it in studies)
        else ""
    )
    return (
        f"{star}Each dataset with the fewest training images of its rare class. F1 of that class (of many classes: "
        f"ACSA, the mean recall of all) on test images in equal shares; always rare: a decision that names that class "
        f"whatever it sees. {plain()}, plain training, and the gain are what is "
        "[believed](docs/decisions-under-noise.md) of the mean over draws of rare images and seeds after seeing the "
        "runs, the gain with ends that hold it with probability 0.9; the tables have what was seen. Rare as in "
        "training: the gain seen in the tables' runs, on their test images weighted as rare as the training images (of "
        "many classes in macro F1). Surely, here and in the findings: those ends lie on one side. "
        "`paper` trains the paper's own network from scratch, `cpu` a smaller one, `pretrained` the last layer of a "
        "frozen one. Where generated images help, what the papers' own tables say, what to start with in your "
        f"situation: {more}."
    )


def finding(studies: list[Study]) -> str:
    """Return the finding in one line."""
    some = [study for study in studies if helping(study)]
    if not some:
        none = "no method against imbalance surely beats plain training in balanced accuracy"
        only = f"In the one setting run so far ({studies[0].name(studies[0].rarest)}), {none}."
        return only if len(studies) == 1 else f"In {len(studies)} settings run so far, {none}."
    kinds = [
        f"{in_shares(share)} of what they gain {words} ({counted(len({it.task for it in mine}), 'dataset')})"
        for words, mine, share in of_kinds([it for it in some if TUNED in it.believed.draws])
    ]
    threshold = (
        f" Where there are two classes, a moved threshold, which needs labelled images but no training, is "
        f"{' and '.join(kinds)}."
        if kinds
        else ""
    )
    threshold += "".join(f" {it}" for it in map(of_many, some) if it)
    where = f"In {len(some)} of {counted(len(studies), 'setting')} run so far"
    return f"{where}, methods against imbalance surely beat plain training in balanced accuracy.{threshold}"


def _grid(studies: list[Study], found: Evidence) -> Grid:
    header = (
        "Dataset and protocol",
        "Rare training images",
        f"{plain()}, believed",
        "Always rare",
        "Take",
        "Gain, believed",
        "Does it surely help?",
        "Gain, rare as in training",
        "Numbers",
    )
    return Grid(header, tuple(_row(study, found) for study in studies))


def _row(study: Study, found: Evidence) -> tuple[Entry, ...]:
    it, place = study.believed, study.rarest
    taken, said = it.taken(place)
    gain = it.gain(it.headline, taken, place)
    base, training = float(it.mean(it.headline, plain(), place).mean()), in_training(study, found)
    rare, always = str(min(study.places[0].counts)), level(it.always[place])
    both = plain() in training and taken in training
    natural = change(training[taken] - training[plain()]) if both else MISSING
    if not it.beats_always(taken, place):
        sure = "no better than always rare"
    elif effect(gain) != "helps":
        sure = "no"
    else:
        sure = "yes, but it may not be the best" if said.outcome == "unknown" else "yes"
    if lacking := len(study.absent.get(place, ())):
        there = len(it.at(place))
        sure = f"{sure} (of {there} rows, {lacking} more not run)"
    taken = taken if it.beats_always(taken, place) else f"({taken})"
    return study.name(), rare, level(base), always, taken, believed_change(gain), sure, natural, study.link


def _alt(studies: list[Study]) -> str:
    where = "; ".join(study.name(study.rarest) for study in studies)
    return f"What each method gains over {plain()} as it decides, and with all thresholds chosen alike: {escape(where)}"
