"""A user's own images: one subfolder per class, split by seed at first use and written down."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path

from bench.data.carving import SplitError, carve
from bench.data.duplicates import exact_pairs, groups, near_groups
from bench.data.manifest import digests
from bench.data.splits import written_down
from bench.dataset import Dataset, Imbalance, Pinned, Split, rare
from bench.errors import DataError
from bench.registry import register_dataset

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
VAL_SHARE, TEST_SHARE = 0.2, 0.3  # of the smallest class, for every class
SMALLEST_CLASS = 10
_SURROGATE = re.compile("[\ud800-\udfff]")  # how Python spells bytes of a file name that are not UTF-8


@register_dataset("folder", reference="")
class FolderDataset(Dataset):
    """Any folder with one subfolder of images per class; the largest class is label 0, the smallest is made rarer.

    Parameters
    ----------
    name
        What bench.toml calls it: `[datasets.NAME] folder = "path"`.
    root
        The folder that holds one subfolder per class.
    imbalances
        How to cut the training part; by default an eighth, a quarter, a half and all of the smallest class's images
        that validation and test leave.
    seed
        Decides the split.
    split_file
        Where the split is written at first use; by default `imbench-split-SEED.json` in `root`.
    """

    of_users = True
    near_duplicate = 0.9  # unknown pictures may be aligned and much alike; true copies are above

    def __init__(
        self,
        name: str,
        root: Path,
        imbalances: tuple[Imbalance, ...] = (),
        seed: int = 0,
        split_file: Path | None = None,
    ) -> None:
        super().__init__(root)
        self.name = name
        self.seed = seed
        self.split_file = split_file or root / f"imbench-split-{seed}.json"
        self._wanted = tuple(imbalances)

    @cached_property
    def classes(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the subfolders, the largest first."""
        return self.split().classes

    @cached_property
    def imbalances(self) -> tuple[Imbalance, ...]:  # type: ignore[override]
        """What bench.toml wants, or fractions of the smallest class's training images."""
        left = self.split().counts("train")[-1]
        return self._wanted or tuple(map(rare, sorted({max(1, left // share) for share in (8, 4, 2, 1)})))

    def pin(self) -> Pinned:
        """Return the split that was written down; draw it at first use."""
        return written_down(self, f"folder-{self.seed}", self._draw, self.split_file)

    def missing(self, name: str) -> str:
        """Return the sentence for a file that was in the folder when the split was drawn."""
        return f"{self.path(name)}: no such file; it is in {self.split_file}: put it back, or delete that to draw anew"

    def _draw(self) -> Split:
        names = _by_class(self.name, self.root)
        smallest = min(map(len, names.values()))
        sizes = {part: dict.fromkeys(names, round(share * smallest)) for part, share in _SHARES.items()}
        sizes["train"] = {label: len(names[label]) - sum(sizes[p][label] for p in _SHARES) for label in names}
        everything = [name for label in names for name in names[label]]
        drawn = f"Drawn from the files in the folder with seed {self.seed}"
        try:
            together = near_groups(self, everything, self.near_duplicate)
            parts, note = carve(names, sizes, together, self.seed), f"{drawn}; near duplicates stay in one part."
        except SplitError:
            # Aligned pictures, such as scans, can all be alike; then only equal files must stay together.
            together = groups(exact_pairs(digests(self, everything)))
            parts, note = carve(names, sizes, together, self.seed), f"{drawn}; equal files stay in one part."
        return Split(tuple(names), parts, note)


_SHARES = {"val": VAL_SHARE, "test": TEST_SHARE}


def _by_class(name: str, root: Path) -> dict[str, list[str]]:
    """Return the image files of each subfolder, relative to `root`, the largest class first."""
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; see [datasets.{name}] folder in bench.toml")
    found = {
        folder.name: sorted(path.relative_to(root).as_posix() for path in folder.rglob("*") if _is_image(path))
        for folder in sorted(root.iterdir())
        if folder.is_dir() and not folder.name.startswith(".")
    }
    names = dict(sorted(((k, v) for k, v in found.items() if v), key=lambda item: (-len(item[1]), item[0])))
    if len(names) < 2:
        raise DataError(f"{root}: needs at least two subfolders with images, one per class; it has {len(names)}")
    if odd := [name for files in names.values() for name in files if "\n" in name or _SURROGATE.search(name)]:
        raise DataError(f"{root}: rename {odd[0]!r}, which no text file can hold")
    for label, files in names.items():
        if len(files) < SMALLEST_CLASS:
            raise DataError(f"{root / label}: {len(files)} images; a class needs at least {SMALLEST_CLASS}")
    return names


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")
