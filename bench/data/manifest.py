"""Digests of images: read and written as `sha256sum` does, recomputed only for files that changed."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from bench.dataset import Dataset, Pinned
from bench.errors import DataError, StoreError
from bench.store.atomic import write_atomically
from bench.store.regular import MIB, read_regular

Progress = Callable[[int, int], None]  # items or bytes done, and in all (0: not known)

_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def read_manifest(path: Path) -> dict[str, str]:
    """Return {name: SHA-256 in hex} of a file in `sha256sum` format.

    Raises
    ------
    DataError
        The file cannot be read, or a line is not a digest and a name; the text names the line.
    """
    try:
        lines = path.read_bytes().decode("utf8").removesuffix("\n").split("\n")
        if all(line.endswith("\r") for line in lines):  # another system's line ends
            lines = [line.removesuffix("\r") for line in lines]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {error}") from None
    manifest = {}
    for number, line in enumerate(lines, 1):
        if not (match := _LINE.fullmatch(line)):
            raise DataError(f"{path}: line {number} is not a SHA-256 and a file name")
        manifest[match[2]] = match[1]
    return manifest


def manifest_text(manifest: Mapping[str, str]) -> str:
    """Return a manifest as text that `sha256sum --check` reads, sorted by name."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(manifest.items()))


def combined(manifest: Mapping[str, str]) -> str:
    """Return twelve hex digits that change when any name or digest does."""
    return summed(manifest)[:12]


def digests(
    dataset: Dataset, names: Sequence[str], memo: Path | None = None, progress: Progress | None = None
) -> dict[str, str]:
    """Return {name: SHA-256 in hex} of the named images.

    Parameters
    ----------
    memo
        A file that remembers digests by path, size and time of change, so that only changed files are read again.

    Raises
    ------
    DataError
        A file is missing or cannot be read; the text names it.
    """
    known = _read_memo(memo) if dataset.has_files else {}
    stamps = {name: _stamp(dataset, name) for name in names} if dataset.has_files else {}
    found = {name: known[stamp] for name, stamp in stamps.items() if stamp in known}
    unknown = [name for name in names if name not in found]
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        fresh = pool.map(lambda name: sha256(dataset.content(name)).hexdigest(), unknown)
        for done, (name, digest) in enumerate(zip(unknown, fresh, strict=True), 1):
            found[name] = digest
            if progress:
                progress(done, len(unknown))
    if memo and unknown and dataset.has_files:
        text = json.dumps(known | {stamps[name]: found[name] for name in names}, indent=0)
        with suppress(StoreError):  # a cache that can only be read is used as it is
            write_atomically(memo, text.encode(), durable=False)
    return {name: found[name] for name in names}


def differing(pinned: Pinned, found: Mapping[str, str]) -> list[str]:
    """Return the names whose digest is not what the edition says; one that it does not list is among them.

    Where the edition has a sum per part, all names of a part whose sum is another are returned; parts that are not
    wholly among the found are not judged.
    """
    if pinned.manifest:
        return [name for name, digest in found.items() if pinned.manifest.get(name) != digest]
    wrong = []
    for part, wanted in pinned.sums.items():
        names = pinned.split.names(part)
        if all(name in found for name in names) and summed({name: found[name] for name in names}) != wanted:
            wrong += names
    return wrong


def summed(manifest: Mapping[str, str]) -> str:
    """Return the SHA-256 in hex of a manifest's text, which changes when any name or digest does."""
    return sha256(manifest_text(manifest).encode()).hexdigest()


def looks_published(dataset: Dataset, names: Iterable[str], manifest: Mapping[str, str]) -> bool:
    """Return False if most of the named files exist with other content than the manifest says.

    A damaged file is not another edition, so the majority of a few probes decides; absent files have no vote.
    """
    present = [name for name in names if dataset.path(name).is_file()]
    equal = sum(sha256(dataset.content(name)).hexdigest() == manifest[name] for name in present)
    return not present or 2 * equal >= len(present)


def _stamp(dataset: Dataset, name: str) -> str:
    path = dataset.path(name)
    try:
        status = path.stat()
    except OSError:
        raise DataError(dataset.missing(name)) from None
    return f"{name}|{path.absolute()}|{status.st_size}|{status.st_mtime_ns}|{status.st_ino}"


def _read_memo(memo: Path | None) -> dict[str, str]:
    """Return what is remembered; a memo that does not parse is forgotten, since it can be made again."""
    try:
        known = json.loads(read_regular(memo, 1024 * MIB)) if memo else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return known if isinstance(known, dict) else {}
