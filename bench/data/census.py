"""What is an image, a class and a part of a dataset: said in one block before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.cells import cell_len, set_cell_size

from bench.data.carving import UNPROTECTED
from bench.data.columns import NO_PARTS
from bench.data.depth import LOST
from bench.data.drift import drift
from bench.data.duplicates import NOISE
from bench.data.folders import ALIKE, DOUBTFUL, UNOPENED
from bench.data.grouping import CROSSING, UNTOLD
from bench.dataset import PARTS, Dataset
from bench.errors import one_line

SMALL = 10  # images of a class in a part below which one image moves its recall by more than a tenth


@dataclass(frozen=True)
class Census:
    """Counts by class and part, and sentences about how they came to be.

    `rows` have a class and its images in each of `parts`; `notes` say what was drawn, guessed and left out; `warnings`
    what should be looked at.
    """

    dataset: str
    root: Path
    edition: str
    parts: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    kept: str

    def __str__(self) -> str:
        """Return the block as lines of text."""
        images, header = sum(sum(counts) for _, counts in self.rows), ("", *self.parts, "all")
        lines = [header, *((one_line(name), *map(str, counts), str(sum(counts))) for name, counts in self.rows)]
        first, *wide = [max(cell_len(line[k]) for line in lines) for k in range(len(header))]
        table = ("  ".join(["", set_cell_size(line[0], first), *map(str.rjust, line[1:], wide)]) for line in lines)
        title = f"{self.dataset}: {images} images of {len(self.rows)} classes in {self.root}, edition {self.edition}"
        said = [f"  {note}." for note in self.notes]
        said = [*said, *(f"  Look at this: {it}." for it in self.warnings), f"  {self.kept}."]
        return "\n".join(map(one_line, [title, *table, *said]))


def census(dataset: Dataset, memo: Path | None = None) -> Census:
    """Return what a dataset's split says; one that is not written down yet is drawn, and not written.

    Parameters
    ----------
    memo
        A file that remembers digests of images; they are read where a user's split was kept, to tell what changed.

    Raises
    ------
    DataError
        The images cannot be split.
    """
    pinned = dataset.pinned
    split = pinned.split
    parts = tuple(part for part in (*PARTS, *split.further) if any(split.counts(part)))
    counts = [split.counts(part) for part in parts]
    rows = tuple(zip(split.classes, zip(*counts, strict=True), strict=True))
    if pinned.file is None:
        kept = "The split is kept; it stays as it is when images are added"
    elif pinned.file.exists():
        kept = f"The split is kept in {pinned.file}"
    else:
        kept = f"The split is not written down yet; a run keeps it in {pinned.file}"
    changed = drift(dataset, memo) if dataset.of_users and pinned.file is None else []
    # Sentences of one's own images have a line each, for names in them may hold full stops; not in splits of before.
    lines = dataset.of_users and (pinned.file is not None or "\n" in split.note)
    notes = [it for it in split.note.removesuffix(".").split(".\n" if lines else ". ") if it]
    return Census(
        dataset.name,
        dataset.root,
        dataset.edition,
        parts,
        rows,
        tuple(it for it in notes if not _is_warning(it)),
        (*changed, *(it for it in notes if _is_warning(it)), *_small(parts, rows)),
        kept,
    )


def _is_warning(note: str) -> bool:
    marks = (UNPROTECTED, UNTOLD, CROSSING, ALIKE, DOUBTFUL, NOISE, LOST, NO_PARTS, UNOPENED)
    return any(mark in note for mark in marks)


def _small(parts: tuple[str, ...], rows: tuple[tuple[str, tuple[int, ...]], ...]) -> Iterator[str]:
    """Say where so few images judge a class that its recall moves in large steps."""
    for part, what in (("val", "choose the epoch and the decision"), ("test", "judge it")):
        if part in parts and (
            few := [(name, n[parts.index(part)]) for name, n in rows if n[parts.index(part)] < SMALL]
        ):
            named = ", ".join(f"{n} of {name}" for name, n in few)
            least = min(n for _, n in few)
            yield f"{part} has {named}: so few images {what} that one more or less moves its recall by up to 1/{least}"
