"""A user's own images: in folders, a csv or lists; dealt to parts by share at first use, and written down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import copy
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Literal

from bench.data.collected import Collected, text_of
from bench.data.dealing import Balance
from bench.data.decoding import Shape
from bench.data.duplicates import alike, equal_files, groups, two_labels
from bench.data.filelists import in_lists
from bench.data.folders import alike_names
from bench.data.grouping import CROSSING, crossing, groups_by_pattern, sign, sign_sentence
from bench.data.labelled import in_table
from bench.data.layout import in_folders
from bench.data.manifest import digests
from bench.data.sharing import SHARE, Alike, Shares, classes_of_given, drawn
from bench.data.splits import written_down
from bench.data.survey import DamagedImages, survey
from bench.dataset import PARTS, Dataset, Imbalance, Pinned, Split, rare
from bench.errors import DataError, one_line
from bench.registry import register_dataset

SMALLEST_CLASS = 10
NAMED = 20  # damaged images in a split's note
_DIGEST = re.compile(r"(?<= )[0-9a-f]{12}(?=,|$)")  # of a table or list, in what a split was drawn for
NEAR = 0.9  # unknown pictures may be aligned and much alike; true copies are above


@register_dataset("folder", reference="")
class FolderDataset(Dataset):
    """Any images of one's own; the largest class is label 0, the smallest is made rarer.

    Parameters
    ----------
    name
        What bench.toml calls it: `[datasets.NAME] folder = "path"`.
    root
        The folder that holds one subfolder per class, or `train/`, `val/` and `test/` with the classes below each; or
        the one that the names in `labels` or `lists` are relative to.
    imbalances
        How to cut the training part; by default an eighth, a quarter, a half and all of the smallest class's images
        that validation and test leave.
    seed
        Decides the split.
    split_file
        Where the split is kept; by default `imbench-split-SEED.json` in `root`.
    labels, columns, delimiter
        A csv that names files and classes, see `bench.data.labelled.in_table`.
    lists
        By class: a file of names.
    group
        A column of the csv, or a regular expression that is looked for in names: images of one group stay in one part.
    val, test, parts
        Shares of what is drawn, and whether classes are there as rare as found or balanced.
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
        labels: Path | None = None,
        columns: Mapping[str, str] | None = None,
        delimiter: str = "",
        lists: Mapping[str, Path] | None = None,
        group: str = "",
        val: float = SHARE,
        test: float = SHARE,
        parts: Balance = "natural",
        near_duplicates: Literal["on", "off"] = "on",
        damaged: Literal["refuse", "skip"] = "refuse",
        shape: Shape = "squash",
    ) -> None:
        super().__init__(root)
        self.name = name
        self.split_file = split_file or root / f"imbench-split-{seed}.json"
        self.shares = Shares(val, test, parts, seed)
        self.labels, self.columns, self.delimiter, self.lists = labels, columns or {}, delimiter, lists or {}
        self.group = group
        self.near_duplicate = NEAR if near_duplicates == "on" else None
        self.damaged = damaged
        self.shape = shape
        self._wanted = tuple(imbalances)

    @cached_property
    def classes(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the classes, the largest first."""
        return self.split().classes

    @cached_property
    def imbalances(self) -> tuple[Imbalance, ...]:  # type: ignore[override]
        """What bench.toml wants, or fractions of the smallest class's training images."""
        left = min(self.split().counts("train"))
        return self._wanted or tuple(map(rare, sorted({max(1, left // share) for share in (8, 4, 2, 1)})))

    def pin(self) -> Pinned:
        """Return the split that was kept; draw it at first use.

        Raises
        ------
        DataError
            The images cannot be split, or the kept split was drawn under other settings.
        """
        shape = "" if self.shape == "squash" else f"-{self.shape}"
        pinned = written_down(self, f"folder-{self.shares.seed}{shape}", self._draw, self.split_file)
        if pinned.split.asked and pinned.split.asked != (asked := self._asked()):
            alike = _DIGEST.sub("", asked) == _DIGEST.sub("", pinned.split.asked)
            now = f"[datasets.{self.name}] now asks for {asked}"
            what = f"{self.labels or 'a list'} has changed since" if alike else f"for {pinned.split.asked}; {now}"
            raise DataError(
                f"{self.split_file} was drawn {'before: ' if alike else ''}{what}: delete that file to draw anew, or "
                f"{'put the table back' if alike else 'name another one as `split`'}"
            )
        return pinned

    def missing(self, name: str) -> str:
        """Return the sentence for a file that was in the folder when the split was drawn."""
        return f"{self.path(name)}: no such file; it is in {self.split_file}: put it back, or delete that to draw anew"

    def collected(self) -> Collected:
        """Return the images that there are, by part and class, and who they are of.

        Raises
        ------
        DataError
            They cannot be read as such; the text names the file, line or class.
        """
        if not self.root.is_dir():
            raise DataError(f"{self.root.absolute()}: no such folder; see [datasets.{self.name}] folder in bench.toml")
        field, skip = f"[datasets.{self.name}] group", self.damaged == "skip"
        if self.labels:
            found = in_table(self.labels, self.root, self.columns, self.delimiter, self.group, skip)
        else:
            found = in_lists(self.lists, self.root, skip) if self.lists else in_folders(self.root, self.group)
        if self.group and not found.group:
            return Collected(found.parts, found.said, groups_by_pattern(found.names, self.group, field))
        return found

    def _asked(self) -> str:
        """Return the settings that decide the split, in a line."""
        table = f", labels {self.labels.name} {_digest(self.labels)}" if self.labels else ""
        group = f", group {self.group!r}" if self.group else ""
        near = "" if self.near_duplicate is not None else ", near duplicates off"
        lists = "".join(f", list {label!r} {_digest(path)}" for label, path in self.lists.items())
        columns = f", columns {dict(sorted(self.columns.items()))}" if self.columns else ""
        apart = f", delimiter {self.delimiter!r}" if self.delimiter else ""
        seed = f", seed {self.shares.seed}" if self.shares.seed else ""
        # Else pictures are looked at in any case, and a damaged one is refused before anything is kept.
        skip = ", damaged left out" if self.damaged == "skip" and near else ""
        return f"{self.shares}{table}{lists}{columns}{apart}{group}{near}{skip}{seed}"

    def _draw(self) -> Split:
        found = self.collected()
        bad, near, done = self._look(found.names)
        if bad:
            named = ", ".join(bad[:NAMED]) + (f" and {len(bad) - NAMED} more" if len(bad) > NAMED else "")
            self._refuse_vanished(found, frozenset(bad))
            found = found.without(frozenset(bad), f"{len(bad)} damaged images are left out: {named}")
        equal = equal_files(digests(self, found.names))
        together = Alike(near, equal, found.group, looked=self.near_duplicate is not None)
        split = self._by_share(found, together) if "" in found.parts else self._as_given(found, together)
        said = [*found.said, *done]
        if found.group and (across := crossing(split, found.group)):
            said.append(f"{len(across)} {CROSSING}, such as {across[0]}")
        names = {label: [n for of in found.parts.values() for n in of.get(label, ())] for label in split.classes}
        first = {name: group[0] for group in [*near, *equal] for name in group}
        if "" not in found.parts and (across := crossing(split, first)):
            said.append(f"{len(across)} {CROSSING}: pictures that are alike, such as {across[0]}")
        said += two_labels(names, equal)
        said += alike_names(split.classes)
        said += alike_names(dict.fromkeys(found.group.values()), "Groups, each dealt for itself,")
        if not found.group and (pattern := sign(names)):
            said.append(sign_sentence(pattern, split))
        note = "\n".join(map(one_line, [split.note, *(f"{sentence}." for sentence in said)]))
        return Split(split.classes, split.parts, note, self._asked())

    def _refuse_vanished(self, found: Collected, bad: frozenset[str]) -> None:
        of: dict[str, list[str]] = {}
        for classes in found.parts.values():
            for label, names in classes.items():
                of.setdefault(label, []).extend(names)
        for label, names in of.items():
            if bad.issuperset(names):
                raise DataError(
                    f"{self.labels or self.root}: class {label!r} would vanish: its {len(names)} images are all "
                    f"damaged, such as {names[0]}"
                )

    def _look(self, names: list[str]) -> tuple[list[str], list[list[str]], list[str]]:
        """Return the images that cannot be decoded, the groups of near duplicates among the others, and what to say.

        That is what had to be done to decode them, with how many.
        """
        if self.near_duplicate is None and self.damaged == "refuse":
            return [], [], []
        seen = survey(self, names, self.progress)
        if self.damaged == "refuse" and seen.broken:
            rest = copy(self)
            rest.damaged = "skip"
            raise DamagedImages(seen.broken, rest)
        done = [f"Of {count} images, {text}" for text, count in seen.said.items()]
        if self.near_duplicate is None:
            return list(seen.broken), [], done
        near = alike(seen, digests(self, seen.names), self.near_duplicate, self.progress)
        return list(seen.broken), [list(group) for group in groups(near)], done

    def _by_share(self, found: Collected, together: Alike) -> Split:
        names = dict(sorted(found.parts[""].items(), key=lambda item: -len(item[1])))
        if few := [label for label in names if len(names[label]) < SMALLEST_CLASS]:
            more = f" ({len(few) - 1} more of {len(names)} classes have too few)" if len(few) > 1 else ""
            few_are = f"class {few[0]!r} has {len(names[few[0]])} images; it needs {SMALLEST_CLASS}{more}"
            raise DataError("; ".join([f"{self.labels or self.root}: {few_are}", *alike_names(names)]))
        parts, said = drawn(names, self.shares, together)
        return Split(tuple(names), parts, f"Drawn from the images with seed {self.shares.seed}: {self.shares}; {said}.")

    def _as_given(self, found: Collected, together: Alike) -> Split:
        """Return the parts that the user made; validation that is missing is taken out of training, as is a test."""
        given, where = found.parts, self.labels or self.root
        labels = classes_of_given(given, where)
        parts = {part: {label: tuple(given.get(part, {}).get(label, ())) for label in labels} for part in PARTS}
        missing, taken = [part for part in ("val", "test") if part not in given], ""
        if missing:
            new, said = drawn({k: list(parts["train"][k]) for k in labels}, self.shares, together, missing)
            parts |= {part: new[part] for part in ("train", *missing)}
            taken = f"; {' and '.join(missing)} drawn from train with seed {self.shares.seed}: {self.shares}; {said}"
        elif str(self.shares) != str(Shares()):
            taken = f"; none is drawn, so that {self.shares} is not heeded"
        return Split(tuple(labels), parts, f"Parts as given: {', '.join(given)}{taken}.")


def _digest(path: Path) -> str:
    return sha256(text_of(path)).hexdigest()[:12]
