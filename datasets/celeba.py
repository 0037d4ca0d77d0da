"""CelebA: aligned faces, female (majority) and male (minority), no person in two parts."""

from __future__ import annotations

from pathlib import Path

from bench.data.manifest import looks_published
from bench.data.splits import published, written_down
from bench.dataset import PARTS, Dataset, Pinned, Source, rare
from bench.registry import register_dataset

MANUAL = """\
CelebA is a manual download, for non-commercial research only: accept its terms at
{url}
and unpack "Align&Cropped Images" (img_align_celeba.zip) so that {root}/img_align_celeba/000004.jpg exists,
then run `imbench data check celeba`."""


@register_dataset("celeba", reference="Liu et al. 2015, arXiv:1411.7766")
class CelebA(Dataset):
    """Female and male faces, 178x218, split so that no person is in two parts."""

    name = "celeba"
    classes = ("female", "male")
    imbalances = tuple(map(rare, (50, 100, 200, 300, 400, 500, 600, 700, 800, 900)))
    source = Source(url="https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html", manual=MANUAL)
    # Aligned faces all look alike: the most similar strangers reach 0.77.
    near_duplicate = 0.85

    def pin(self) -> Pinned:
        """Return the published edition, or the same split of another encoding of the same faces."""
        aligned = published(Path(__file__).parent / "splits", self.name, "aligned-178x218")
        probes = [aligned.split.parts[part][label][0] for part in PARTS[:3] for label in self.classes]
        if looks_published(self, probes, aligned.manifest):
            return aligned
        return written_down(self, "aligned", lambda: aligned.split, self.root / "imbench-split.json")
