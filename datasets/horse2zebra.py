"""Horse2Zebra: photographs of horses (majority) and zebras (minority) as the CycleGAN project published them."""

from __future__ import annotations

from pathlib import Path

from bench.data.carving import carve
from bench.data.dividing import divide_spare
from bench.data.duplicates import near_groups
from bench.data.manifest import Progress
from bench.data.splits import published
from bench.dataset import Dataset, Pinned, Source, Split, rare
from bench.registry import register_dataset

FOLDERS = {"horse": ("trainA", "testA"), "zebra": ("trainB", "testB")}
TRIED = 100  # the first spare images of each class, which trials of translators were measured on
JUDGING = 200  # images of each class for judges, at least: 100 to select by, as many to learn from
# Pairs that are less alike are strangers but for a few: down to 0.39 one in thirty is of one scene. No such pair shall
# cross into the second test part, and what is kept out of it for nothing is not lost: it judges.
ALIKE = 0.36


@register_dataset("horse2zebra", reference="Zhu et al. 2017, arXiv:1703.10593")
class Horse2Zebra(Dataset):
    """Horses and zebras, 256x256: the four official folders pooled and split anew."""

    name = "horse2zebra"
    classes = ("horse", "zebra")
    imbalances = tuple(map(rare, (25, 50, 75, 100)))
    seen_by = ("ImageNet",)
    # Size and digest as TensorFlow Datasets recorded them; both addresses serve the same file.
    source = Source(
        url="https://efrosgans.eecs.berkeley.edu/cyclegan/datasets/horse2zebra.zip",
        size=116_867_962,
        sha256="a74d9d392eecca9966b51287a76ca126af473d9de4f3e8fc0e9cda08fa1730a1",
        mirrors=("https://people.eecs.berkeley.edu/~taesung_park/CycleGAN/datasets/horse2zebra.zip",),
    )

    def pin(self) -> Pinned:
        """Return the published edition; there is only one."""
        return published(Path(__file__).parent / "splits", self.name, "cyclegan-256")


def drawn(dataset: Dataset, progress: Progress | None = None) -> Split:
    """Draw the published split from the files in the dataset's folder."""
    names = {
        label: sorted(f"{folder}/{path.name}" for folder in folders for path in (dataset.root / folder).glob("*.jpg"))
        for label, folders in FOLDERS.items()
    }
    sizes = {
        "train": {"horse": 450, "zebra": 100},
        "val": {"horse": 100, "zebra": 100},
        "test": {"horse": 150, "zebra": 150},
    }
    together = near_groups(dataset, names["horse"] + names["zebra"], 0.5, progress)
    parts = carve(names, sizes, together, seed=0)
    resembling = near_groups(dataset, names["horse"] + names["zebra"], ALIKE, progress)
    note = (
        "The official trainA, testA (horse), trainB and testB (zebra) pooled, 1187 + 1474 images; drawn by "
        "bench.data.carving with seed 0, near duplicates (similarity 0.5 and above) all outside train, val and test. "
        "What these leave is divided by bench.data.dividing: extended is a second test part, balanced, of images that "
        f"resemble no other (similarity below {ALIKE}); judging has all others, near duplicates among them."
    )
    return Split(dataset.classes, parts | divide_spare(parts["spare"], resembling, TRIED, JUDGING), note)
