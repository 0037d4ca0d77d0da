"""Groups: who or what images are of, so that no patient, site or slide is in two parts; and signs of them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from unicodedata import normalize

from bench.data.matching import TooSlow, matched
from bench.dataset import Split
from bench.errors import ConfigError, DataError

FEWEST = 4  # groups from which on a shared beginning may be a sign
MOST = 0.95  # share of names that have the sign
ALONE = 0.5  # of images that have a fellow of their class in their group
CROSSING = "groups are in two of the given parts"  # a split's note says so
UNTOLD = "No group was told"
LARGEST = 0.5  # share of all images that the largest group may have

_PIECE = re.compile(r"[^\W\d_]+|\d+|[\W_]+")


def groups_by_pattern(names: Sequence[str], pattern: str, field: str) -> dict[str, str]:
    """Return the group of each name: what the pattern's brackets match in it, or the whole match without brackets.

    A bracket that matches nothing says nothing of the group.

    Raises
    ------
    ConfigError
        The pattern is no regular expression, or one that would not come to an end.
    DataError
        Names do not match, or all brackets match nothing in them; the text says how many, and names one.
    """
    try:
        re.compile(pattern)
        found = dict(zip(names, matched(pattern, names), strict=True))
    except (re.error, OverflowError, RecursionError) as error:
        raise ConfigError(f"{field} = {pattern!r}: no regular expression ({error})") from None
    except TooSlow as slow:
        raise ConfigError(
            f"{field} = {pattern!r}: {slow}; write it without a repeat in a repeat, as (a+)+ is"
        ) from None
    group = {name: as_group(text or "") for name, text in found.items()}
    without = [name for name, whose in group.items() if not whose]
    if without:
        said = "{} do not match" if found[without[0]] is None else "its brackets match nothing in {}"
        raise DataError(
            f"{field} = {pattern!r}: {said.format(f'{len(without)} of {len(names)} names')}, such as {without[0]}"
        )
    return group


def as_group(text: str) -> str:
    """Return a group as it is compared: blanks around it and the coding of accents make no other group."""
    return normalize("NFC", text).strip()


def looks_like_pattern(text: str) -> bool:
    """Return whether a text is meant as a regular expression rather than as the name of a column."""
    return bool(re.search(r"[()\[\]\\.*+?^$|]", text))


def members(group: Mapping[str, str]) -> list[list[str]]:
    """Return the names of each group."""
    of: defaultdict[str, list[str]] = defaultdict(list)
    for name, whose in group.items():
        of[whose].append(name)
    return list(of.values())


def crossing(split: Split, group: Mapping[str, str]) -> list[str]:
    """Return the groups that lie in two parts."""
    homes: defaultdict[str, set[str]] = defaultdict(set)
    for part in split.parts:
        for name in split.names(part):
            if name in group:
                homes[group[name]].add(part)
    return [whose for whose, parts in homes.items() if len(parts) > 1]


def sign(names: Mapping[str, Sequence[str]]) -> str:
    """Return the pattern of the commonest sign that images come in groups, "" if there is none.

    Looked for are a subfolder below a class, a beginning that many names of a class share, and a number in them.

    Parameters
    ----------
    names
        By class.
    """
    label_of = {name: label for label in names for name in names[label]}
    for pattern in _candidates(list(label_of)):
        compiled = re.compile(pattern)
        keys = {name: match[1] for name in label_of if (match := compiled.search(name))}
        if len(keys) < MOST * len(label_of):
            continue
        sizes = Counter(keys.values())
        within = Counter((label_of[name], key) for name, key in keys.items())
        kept = sum(n for n in within.values() if n > 1)
        enough = max(FEWEST, len(names) + 1)
        if len(sizes) >= enough and kept >= ALONE * len(keys) and max(sizes.values()) <= LARGEST * len(keys):
            return pattern
    return ""


def sign_sentence(pattern: str, split: Split) -> str:
    """Say what a sign of groups means for a split that was drawn without them."""
    compiled = re.compile(pattern)
    keys = {name: match[1] for name in split.names() if (match := compiled.search(name))}
    tested = {keys[name] for name in split.names("test") if name in keys}
    trained = {keys[name] for name in split.names("train") if name in keys}
    example = next(iter(keys.values()), "")
    return (
        f"{UNTOLD}, but names share {len({*keys.values()})} pieces such as {example!r}; of {len(tested)} in the "
        f"test part, {len(tested & trained)} are in training too; if these are patients, sites or slides, say group = "
        f"'{pattern}'"
    )


def evenness(split: Split, wanted: Mapping[str, Mapping[str, int]], count: int, noun: str) -> str:
    """Say how well classes are spread over parts that groups were dealt to."""
    off = {
        (part, label): len(split.parts[part][label]) - wanted[part][label]
        for part in ("val", "test")
        if part in wanted
        for label in split.classes
    }
    (part, label), most = max(off.items(), key=lambda it: abs(it[1]) / max(1, wanted[it[0][0]][it[0][1]]))
    there = len(split.parts[part][label])
    told = f"{count} {noun}, none in two parts"
    if not most:
        return f"{told}; every class has the size that was asked for"
    return f"{told}; farthest from what was asked for is {label} in {part}: {there} images instead of {there - most}"


def _candidates(names: Sequence[str]) -> Iterator[str]:
    """Yield patterns, each with one pair of brackets: subfolders, then beginnings from short to long, then numbers."""
    depth = Counter(name.count("/") for name in names).most_common(1)[0][0]
    for level in range(depth):
        yield "^" + "[^/]+/" * level + "([^/]+)/"
    shapes = Counter(_shape(name) for name in names)
    shape = shapes.most_common(1)[0][0]
    for length in range(1, len(shape)):
        if shape[length - 1] in (_WORD, _NUMBER):
            yield f"(?:^|/)({''.join(shape[:length])}){_bounded(shape, length)}"
    for place, piece in enumerate(shape):
        if piece == _NUMBER and place:
            before, after = "".join(shape[:place]), _bounded(shape, place + 1)
            yield f"(?:^|/){before}({piece}){after}"


_WORD, _NUMBER = r"[^\W\d_]+", r"\d+"


def _shape(name: str) -> tuple[str, ...]:
    """Return what a name's stem is made of: patterns of words, numbers, and what stands between, letter by letter."""
    pieces = _PIECE.findall(PurePosixPath(name).stem)
    return tuple(
        _NUMBER if piece[0].isdecimal() else _WORD if piece[0].isalpha() else re.escape(piece) for piece in pieces
    )


def _bounded(shape: tuple[str, ...], length: int) -> str:
    """Return what must follow so many pieces of a file's name: the next one, or its ending."""
    return (shape[length] if length < len(shape) else r"\.") + "[^/]*$"
