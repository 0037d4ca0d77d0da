"""Drift: how a user's folder differs by now from the split that was kept of it."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from bench.data.folders import image_files, natural
from bench.data.pinned import judged
from bench.dataset import Dataset

SINCE = "Since the split was kept"  # each sentence begins so


def drift(dataset: Dataset, memo: Path | None = None) -> list[str]:
    """Return sentences about images that are gone, are others now, or came since the split was kept.

    Parameters
    ----------
    memo
        A file that remembers digests, as in `bench.data.manifest.digests`.

    Raises
    ------
    DataError
        A folder or file cannot be read.
    """
    split = dataset.split()
    names = split.names()
    if not dataset.root.is_dir():
        return [f"{SINCE}, the folder {dataset.root.absolute()} is gone, and with it all {len(names)} images"]
    gone = [name for name in names if not dataset.path(name).is_file()]
    absent = {*gone}
    there = [name for name in names if name not in absent]
    _, other = judged(dataset, there, memo)
    new = sorted(
        {*image_files(dataset.root)} - {*names}, key=lambda name: (_class_of(name) in split.classes, natural(name))
    )
    told = {
        ("is gone", "are gone"): gone,
        ("is another image now", "are other images now"): other,
        ("is in its folder and in no part", "are in its folder and in no part"): (
            [] if re.search(", (labels|list) ", split.asked) else new
        ),
    }
    return [f"{SINCE}, {_number(found, one, many)}" for (one, many), found in told.items() if found]


def _number(names: list[str], one: str, many: str) -> str:
    return f"one image {one}: {names[0]}" if len(names) == 1 else f"{len(names)} images {many}, such as {names[0]}"


def _class_of(name: str) -> str:
    return PurePosixPath(name).parts[0]
