"""Splits as files: published ones come with the suite, drawn ones are written down beside the images."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import wrap

from bench.data.manifest import combined, digests, manifest_text, read_manifest
from bench.dataset import PARTS, Dataset, Pinned, Split
from bench.errors import DataError
from bench.store.atomic import write_atomically


def read_split(path: Path) -> Split:
    """Return the split in a file.

    Raises
    ------
    DataError
        The file cannot be read, has not the form of a split, or names an image twice.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf8"))
        classes = tuple(map(str, raw["classes"]))
        parts = {part: {label: tuple(map(str, raw["parts"][part][label])) for label in classes} for part in PARTS}
        split = Split(classes, parts, str(raw.get("note", "")))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: not a split ({type(error).__name__}: {error}); delete it to draw anew") from error
    names = [name for part in PARTS for name in split.names(part)]
    if len(names) != len(set(names)):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"{path}: {twice} is listed twice")
    return split


def split_text(split: Split) -> str:
    """Return a split as JSON: one block per part and class, names in their order, lines short enough to compare."""
    parts = []
    for part in PARTS:
        lists = [f"{json.dumps(label)}: [\n{_lines(split.parts[part][label])}\n]" for label in split.classes]
        parts.append(f"{json.dumps(part)}: {{\n" + ",\n".join(lists) + "\n}")
    head = f'"note": {json.dumps(split.note)},\n"classes": {json.dumps(list(split.classes))},\n'
    return "{\n" + head + '"parts": {\n' + ",\n".join(parts) + "\n}\n}\n"


def published(folder: Path, name: str, edition: str) -> Pinned:
    """Return the split `NAME.json` and the manifest `NAME.EDITION.sha256` that come with the suite."""
    return Pinned(edition, read_split(folder / f"{name}.json"), read_manifest(folder / f"{name}.{edition}.sha256"))


def computed(dataset: Dataset, edition: str, split: Split) -> Pinned:
    """Return the split of images that are computed or lie in a library; the edition ends in a digest of all of them."""
    names = [name for part in PARTS for name in split.names(part)]
    return Pinned(f"{edition}-{combined(digests(dataset, names))}", split)


def written_down(dataset: Dataset, edition: str, make: Callable[[], Split], file: Path) -> Pinned:
    """Return the split that was written to `file` at first use, with every image's digest; make and write it if new.

    So a split stays as it is when images are added later, and an image that changes is noticed. The edition ends in a
    digest of all digests: it pins the pixels where no published manifest does.

    Raises
    ------
    DataError
        The images are missing, or the file cannot be read.
    StoreError
        The file cannot be written.
    """
    manifest_file = file.with_suffix(".sha256")
    # The split is written last: where it is, its manifest is complete.
    if not file.exists():
        split = make()
        names = [name for part in PARTS for name in split.names(part)]
        write_atomically(manifest_file, manifest_text(digests(dataset, names)).encode())
        write_atomically(file, split_text(split).encode())
    manifest = read_manifest(manifest_file)
    return Pinned(f"{edition}-{combined(manifest)}", read_split(file), manifest)


def _lines(names: Sequence[str]) -> str:
    """Return names as JSON strings, several on a line; a name is never broken."""
    quoted = [json.dumps(name, ensure_ascii=True).replace(" ", "\\u0020") for name in names]
    return "\n".join(wrap(", ".join(quoted), 118, break_long_words=False, break_on_hyphens=False))
