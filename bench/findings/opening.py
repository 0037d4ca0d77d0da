"""The opening: what README begins with: the finding in a line, one picture, one table, between two marks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bench.analysis.believed import TUNED, Effect, effect
from bench.analysis.spots import plain
from bench.errors import UserError
from bench.findings.page import link, pipe
from bench.findings.printing import MISSING, believed_change, counted, level, percent
from bench.findings.section import Entry, Grid, Link
from bench.findings.study import Evidence, Study, partly
from bench.findings.thresholds import PICTURE, helping, moved
from bench.report.markdown import escape
from bench.store.atomic import write_atomically

SURELY: Mapping[Effect, str] = {
    "helps": "yes",
    "harms": "it harms",
    "does nothing": "nothing gained",
    "not known": "no",
}
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
        text = readme.read_text(encoding="utf8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{readme}: {getattr(error, 'strerror', None) or 'not UTF-8 text'}") from None
    write_atomically(readme, with_opening(text, opening(found, page, pictures), str(readme)).encode())


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
    if any(TUNED in it.believed.draws for it in studies):
        blocks.append(f"![{_alt(studies)}]({pictures}/{PICTURE}.png)")
    blocks.append(pipe(_grid(studies), "README.md"))
    if lacking := partly((study, study.rarest) for study in studies):
        blocks.append(escape(lacking))
    blocks.append(
        "Each dataset at its smallest count. F1 of the rare class (of many classes: ACSA, the mean recall); the gain "
        f"with ends that hold it with probability 0.9. {plain()} is plain training; `paper` trains the paper's own "
        "network from scratch, `cpu` a smaller one, `pretrained` the last layer of a frozen one. Where generated "
        f"images help, what the papers' own tables say, what to start with in your situation: {more}."
    )
    return "\n\n".join(blocks)


def finding(studies: list[Study]) -> str:
    """Return the finding in one line."""
    some = [study for study in studies if helping(study)]
    if not some:
        none = "no method against imbalance surely beats plain training"
        only = f"In the one setting run so far ({studies[0].name(studies[0].rarest)}), {none}."
        return only if len(studies) == 1 else f"In {len(studies)} settings run so far, {none}."
    two = [it for it in some if TUNED in it.believed.draws]
    share, threshold = moved(two), ""
    if share is not None:
        those = "" if len(two) == len(some) else f"in the {counted(len(two), 'setting')} of two classes among them, "
        threshold = f"; {those}{percent(share)} of what they gain in ACSA is a moved threshold, which needs no training"
    where = f"In {len(some)} of {counted(len(studies), 'setting')} run so far"
    return f"{where}, methods against imbalance surely beat plain training{threshold}."


def _grid(studies: list[Study]) -> Grid:
    header = (
        "Dataset and protocol",
        "Rare images",
        plain(),
        "Start with",
        "Gain",
        "Surely?",
        "Moved threshold",
        "Numbers",
    )
    return Grid(header, tuple(map(_row, studies)))


def _row(study: Study) -> tuple[Entry, ...]:
    it, place = study.believed, study.rarest
    taken = it.taken(place)
    gain = it.gain(it.headline, taken, place)
    share = moved([study]) if TUNED in it.draws else None
    base = level(float(it.mean(it.headline, plain(), place).mean()))
    told = MISSING if share is None else percent(share)
    rare = str(min(study.places[0].counts))
    return study.name(), rare, base, taken, believed_change(gain), SURELY[effect(gain)], told, study.link


def _alt(studies: list[Study]) -> str:
    where = "; ".join(study.name(study.rarest) for study in studies if TUNED in study.believed.draws)
    return f"What each method gains over {plain()} as it decides, and with all thresholds chosen alike: {escape(where)}"
