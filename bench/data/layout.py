"""The layout of a folder of images: classes alone, parts with classes below each, or classes with parts below each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

from bench.data.collected import GIVEN, Collected, Found
from bench.data.folders import NAMED, beside, by_class, image_files, images_by_class, plain, subfolders
from bench.errors import DataError

_WORDS = "|".join(sorted(GIVEN, key=len, reverse=True))
_NUMBER = r"(?:\d+[\W_]*)?"  # 1_train
_PART = re.compile(rf"{_NUMBER}({_WORDS})[\W_]*(?:set|data|dataset|images|imgs|split)?[\W\d_]*", re.IGNORECASE)
_LIKE_A_PART = re.compile(rf"{_NUMBER}((?i:{_WORDS}))(?![a-z])")  # trainA, test-old; not trainer


def in_folders(root: Path, group: str = "") -> Collected:
    """Return the images of a folder with one subfolder per class, perhaps below `train/`, `test/` and `val/`.

    Parameters
    ----------
    group
        The user's pattern of groups: one that speaks of folders says that those below the classes are none.

    Raises
    ------
    DataError
        As `images_by_class`, or the subfolders may be something else than classes.
    """
    parts, said = given_parts(root)
    if not parts:
        found, said = images_by_class(root, root)
        parts = {"": found}
    if "/" not in group:
        for part, found in parts.items():
            _refuse_classes_within(root, part, found)
    return Collected(parts, (*said, *beside(root)))


def given_parts(root: Path) -> tuple[dict[str, Found], list[str]]:
    """Return the images by part and class where the subfolders are `train/`, `test/` and perhaps `val/`, else none.

    So they are where each class has such subfolders of its own.

    Also returns sentences about what was left out.

    Raises
    ------
    DataError
        As `images_by_class`.
    """
    part_of = {folder: part_named(folder.name) for folder in subfolders(root)}
    parts = [part for part in part_of.values() if part]
    if "train" not in parts or len(parts) < 2:
        _refuse_no_training(root, part_of)
        _refuse_parts_of_other_names(root, [*part_of])
        _refuse_one_too_high(root, [*part_of])
        return _parts_within(root, [*part_of])
    if len(set(parts)) < len(parts):
        raise DataError(f"{root}: two subfolders of one meaning among {', '.join(f.name for f in part_of)}")
    found, said = {}, []
    for folder, part in part_of.items():
        if part:
            found[part], more = images_by_class(folder, root)
            said += [*more, *beside(folder)]
        elif image_files(folder):
            raise _beside_parts(root, [f.name for f, known in part_of.items() if known], folder)
        else:
            said.append(f"Left out: {folder.name}, which holds no image")
    return found, said


def part_named(folder: str) -> str:
    """Return the part that a folder's name says, as `train`, `Training_Set` and `train2017` do; "" if it says none."""
    match = _PART.fullmatch(folder)
    return GIVEN[match[1].lower()] if match else ""


def _parts_within(root: Path, folders: Sequence[Path]) -> tuple[dict[str, Found], list[str]]:
    """Return the images where each class has its own `train/`, `test/` and perhaps `val/`, as `given_parts` does."""
    within = {folder: {part: it for it in subfolders(folder) if (part := part_named(it.name))} for folder in folders}
    parts = dict.fromkeys(part for of in within.values() for part in of)
    if "train" not in parts or len(parts) < 2:
        for folder, of in within.items():
            _refuse_no_training(folder, {it: part for part, it in of.items()})
        return {}, []
    for folder, of in within.items():
        if lacking := [part for part in parts if part not in of]:
            raise DataError(
                f"{folder}: other classes have subfolders {' and '.join(parts)}, and it has no {lacking[0]}"
            )
        if strange := next((it for it in subfolders(folder) if it not in of.values() and image_files(it)), None):
            raise _beside_parts(folder, [it.name for it in of.values()], strange)
    found, said = {}, [sentence for folder in folders for sentence in beside(folder)]
    for part in parts:
        found[part], more = by_class({folder.name: of[part] for folder, of in within.items()}, root, root)
        said += more
    return found, said


def _beside_parts(where: Path, parts: Sequence[str], strange: Path) -> DataError:
    return DataError(
        f"{where}: {' and '.join(parts)} are parts, and {strange.name} beside them is none; move it elsewhere, or call "
        "the folder of a class otherwise"
    )


def _refuse_parts_of_other_names(root: Path, folders: Sequence[Path]) -> None:
    """Refuse classes that are parts: trainA beside testA, or train beside a folder that holds the same subfolders."""
    like = {folder: GIVEN[match[1].lower()] for folder in folders if (match := _LIKE_A_PART.match(folder.name))}
    if "train" not in like.values():
        return
    inside = {folder: {it.name for it in subfolders(folder)} for folder in folders}
    same = [folder for folder in folders if len(inside[folder]) > 1 and [*inside.values()].count(inside[folder]) > 1]
    if len({*like.values()}) > 1 or any(folder in like for folder in same):
        named = " and ".join(folder.name for folder in (like if len(like) > 1 else same))
        raise DataError(
            f"{root}: {named} look like parts, not like classes; call parts train, val and test, with the folders of "
            "classes below each"
        )


def _refuse_no_training(where: Path, part_of: Mapping[Path, str]) -> None:
    """Refuse val beside test as classes: what trains is missing."""
    named = {part: folder.name for folder, part in part_of.items() if part}
    if len(named) > 1 and "train" not in named:
        raise DataError(
            f"{where}: {' and '.join(named.values())} are parts, and there is no train beside them; add it, or call "
            "the folders of classes otherwise"
        )


def _refuse_one_too_high(root: Path, folders: Sequence[Path]) -> None:
    """Refuse images/{train,val} beside labels/, as detectors are trained on, where labels/ would be a class."""
    for folder in folders:
        parts = [it.name for it in subfolders(folder) if part_named(it.name)]
        others = [it for it in folders if it != folder]
        if len(parts) > 1 and others and not any(map(image_files, others)):
            raise DataError(
                f"{root}: {folder.name} in it has {' and '.join(parts)}, and {others[0].name} holds no image: say "
                f'folder = "{folder}"'
            )


def _refuse_classes_within(root: Path, part: str, found: Found) -> None:
    """Refuse folders that hold folders of the same names, which may be the classes: sites, folds, or a copy beside."""
    depth = 2 if part else 1
    holders = [(part or root.name, {plain(label): label for label in found})]
    for label, names in found.items():
        paths = [name.split("/") for name in names]
        holders.append((label, {plain(path[depth]): path[depth] for path in paths if len(path) > depth + 1}))
    for (one, first), (other, second) in combinations([it for it in holders if len(it[1]) > 1], 2):
        if len(same := [name for name in first if name in second]) > 1:
            named = ", ".join([*found][:NAMED]) + (", ..." if len(found) > NAMED else "")
            shown = ", ".join(first[name] for name in same[:NAMED]) + (", ..." if len(same) > NAMED else "")
            raise DataError(
                f"{root}: {one} and {other} hold the same folders {shown}: are those the classes? Then join the "
                f"folders of one name, or give a csv of labels; if {named} are the classes, say group = "
                f"'^{'[^/]+/' * depth}([^/]+)/' where what is in them is patients or sites, else group = '.+/.+'"
            )
