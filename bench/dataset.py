"""The dataset contract: where images come from, and which of them train, validate and test."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Literal

from PIL import Image

from bench.errors import DataError

PARTS = ("train", "val", "test", "spare")  # that every split has; spare may be empty
# That some have: for judges of made images, which no fit sees, and a second test part, that every fit is asked about.
FURTHER = ("annotator", "judging", "extended")
MOST_BYTES = 1 << 30  # of an image's file
SHORT = 3  # so many counts are written out in a label


@dataclass(frozen=True)
class Source:
    """Where a dataset's files can be had: an archive's address, or the page that tells how to ask for them."""

    url: str
    size: int | None = None
    sha256: str | None = None
    manual: str | None = None
    mirrors: tuple[str, ...] = ()
    files: tuple[Source, ...] = ()  # downloaded one by one, and left as they are; then `url` is the page about them


@dataclass(frozen=True)
class Split:
    """File names by part and class. Order matters: the first n of a class's training names are its subset of size n.

    `spare` holds what no other part uses: for judges that must not see the rest, where there is no part `judging`.
    `asked` are the settings that a user's split was drawn under.
    """

    classes: tuple[str, ...]
    parts: Mapping[str, Mapping[str, tuple[str, ...]]]
    note: str = ""
    asked: str = ""

    @property
    def further(self) -> tuple[str, ...]:
        """The parts with images beside the four that every split has."""
        return tuple(part for part in FURTHER if any(self.counts(part)))

    def names(self, *parts: str) -> list[str]:
        """Return the names of some parts, by default of all, class after class in label order."""
        there = [self.parts.get(part, {}) for part in parts or (*PARTS, *self.further)]
        return [name for part in there for label in self.classes for name in part.get(label, ())]

    def counts(self, part: str) -> tuple[int, ...]:
        """Return how many names a part has of each class."""
        return tuple(len(self.parts.get(part, {}).get(label, ())) for label in self.classes)

    @cached_property
    def digest(self) -> str:
        """Sixteen hex digits that change when any part, class, name or order does."""
        lists = {part: [list(self.parts[part][c]) for c in self.classes] for part in (*PARTS, *self.further)}
        text = json.dumps([self.classes, [lists[part] for part in PARTS], *([p, lists[p]] for p in self.further)])
        return sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Pinned:
    """What a dataset's pictures are: the edition, its split, and the SHA-256 (hex) that every file must have, by name.

    The manifest is empty where the edition itself fixes the pixels (computed images), and where files are too many:
    then `sums` has the SHA-256 of each part's manifest. A split that was drawn just now is to be kept in `file`.
    """

    edition: str
    split: Split
    manifest: Mapping[str, str] = field(default_factory=dict)
    sums: Mapping[str, str] = field(default_factory=dict)
    file: Path | None = None


@dataclass(frozen=True)
class Imbalance:
    """A named way to cut a training part, made with `rare`, `exponential`, `step`, `one`, `natural` or `vector`."""

    kind: Literal["rare", "exp", "step", "one", "natural", "vector"]
    value: float | tuple[int, ...] = 0.0
    name: str = ""
    of: int = 0  # the class of `one`

    def counts(self, whole: Sequence[int]) -> tuple[int, ...]:
        """Return the training images of each class, (K,), from those of the whole part.

        Exponential: n_k = n_max rho^(-k / (K - 1)); step: the later half of the classes has n_max / rho (Cao et al.
        2019, arXiv:1906.07413). n_max is the largest class; every class keeps at least one image. One class: it keeps
        so many per cent of the largest other, rounded up, as Mariani et al. 2018 (arXiv:1803.09655) reduce one. Raises
        ValueError where a vector has not K entries, or a class has fewer images than a count given for it.
        """
        classes, most = len(whole), max(whole)
        if self.kind == "rare" or isinstance(self.value, tuple):
            given = isinstance(self.value, tuple)
            wanted = self.value if isinstance(self.value, tuple) else (*whole[:-1], int(self.value))
            if len(wanted) != classes:
                raise ValueError(f"{len(wanted)} counts for {classes} classes")
            for asked, there in zip(wanted, whole if given else (*whole[:-1], min(whole)), strict=True):
                if not 0 < asked <= there:
                    kind = "" if given else "minority "
                    raise ValueError(f"{kind}count {asked} is not possible, it can be 1 to {there}")
            return tuple(wanted)
        if self.kind == "one":
            if not self.of < classes:
                raise ValueError(f"there is no class {self.of}, they are 0 to {classes - 1}")
            left = math.ceil(max(n for k, n in enumerate(whole) if k != self.of) * float(self.value) / 100 - 1e-9)
            return tuple(min(n, max(1, left)) if k == self.of else n for k, n in enumerate(whole))
        of_step = self.kind == "step"
        share = [k / (classes - 1) if self.kind == "exp" else of_step * (2 * k >= classes) for k in range(classes)]
        tail = [most * float(self.value) ** -s if s else most for s in share]
        return tuple(min(there, max(1, round(n))) for there, n in zip(whole, tail, strict=True))

    @property
    def spelled(self) -> str:
        """The imbalance as bench.toml spells it: `25`, `exp 100`, `one 6 2.5`, `natural`, `450:25`."""
        if isinstance(self.value, tuple):
            return ":".join(map(str, self.value))
        own = {"rare": f"{self.value:g}", "natural": "natural", "one": f"one {self.of} {self.value:g}"}
        return own.get(self.kind, f"{self.kind} {self.value:g}")

    def label(self, counts: Sequence[int]) -> str:
        """Return how tables call the place that this makes: `450:25`, `exp 100`, `natural`."""
        if self.name or self.kind in ("natural", "exp", "step", "one"):
            return self.name or self.spelled
        if len(counts) <= SHORT:
            return ":".join(map(str, counts))
        return f"rare {counts[-1]}" if self.kind == "rare" else f"{max(counts)} to {min(counts)}"


def rare(count: int) -> Imbalance:
    """The last class cut to `count` images, all others whole."""
    return Imbalance("rare", count)


def exponential(rho: float) -> Imbalance:
    """A long tail whose largest class is `rho` times its smallest."""
    return Imbalance("exp", rho)


def step(rho: float) -> Imbalance:
    """Half of the classes `rho` times smaller than the other half."""
    return Imbalance("step", rho)


def one(of: int, percent: float) -> Imbalance:
    """One class, by its number, reduced to so many per cent of the largest other; all others whole."""
    return Imbalance("one", percent, of=of)


def natural() -> Imbalance:
    """The counts that the training part has."""
    return Imbalance("natural")


def vector(counts: Sequence[int], name: str = "") -> Imbalance:
    """Counts given one by one."""
    return Imbalance("vector", tuple(counts), name)


@dataclass(frozen=True)
class Task:
    """A dataset's edition and split with the training counts of its classes; `place` is how tables call them."""

    dataset: str
    edition: str
    split: str
    classes: tuple[str, ...]
    counts: tuple[int, ...]
    place: str = field(default="", compare=False)


class Dataset:
    """A source of images of K >= 2 classes, made imbalanced by cutting its training part.

    A dataset is the class variables, `pin`, and whichever of `read` and `content` differs from files in a folder. Label
    0 is the largest class. The split comes before any imbalance; validation and test are balanced where counts allow.
    """

    name: str
    classes: tuple[str, ...]
    imbalances: tuple[Imbalance, ...]
    reference: ClassVar[str] = ""
    source: ClassVar[Source | None] = None
    seen_by: ClassVar[tuple[str, ...]] = ()  # collections that hold these photographs with labels, such as ImageNet
    of_users: ClassVar[bool] = False  # True: reads the images that a section of bench.toml names
    has_files: ClassVar[bool] = True  # False: the images are computed or come inside a library
    near_duplicate: float | None = 0.55  # similarity of near duplicates (bench/data/duplicates.py); None: only exact
    shape: Literal["squash", "pad", "crop"] = "squash"  # how a picture that is not square becomes one
    progress: Callable[[int, int], None] | None = None  # told, while a split is drawn, of images done and in all

    def __init__(self, root: Path) -> None:
        """Remember the folder that holds this dataset's files; nothing is read yet."""
        self.root = root

    def pin(self) -> Pinned:
        """Find out which edition lies in the folder; called once. Without any file, it is the published edition."""
        raise NotImplementedError

    @cached_property
    def pinned(self) -> Pinned:
        """The edition, the split and the digests, looked up once per object."""
        return self.pin()

    @property
    def edition(self) -> str:
        """Which version of the pictures this is; another crop or re-encoding is another edition."""
        return self.pinned.edition

    def split(self) -> Split:
        """Return the published split of this edition."""
        return self.pinned.split

    def path(self, name: str) -> Path:
        """Return the file behind a name of the split."""
        return self.root / name

    def content(self, name: str) -> bytes:
        """Return the bytes whose digest identifies one image; DataError names a file that cannot be read."""
        path = self.path(name)
        try:
            if path.stat().st_size > MOST_BYTES or not path.is_file():
                raise OSError(0, f"no file, or one of more than the {MOST_BYTES >> 20:,} MB that an image can have")
            return path.read_bytes()
        except (OSError, MemoryError) as error:
            absent = isinstance(error, FileNotFoundError)
            said = getattr(error, "strerror", None) or "not enough memory to read it"
            raise DataError(self.missing(name) if absent else f"{path}: {said}") from None

    def missing(self, name: str) -> str:
        """Return the sentence for a file that is not there, with the command that gets it."""
        where = f"{self.path(name)}: no such file" if self.root.is_dir() else f"{self.root}: no such folder"
        get = f"run `imbench data prepare {self.name}`"
        return f"{where}; {get}, or set IMBENCH_DATA to the folder that holds {self.root.name}/"

    def read(self, name: str) -> Image.Image | None:
        """Return a picture that is computed or lies in a library, as RGB; None: the file is to be decoded."""
        return None
