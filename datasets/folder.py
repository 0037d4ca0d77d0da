"""A user's own images: one subfolder per class, split by seed at first use and written down."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Literal

from bench.data.carving import UNPROTECTED, carve_what_can_be
from bench.data.decoding import Shape
from bench.data.duplicates import alike, equal_files, groups, whole
from bench.data.folders import given_parts, images_by_class
from bench.data.manifest import digests
from bench.data.splits import written_down
from bench.data.survey import survey
from bench.dataset import PARTS, Dataset, Imbalance, Pinned, Split, rare
from bench.errors import DataError
from bench.registry import register_dataset

VAL_SHARE, TEST_SHARE = 0.2, 0.3  # of the smallest class, for every class
SMALLEST_CLASS = 10
NEAR = 0.9  # unknown pictures may be aligned and much alike; true copies are above


@register_dataset("folder", reference="")
class FolderDataset(Dataset):
    """Any folder with one subfolder of images per class; the largest class is label 0, the smallest is made rarer.

    Parameters
    ----------
    name
        What bench.toml calls it: `[datasets.NAME] folder = "path"`.
    root
        The folder that holds one subfolder per class, or `train/`, `val/` and `test/` with the classes below each.
    imbalances
        How to cut the training part; by default an eighth, a quarter, a half and all of the smallest class's images
        that validation and test leave.
    seed
        Decides the split.
    split_file
        Where the split is kept; by default `imbench-split-SEED.json` in `root`.
    near_duplicates
        "off": only equal files are kept in one part.
    damaged
        "skip": files that cannot be decoded are left out, named in the split's note; else they are refused.
    shape
        How a picture that is not square becomes one.
    """

    of_users = True

    def __init__(
        self,
        name: str,
        root: Path,
        imbalances: tuple[Imbalance, ...] = (),
        seed: int = 0,
        split_file: Path | None = None,
        near_duplicates: Literal["on", "off"] = "on",
        damaged: Literal["refuse", "skip"] = "refuse",
        shape: Shape = "squash",
    ) -> None:
        super().__init__(root)
        self.name = name
        self.seed = seed
        self.split_file = split_file or root / f"imbench-split-{seed}.json"
        self.near_duplicate = NEAR if near_duplicates == "on" else None
        self.damaged = damaged
        self.shape = shape
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
        """Return the split that was kept; draw it at first use."""
        shape = "" if self.shape == "squash" else f"-{self.shape}"
        return written_down(self, f"folder-{self.seed}{shape}", self._draw, self.split_file)

    def missing(self, name: str) -> str:
        """Return the sentence for a file that was in the folder when the split was drawn."""
        return f"{self.path(name)}: no such file; it is in {self.split_file}: put it back, or delete that to draw anew"

    def _draw(self) -> Split:
        if not self.root.is_dir():
            raise DataError(f"{self.root}: no such folder; see [datasets.{self.name}] folder in bench.toml")
        parts, said = given_parts(self.root)
        if not parts:
            found, said = images_by_class(self.root, self.root)
            parts = {"": found}
        everything = [name for classes in parts.values() for names in classes.values() for name in names]
        bad, near = self._look(everything)
        if bad:
            left_out = ", ".join(bad[:3]) + (f" and {len(bad) - 3} more" if len(bad) > 3 else "")
            said.append(f"{len(bad)} damaged images are left out: {left_out}")
        skipped = set(bad)
        kept = {p: {k: [n for n in v if n not in skipped] for k, v in found.items()} for p, found in parts.items()}
        notes = "".join(f" {sentence}." for sentence in said)
        return self._as_given(kept, notes) if "" not in kept else self._drawn(kept[""], near, notes)

    def _look(self, names: list[str]) -> tuple[list[str], list[list[str]]]:
        """Return the images that cannot be decoded, and the groups of near duplicates among the others."""
        if self.near_duplicate is None and self.damaged == "refuse":
            return [], []
        seen = survey(self, names, self.progress)
        if self.damaged == "refuse":
            whole(seen)
        if self.near_duplicate is None:
            return list(seen.broken), []
        near = alike(seen, digests(self, seen.names), self.near_duplicate, self.progress)
        return list(seen.broken), [list(group) for group in groups(near)]

    def _drawn(self, found: dict[str, list[str]], near: list[list[str]], notes: str) -> Split:
        names = dict(sorted(found.items(), key=lambda item: -len(item[1])))
        for label, files in names.items():
            if len(files) < SMALLEST_CLASS:
                raise DataError(f"{self.root / label}: {len(files)} images; a class needs at least {SMALLEST_CLASS}")
        smallest = min(map(len, names.values()))
        sizes = {part: dict.fromkeys(names, round(share * smallest)) for part, share in _SHARES.items()}
        sizes["train"] = {label: len(names[label]) - sum(sizes[p][label] for p in _SHARES) for label in names}
        equal = equal_files(digests(self, [name for files in names.values() for name in files]))
        parts, given_up = carve_what_can_be(names, sizes, near, equal, self.seed)
        note = f"Drawn from the files in the folder with seed {self.seed}; "
        if self.near_duplicate is None:
            note += "equal files stay in one part."
        elif given_up:
            note += f"of {', '.join(given_up)} only equal files stay in one part: {UNPROTECTED}."
        else:
            note += "near duplicates stay in one part."
        return Split(tuple(names), parts, note + notes)

    def _as_given(self, given: dict[str, dict[str, list[str]]], notes: str) -> Split:
        """Return the parts that the user made; validation that is missing is taken out of training, as is a test."""
        labels = sorted(given["train"], key=lambda label: -len(given["train"][label]))
        for part, classes in given.items():
            for label in labels:
                if not classes.get(label):
                    raise DataError(f"{self.root / part}: class {label!r} of train/ has no images there")
            if unknown := [label for label in classes if label not in labels]:
                raise DataError(f"{self.root / part}: class {unknown[0]!r} has no images in train/")
        parts = {part: {label: tuple(given.get(part, {}).get(label, ())) for label in labels} for part in PARTS}
        missing = [part for part in ("val", "test") if part not in given]
        if missing:
            smallest = min(len(names) for names in parts["train"].values())
            sizes = {p: dict.fromkeys(labels, round(_SHARES[p] * smallest) if p in missing else 0) for p in _SHARES}
            left = {k: len(parts["train"][k]) - sum(sizes[p][k] for p in _SHARES) for k in labels}
            drawn, _ = carve_what_can_be(parts["train"], sizes | {"train": left}, [], [], self.seed)
            parts |= {part: drawn[part] for part in ("train", *missing)}
        taken = f"; {' and '.join(missing)} drawn from train/ with seed {self.seed}" if missing else ""
        return Split(tuple(labels), parts, f"Parts as given: {', '.join(given)}{taken}.{notes}")


_SHARES = {"val": VAL_SHARE, "test": TEST_SHARE}
