"""Second opinions: fits done again elsewhere, beside how far seeds lie apart, as a listing and in words."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.metrics import METRICS
from bench.analysis.second import Opinion, deviation
from bench.analysis.value import printed
from bench.report.figure import number
from bench.report.report import Cells, Listing
from bench.report.subject import Subject


def second_opinions(subject: Subject) -> Listing:
    """Return every fit that was done again, with both figures."""
    rows: list[Cells] = [
        (
            it.spot.method,
            subject.text(it.spot.place),
            str(it.seed),
            number(it.first, it.records),
            number(it.again, it.records),
            number(it.difference, it.records, f"{it.difference:+.4f}"),
            number(it.moved, it.records, f"{it.moved:.1g}"),
            "the same" if len(set(it.processors)) == 1 else it.processors[1],
        )
        for it in subject.opinions
    ]
    title = METRICS[subject.headline].title.split(",")[0]
    return Listing(
        f"{subject.task}-second",
        f"{subject.shown}: a second opinion, {title}",
        f"Fits drawn by lot and done again (`imbench audit`), records and stages apart. {said(subject.opinions)} "
        "Probability: the largest distance between two of one test image.",
        ("Method", subject.stub, "Seed", "First", "Again", "Difference", "Probability", "Processor"),
        tuple(rows),
    )


def said(found: Sequence[Opinion]) -> str:
    """Sum up second opinions in a sentence or two, "" of none."""
    if not found:
        return ""
    it = deviation(found)
    first = len({opinion.records[0] for opinion in found})
    fits = f"{first} fit{'s' if first > 1 else ''} done again{f', {it.count} times in all' if it.count > first else ''}"
    seeds = "" if it.seeds != it.seeds else f"two seeds of a cell differ by {printed(it.seeds)} (root mean square)"
    if it.equal == it.count:
        return f"{fits}, to the same bit{'; ' if seeds else ''}{seeds}."
    shift = "" if it.margin != it.margin else f", on average by {it.shift:+.4f} ± {it.margin:.4f}"
    apart = (
        f"they differ from the first by {printed(it.again)} (root mean square), at most {printed(it.largest)}{shift}"
    )
    return f"{fits}, {it.equal} of them to the same bit: {apart}{'; ' if seeds else ''}{seeds}."
