"""What a user's images are found to be: names by part and class, with what was left out, told or guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Found = dict[str, list[str]]  # names by class

GIVEN = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}


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
