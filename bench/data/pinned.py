"""Pinned images: those that are there are held against what their edition says of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bench.data.manifest import differing, digests
from bench.dataset import Dataset
from bench.errors import DataError


def as_pinned(dataset: Dataset, names: Sequence[str], cache_dir: Path) -> dict[str, str]:
    """Return {name: SHA-256 in hex} of images that are what the dataset's edition says; a memo there spares reading.

    Where the edition has a sum per part, all images of their parts are read: no single one can be judged.

    Raises
    ------
    DataError
        An image is missing, or another one; the text names it.
    """
    wanted = {*names}
    parts = (dataset.pinned.split.names(part) for part in dataset.pinned.sums)
    beside = (name for part in parts if not wanted.isdisjoint(part) for name in part)
    found, others = judged(dataset, [*dict.fromkeys((*names, *beside))], cache_dir / f"{dataset.name}-digests.json")
    if others:
        more = f" (nor are {len(others) - 1} others)" if len(others) > 1 else ""
        raise DataError(
            f"{dataset.path(others[0])} is not the image of edition {dataset.edition!r}{more}; "
            f"see `imbench data check {dataset.name}`"
        )
    return {name: found[name] for name in names}


def judged(dataset: Dataset, names: Sequence[str], memo: Path | None) -> tuple[dict[str, str], list[str]]:
    """Return {name: SHA-256 in hex} of images, and the names of those that are not what the edition says.

    A memo has no sum of its own: images that differ by it are read again, and one that was wrong is made anew.
    """
    found = digests(dataset, names, memo)
    others = differing(dataset.pinned, found)
    if memo and (again := digests(dataset, others)) != {name: found[name] for name in others}:
        with suppress(OSError):  # a cache that can only be read
            memo.unlink()
        found |= again
        others = differing(dataset.pinned, found)
    return found, others
