"""Splits as files: published ones come with the suite, drawn ones are written down beside the images."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import wrap

from bench.data.manifest import combined, digests, manifest_text, read_manifest
from bench.dataset import FURTHER, PARTS, Dataset, Pinned, Split
from bench.errors import DataError
from bench.store.leftovers import write_anew
from bench.store.regular import MIB, open_regular, read_regular

MOST_BYTES = 4096 * MIB
MANY = 500  # names of a part and class from which on only the numbers in them are written out


def read_split(path: Path) -> Split:
    """Return the split in a file.

    Raises
    ------
    DataError
        The file cannot be read, has not the form of a split, or names an image twice.
    """
    try:
        raw = json.loads(read_regular(path, MOST_BYTES).decode())
        classes = tuple(map(str, raw["classes"]))
        there = (*PARTS, *(part for part in FURTHER if part in raw["parts"]))
        parts = {part: {label: _names(raw["parts"][part][label]) for label in classes} for part in there}
        split = Split(classes, parts, str(raw.get("note", "")), str(raw.get("asked", "")))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{path}: not a split ({type(error).__name__}: {error}); delete it to draw anew") from error
    twice = [name for name, count in Counter(split.names()).items() if count > 1]
    if twice:
        raise DataError(f"{path}: {twice[0]} is listed twice")
    return split


def split_text(split: Split) -> str:
    """Return a split as JSON: one block per part and class, names in their order, lines short enough to compare.

    Of many names that differ in a number only, what they share is written once.
    """
    parts = []
    for part in (*PARTS, *split.further):
        lists = [f"{json.dumps(label)}: {_block(split.parts[part][label])}" for label in split.classes]
        parts.append(f"{json.dumps(part)}: {{\n" + ",\n".join(lists) + "\n}")
    asked = f'"asked": {json.dumps(split.asked)},\n' if split.asked else ""
    head = f'"note": {json.dumps(split.note)},\n{asked}"classes": {json.dumps(list(split.classes))},\n'
    return "{\n" + head + '"parts": {\n' + ",\n".join(parts) + "\n}\n}\n"


def published(folder: Path, name: str, edition: str) -> Pinned:
    """Return the split `NAME.json` and the manifest `NAME.EDITION.sha256` that come with the suite."""
    return Pinned(edition, read_split(folder / f"{name}.json"), read_manifest(folder / f"{name}.{edition}.sha256"))


def published_in_parts(folder: Path, name: str, edition: str) -> Pinned:
    """Return the split `NAME.json` and the sum of each part, `NAME.EDITION.sha256`, that come with the suite."""
    sums = read_manifest(folder / f"{name}.{edition}.sha256")
    return Pinned(edition, read_split(folder / f"{name}.json"), sums=sums)


def written_down(dataset: Dataset, edition: str, make: Callable[[], Split], file: Path) -> Pinned:
    """Return the split that was written to `file` at first use, with every image's digest; where it is new, make it.

    Nothing is written here: looking at a dataset leaves no trace. `keep_split` writes what was made. From then on the
    split stays as it is when images are added, and an image that changes is noticed. The edition ends in a digest of
    all digests: it pins the pixels where no published manifest does.

    Raises
    ------
    DataError
        The images are missing, or the file cannot be read.
    """
    if file.exists():
        split, digests_of = read_split(file), file.with_suffix(".sha256")
        try:
            open_regular(digests_of, MOST_BYTES).close()
        except OSError as error:
            raise DataError(f"{digests_of}: {error.strerror or error}; delete {file.name} to draw anew") from None
        manifest = read_manifest(digests_of)
        return Pinned(f"{edition}-{combined(manifest)}", split, manifest)
    split = make()
    manifest = digests(dataset, split.names())
    return Pinned(f"{edition}-{combined(manifest)}", split, manifest, file=file)


def keep_split(dataset: Dataset) -> Path | None:
    """Write a split that was drawn at first use, with its manifest, where it is looked for; return the new file.

    Raises
    ------
    StoreError
        The file cannot be written.
    """
    pinned = dataset.pinned
    if pinned.file is None or pinned.file.exists():
        return None
    # The split is written last: where it is, its manifest is complete.
    write_anew(pinned.file.with_suffix(".sha256"), manifest_text(pinned.manifest).encode())
    write_anew(pinned.file, split_text(pinned.split).encode())
    return pinned.file


def _names(block: object) -> tuple[str, ...]:
    """Return the names of one part and class, as `_block` wrote them."""
    if isinstance(block, dict):
        numbers = " ".join(block["numbers"]).split()
        return tuple(f"{block['before']}{number}{block['after']}" for number in numbers)
    if not isinstance(block, list):
        raise TypeError("the names of a class are no list")
    return tuple(map(str, block))


def _block(names: Sequence[str]) -> str:
    """Return names as a JSON list, or as the numbers in which many of them differ."""
    before, after = _shared(names), _shared([name[::-1] for name in names])[::-1]
    numbers = [name[len(before) : len(name) - len(after)] for name in names]
    if len(names) < MANY or not all(number.isascii() and number.isdecimal() for number in numbers):
        return f"[\n{_lines(names)}\n]"
    lines = ",\n".join(f'"{line}"' for line in wrap(" ".join(numbers), 116))
    return f'{{"before": {json.dumps(before)}, "after": {json.dumps(after)}, "numbers": [\n{lines}\n]}}'


def _lines(names: Sequence[str]) -> str:
    """Return names as JSON strings, several on a line; a name is never broken."""
    quoted = [json.dumps(name, ensure_ascii=True).replace(" ", "\\u0020") for name in names]
    return "\n".join(wrap(", ".join(quoted), 118, break_long_words=False, break_on_hyphens=False))


def _shared(names: Sequence[str]) -> str:
    """Return the beginning that all names share."""
    first, last = min(names, default=""), max(names, default="")
    return first[: next((i for i, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))]
