"""What a user's images are found to be: names by part and class, with what was left out, told or guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.errors import DataError
from bench.store.regular import MIB, read_regular

Found = dict[str, list[str]]  # names by class

MOST_BYTES = 1024 * MIB  # of a table or list: lines of a hundred bytes for ten million images
GIVEN = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}


def text_of(path: Path, most: int = MOST_BYTES) -> bytes:
    """Return the content of a table, a list or another file that many images are in or named by.

    Raises
    ------
    DataError
        It cannot be read, is no regular file, or larger than such are.
    """
    try:
        return read_regular(path, most)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from None


@dataclass(frozen=True)
class Collected:
    """Images before they are dealt.

    Attributes
    ----------
    parts
        Names by part and class; under the part "" stand images whose part is to be drawn.
    said
        Sentences about what was left out, told or guessed, without their full stops.
    group
        Who or what an image is of, by name, where a column says so.
    """

    parts: Mapping[str, Found]
    said: tuple[str, ...] = ()
    group: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """All names, part after part and class after class."""
        return [name for classes in self.parts.values() for names in classes.values() for name in names]

    def without(self, left_out: frozenset[str], *said: str) -> Collected:
        """Return the images that are not left out, with more sentences."""
        parts = {
            part: {label: [name for name in names if name not in left_out] for label, names in classes.items()}
            for part, classes in self.parts.items()
        }
        return Collected(parts, (*self.said, *said), self.group)
