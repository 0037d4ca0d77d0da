"""CUB: photographs of sparrows (majority) and flycatchers (minority) from Caltech-UCSD Birds, three editions."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from bench.data.carving import carve
from bench.data.duplicates import Pair, near_groups
from bench.data.manifest import Progress, looks_published
from bench.data.splits import published, written_down
from bench.dataset import PARTS, Dataset, Pinned, Source, Split, rare
from bench.errors import DataError
from bench.registry import register_dataset

SPECIES = {"sparrow": re.compile(r"\d+\..*_Sparrow"), "flycatcher": re.compile(r"\d+\..*_Flycatcher")}
FLICKR_NUMBER = re.compile(r"_(\d+)\.jpg$")
FOLDER_2010, FOLDER_2011 = "images", "CUB_200_2011/images"

MANUAL = """\
CUB is a manual download. Get one edition:
  2010 (the paper's; "Caltech-UCSD Birds 200", images.tgz): it unpacks to {root}/images/037.Acadian_Flycatcher/ ..., or
  2011 (CUB_200_2011.tgz): it unpacks to {root}/CUB_200_2011/images/037.Acadian_Flycatcher/ ...,
from {url}, then run `imbench data check cub`."""


@register_dataset("cub", reference="Welinder et al. 2010, CNS-TR-2010-001; Wah et al. 2011, CNS-TR-2011-001")
class Cub(Dataset):
    """Sparrows and flycatchers: 21 and 7 species; the 226 flycatchers of the 2010 edition are the paper's."""

    name = "cub"
    classes = ("sparrow", "flycatcher")
    imbalances = tuple(map(rare, (12, 25, 50, 75, 100, 125)))
    seen_by = ("ImageNet",)
    source = Source(url="https://www.vision.caltech.edu/datasets/", manual=MANUAL)

    def pin(self) -> Pinned:
        """Return the published squares of 2010, unless the folder holds the original frames or the 2011 edition."""
        if (self.root / FOLDER_2011).is_dir() and not (self.root / FOLDER_2010).is_dir():
            file = self.root / "imbench-split-2011.json"
            return written_down(self, "2011", lambda: drawn(self, FOLDER_2011, self.progress), file)
        squares = published(Path(__file__).parent / "splits", self.name, "2010-square224")
        probes = [squares.split.parts[part][label][0] for part in PARTS[:3] for label in self.classes]
        if looks_published(self, probes, squares.manifest):
            return squares
        return written_down(self, "2010", lambda: squares.split, self.root / "imbench-split-2010.json")


def one_shoot(names: Iterable[str]) -> list[Pair]:
    """Return pairs that were uploaded together: images of one species whose Flickr numbers are close.

    The 2010 edition has the numbers in its file names. Series of one bird on one branch are up to 850,000 apart.
    """
    numbers: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for name in names:
        if match := FLICKR_NUMBER.search(name):
            numbers[name.split("/")[-2]].append((int(match[1]), name))
    neighbours = (pair for species in numbers.values() for pair in pairwise(sorted(species)))
    return [Pair(a, b, 0.0) for (low, a), (high, b) in neighbours if high - low < 1_000_000]


def drawn(dataset: Dataset, folder: str, progress: Progress | None = None) -> Split:
    """Draw a split from the species folders that lie in `folder`: the published one of 2010, and that of 2011."""
    names: dict[str, list[str]] = {label: [] for label in dataset.classes}
    for species in sorted((dataset.root / folder).iterdir()):
        for label, pattern in SPECIES.items():
            if pattern.fullmatch(species.name):
                names[label] += sorted(path.relative_to(dataset.root).as_posix() for path in species.glob("*.jpg"))
    if not all(names.values()):
        raise DataError(f"{dataset.root / folder}: no species folders such as 037.Acadian_Flycatcher")
    sizes = {
        "train": {"sparrow": 250, "flycatcher": 125},
        "val": {"sparrow": 50, "flycatcher": 50},
        "test": {"sparrow": 51, "flycatcher": 51},
    }
    both = names["sparrow"] + names["flycatcher"]
    together = near_groups(dataset, both, 0.4, progress, one_shoot(both) if folder == FOLDER_2010 else ())
    note = (
        f"All {len(names['flycatcher'])} flycatchers and {len(names['sparrow'])} sparrows in {folder}; drawn by "
        "bench.data.carving with seed 0. In one part: near duplicates (similarity 0.4 and above)"
        f"{', and images of a species with Flickr numbers less than 1,000,000 apart' if folder == FOLDER_2010 else ''}."
    )
    return Split(dataset.classes, carve(names, sizes, together, seed=0), note)
