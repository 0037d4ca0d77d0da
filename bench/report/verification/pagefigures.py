"""Figures of a page: what an HTML report prints and says that it is, read without what wrote it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser

NUMBER = re.compile(r"[-+\N{MINUS SIGN}]?\d+(?:\.(\d+))?(?:[eE][-+]?\d+)?")
CELL = ("profile", "task", "minority", "method", "metric", "seed")
# Elements that have no end tag.
VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])


@dataclass(frozen=True)
class PageFigure:
    """An element with `data-figure`: its attributes without `data-`, its text and its line in the file.

    Which cell it speaks of may be said by elements around it.
    """

    attributes: Mapping[str, str]
    text: str
    line: int

    @property
    def place(self) -> str:
        """Which cell it speaks of, such as `horse2zebra 25 CS f1_minority`."""
        names = ("place", "task", "minority", "method", "metric")
        return " ".join(self.attributes[name] for name in names if name in self.attributes)


def page_figures(html: str) -> list[PageFigure]:
    """Return every element with `data-figure`, in the order of the page. Text belongs to the innermost of them."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return sorted(reader.found, key=lambda figure: figure.line)


def printed_number(text: str) -> tuple[float, int] | None:
    """Return the first number of a text and how many decimals it has; None if there is none."""
    match = NUMBER.search(text)
    if match is None:
        return None
    return float(match[0].replace("\N{MINUS SIGN}", "-")), len(match[1] or "")


class _Reader(HTMLParser):
    """Keep open elements on a stack; one of them collects text if it is a figure."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[PageFigure] = []
        self._open: list[tuple[str, dict[str, str] | None, list[str], int]] = []
        self._places: list[dict[str, str]] = [{}]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        data = {name.removeprefix("data-"): value or "" for name, value in attrs if name.startswith("data-")}
        if tag not in VOID:
            place = self._places[-1]
            self._open.append((tag, place | data if "figure" in data else None, [], self.getpos()[0]))
            self._places.append(place | {name: data[name] for name in CELL if name in data})

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Pass over `<path/>` and its like, which hold no text."""

    def handle_data(self, data: str) -> None:
        for _, attributes, text, _ in reversed(self._open):
            if attributes is not None:
                text.append(data)
                return

    def handle_endtag(self, tag: str) -> None:
        if any(name == tag for name, *_ in self._open):
            while self._open:  # elements that were never closed, such as <li>, end with what holds them
                name = self._shut()
                if name == tag:
                    return

    def close(self) -> None:
        super().close()
        while self._open:
            self._shut()

    def _shut(self) -> str:
        self._places.pop()
        name, attributes, text, line = self._open.pop()
        if attributes is not None:
            self.found.append(PageFigure(attributes, " ".join("".join(text).split()), line))
        return name
