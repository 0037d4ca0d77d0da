"""What `imbench data check` finds: damaged or other files, wrong counts, duplicates across parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bench.data.carving import UNPROTECTED
from bench.data.depth import LOST
from bench.data.duplicates import Pair, alike, equal_files, exact_pairs
from bench.data.grouping import CROSSING
from bench.data.manifest import Progress, differing, digests
from bench.data.survey import DamagedImages, Survey, survey
from bench.dataset import PARTS, Dataset, Split
from bench.errors import DataError, one_line

ALL_READ, UNREAD = "all can be read", "cannot be read as images"


@dataclass(frozen=True)
class Finding:
    """One thing to know about a dataset; `names` are the images concerned."""

    level: Literal["ok", "warning", "error"]
    subject: Literal["edition", "files", "digests", "decoding", "counts", "duplicates", "labels", "split"]
    text: str
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        shown = "".join(f"\n    {one_line(name)}" for name in self.names[:10])
        more = f"\n    and {len(self.names) - 10} more" if len(self.names) > 10 else ""
        return f"{self.level:7} {self.subject}: {one_line(self.text)}{shown}{more}"


def findings_of(dataset: Dataset, progress: Progress | None = None) -> list[Finding]:
    """Return what `check` finds of a dataset; of one whose split cannot be drawn for damaged images, of the rest.

    Raises
    ------
    DataError
        The images cannot be split for another reason, or their folder is missing.
    """
    try:
        return check(dataset, dataset.split(), progress)
    except DamagedImages as damaged:
        bad, rest = _verdict("decoding", tuple(damaged.broken), "", f"{UNREAD}: {damaged}"), damaged.rest
    try:
        others = check(rest, rest.split(), progress) if rest else []
    except DataError as reason:
        others = [Finding("error", "split", f"without them: {reason}")]
    return [bad, *(it for it in others if it.text != ALL_READ)]


def check(dataset: Dataset, split: Split, progress: Progress | None = None) -> list[Finding]:
    """Return what is right and what is wrong with a dataset's files; no finding is an exception.

    Parameters
    ----------
    progress
        Called with images done and in all while decoding.

    Raises
    ------
    DataError
        The dataset's folder is missing.
    """
    names = split.names()
    if dataset.has_files and not dataset.root.is_dir():
        raise DataError(dataset.missing(names[0]))
    missing = [name for name in names if dataset.has_files and not dataset.path(name).is_file()]
    absent = set(missing)
    seen = survey(dataset, [name for name in names if name not in absent], progress)
    found = digests(dataset, [name for name in names if name not in absent])
    other = differing(dataset.pinned, found)
    return [
        Finding("ok", "edition", dataset.edition),
        _verdict("files", missing, f"{len(names)} listed, all there", "not there"),
        _verdict("decoding", tuple(seen.broken), ALL_READ, UNREAD),
        *_oddities(seen),
        _verdict("digests", other, _pinned(dataset), "are not the images of this edition"),
        *_counts(split, dataset.of_users),
        *(
            [Finding("warning", "split", split.note.replace("\n", " "))]
            if UNPROTECTED in split.note or CROSSING in split.note
            else []
        ),
        *_duplicates(dataset, split, seen, found, progress),
    ]


def _verdict(
    subject: Literal["files", "digests", "decoding"], bad: Sequence[str], good_text: str, bad_text: str
) -> Finding:
    if not bad:
        return Finding("ok", subject, good_text)
    return Finding("error", subject, f"{len(bad)} {bad_text}", tuple(bad))


def _pinned(dataset: Dataset) -> str:
    if dataset.pinned.manifest or dataset.pinned.sums:
        return "as in the manifest" if dataset.pinned.manifest else "each part has the sum that the edition says"
    return "the edition fixes the pixels, no manifest is needed"


def _oddities(seen: Survey) -> list[Finding]:
    """Return what decoding showed that is no error: pictures of one colour, and what had to be done to others."""
    flat = [Finding("warning", "decoding", f"{len(seen.flat)} are of one flat colour", seen.flat)] if seen.flat else []
    return flat + [
        Finding("warning" if LOST in text else "ok", "decoding", f"of {count} images, {text}")
        for text, count in seen.said.items()
    ]


def _counts(split: Split, of_users: bool) -> list[Finding]:
    text = "; ".join(
        f"{part} "
        + ", ".join(f"{count} {label}" for label, count in zip(split.classes, split.counts(part), strict=True))
        for part in (*PARTS, *split.further)
    )
    findings = [Finding("ok", "counts", text)]
    strict = ("val", "test", *(part for part in split.further if part == "extended"))
    for part in strict if not of_users else ():  # theirs may be as rare as found
        counts = split.counts(part)
        if len(set(counts)) > 1:
            findings.append(Finding("error", "counts", f"{part} is not balanced: {counts}"))
    twice = [name for name, n in Counter(split.names()).items() if n > 1]
    if twice:
        findings.append(Finding("error", "counts", f"{len(twice)} listed more than once", tuple(twice)))
    return findings


def _duplicates(
    dataset: Dataset,
    split: Split,
    seen: Survey,
    found: dict[str, str],
    progress: Progress | None,
) -> list[Finding]:
    """Return findings about equal and near-equal images, across parts (an error) and within one (worth knowing)."""
    part_of = {name: part for part in (*PARTS, *split.further) for name in split.names(part)}
    exact, near = exact_pairs(found), []
    if dataset.near_duplicate is not None and seen.names:
        near = alike(seen, found, dataset.near_duplicate, progress)
    across = [pair for pair in exact + near if part_of[pair.first] != part_of[pair.second]]
    within = Counter(part_of[pair.first] for pair in exact + near if part_of[pair.first] == part_of[pair.second])
    inside = ", ".join(f"{count} in {part}" for part, count in within.items()) or "none within a part"
    nearly = f"{len(near)} nearly equal" if dataset.near_duplicate is not None else "near ones not looked for"
    summary = f"{len(exact)} equal pairs, {nearly}, {len(across)} of them across parts; {inside}"
    return [
        Finding("error" if across else "ok", "duplicates", summary, tuple(map(_pair, across))),
        *_two_labels(split, found),
    ]


def _two_labels(split: Split, found: dict[str, str]) -> list[Finding]:
    """Return a warning for identical images that lie in two classes: one of the labels must be wrong."""
    label_of = {
        name: label for label in split.classes for part in split.parts for name in split.parts[part].get(label, ())
    }
    noisy = [names for names in equal_files(found) if len({label_of[name] for name in names}) > 1]
    if not noisy:
        return []
    text = f"{len(noisy)} {'image has' if len(noisy) == 1 else 'images have'} copies with another label (label noise)"
    shown = (" = ".join(f"{name} ({label_of[name]})" for name in names) for names in noisy)
    return [Finding("warning", "labels", text, tuple(shown))]


def _pair(pair: Pair) -> str:
    return f"{pair.first} = {pair.second} ({pair.similarity:.2f}{', mirrored' if pair.mirrored else ''})"
