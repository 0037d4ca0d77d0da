"""The opening: what README begins with: the finding in a line, one picture, one table, between two marks."""

from __future__ import annotations

from pathlib import Path

from bench.analysis.baseline import plain
from bench.analysis.believed import TUNED
from bench.analysis.conditions import listed
from bench.errors import UserError
from bench.findings.glance import beside_always, gain_effect, grid, legend, starred
from bench.findings.moved import helping, in_shares, of_kinds
from bench.findings.page import link, pipe
from bench.findings.printing import counted
from bench.findings.section import Link
from bench.findings.shares import sentence
from bench.findings.study import Evidence, Study
from bench.findings.thresholds import OVERVIEW, by_counts, charted, labelled, of_many
from bench.plan.places import NATURAL
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
    blocks = [f"**{finding(studies)}**"]
    if charted(studies):
        blocks.append(f"![{_alt(charted(studies))}]({pictures}/{OVERVIEW}.png)")
    if more_of_it := [it for it in (*map(of_many, studies), sentence(found)) if it]:
        blocks.append("\n".join(f"- {escape(it)}" for it in more_of_it))
    blocks.append(pipe(grid(studies, found), "README.md"))
    blocks.append(legend(studies))
    if lacking := [study for study in studies if study.absent.get(study.rarest)]:
        names = ", ".join(f"{it.name()} ({len(it.absent[it.rarest])})" for it in lacking)
        blocks.append(escape(f"Rows that are not run yet, or not with all seeds: {names}; all findings name them."))
    folded = '<details markdown="1"><summary>How to read this, and what it rests on</summary>'
    blocks += [folded, _note(studies), "</details>"]
    blocks.append(
        "Where generated images help, what the papers' own tables do not bear out, what to start with in your "
        f"situation: {more}."
    )
    return "\n\n".join(blocks)


def _note(studies: list[Study]) -> str:
    lines = [
        "Each dataset has the fewest rare training images that were tried; test images are in equal shares.",
        f"Believed: the mean over draws of rare images and seeds, [as far as the runs tell]("
        f"docs/decisions-under-noise.md), {plain()}'s, and the gain with ends that hold it with probability 0.9 (how "
        f"often they do was measured there, too); the tables have what was seen{_beyond_tables(studies)}. Surely, here "
        "and in all findings: both ends lie on one side of zero, one row and setting at a time.",
        _draws(studies),
        "Rare as in training: the gain seen in the tables' runs with their test images weighted as rare as the "
        "training images (of many classes in macro F1), with such ends over seeds and test images.",
    ]
    return "\n".join(f"- {starred(it)}" for it in (threshold(studies), *lines) if it)


def _beyond_tables(studies: list[Study]) -> str:
    """Return whose belief rests on test images that the tables leave out."""
    names = [it.name() for it in studies if it.believed.extended]
    return f", of {'; '.join(names)} without a further test part that belief rests on" if names else ""


def _draws(studies: list[Study]) -> str:
    """Return how far the luck of the drawn training images is in the ends."""
    own = [it.name() for it in studies if it.believed.redrawn is None and it.rarest != NATURAL]
    whole = [it.name() for it in studies if it.believed.redrawn is None and it.rarest == NATURAL]
    one = [it.name() for it in studies if it.believed.redrawn == ()]
    some = {it.name(): it.believed.redrawn for it in studies if it.believed.redrawn}
    rows = listed(list(dict.fromkeys(row for mine in some.values() for row in mine))) if some else ""
    told = [
        f"{words} ({'; '.join(names)})"
        for words, names in (
            ("every seed has one of its own", own),
            (f"others were run of {rows} at most, and are taken to matter as much to the other rows", [*some]),
            ("there is one, and no end knows what another would change", one),
            ("all are trained on, and no end knows what others would change", whole),
        )
        if names
    ]
    return f"Draws of the rare training images: {'; '.join(told)}."


def finding(studies: list[Study]) -> str:
    """Return the finding in one line."""
    some = [study for study in studies if helping(study)]
    if not some:
        none = "no method against imbalance surely beats plain training in balanced accuracy"
        only = f"In the one setting run so far ({studies[0].name(studies[0].rarest)}), {none}."
        return only if len(studies) == 1 else f"In {len(studies)} settings run so far, {none}."
    higher = [it for it in studies if gain_effect(it) == "helps"]
    better = [it for it in higher if not beside_always(it)[1]]
    no_more = sum(not beside_always(it)[0] for it in better)
    doubt = f", in {no_more} of them perhaps no higher than always naming the rare class" if no_more else ""
    trailing = [it.name(it.rarest) for it in higher if beside_always(it)[1]]
    doubt += f"; in {listed(trailing)} too, but surely lower than always naming the rare class" if trailing else ""
    figure = "balanced accuracy" if not any(it.of_two for it in better) else "F1"
    figure += " (of many classes, balanced accuracy)" if {it.of_two for it in better} == {True, False} else ""
    kinds = [(in_shares(share), words) for words, _, share in of_kinds([it for it in some if _is_tuned(it)])]
    shares = ", ".join(f"{share} {words}" for share, words in kinds)
    moved = (
        "With two classes, a moved threshold makes up this much of what training against imbalance gains in balanced "
        f"accuracy: {shares} (brackets: with probability 0.9). Choose every threshold, plain training's too, on "
        "validation images, and that much is gone. "
    )
    moved = moved if kinds else ""
    return (
        f"{moved}In {len(better)} of {counted(len(studies), 'setting')} run so far, the method to take, with the "
        f"threshold it comes with, surely has a higher {figure} than plain training on test images in equal "
        f"shares{doubt}."
    )


def threshold(studies: list[Study]) -> str:
    """Return what a moved threshold rests on: which datasets, how many labelled images, and what none would do."""
    mine = [(words, some) for words, some, _ in of_kinds([it for it in studies if _is_tuned(it)])]
    if not mine:
        return ""
    every = [study for _, some in mine for study in some]
    where = "; ".join(f"{words}: {_datasets(some)}" for words, some in mine)
    times = labelled(every)
    images = f", but labelled images, here {times} as many rare ones as were trained on" if times else ""
    return (
        "Helping methods: those that surely help in balanced accuracy, the mean of the classes' recalls. "
        f"{where[:1].upper()}{where[1:]}. To choose a threshold needs no training{images}. {by_counts(every)}"
    ).strip()


def _datasets(studies: list[Study]) -> str:
    seen = len({it.task for it in studies if it.seen})
    known = f" ({seen} of them of photographs that the network had been trained on)" if seen else ""
    return f"{counted(len({it.task for it in studies}), 'dataset')}{known}"


def _is_tuned(study: Study) -> bool:
    return TUNED in study.believed.draws


def _alt(studies: list[Study]) -> str:
    where = "; ".join(study.name(study.rarest) for study in studies)
    return f"What each method gains over {plain()} as it decides, and with all thresholds chosen alike: {escape(where)}"
