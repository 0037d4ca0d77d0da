"""The HTML report as a list of elements, for its tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser

from html_demo import demo_page

from bench.report.html.render import render
from bench.report.report import Report

VOID = {"meta", "link", "img", "input", "br", "hr"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    text: str = ""
    parents: tuple[str, ...] = ()


@dataclass
class Reader(HTMLParser):
    """All elements of a document in their order, each with the text within it."""

    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parents = tuple(element.tag for element in self.open)
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}, "", parents))
        if tag not in VOID:
            self.open.append(self.elements[-1])

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag, f"</{tag}> closes what it did not open"

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data


def elements(page: Report) -> list[Element]:
    """Return all elements of a rendered page."""
    return read(render(page))


@cache
def demo() -> list[Element]:
    return read(render(demo_page()))


def read(text: str) -> list[Element]:
    reader = Reader()
    reader.feed(text)
    assert not reader.open
    return reader.elements


def squeezed(text: str) -> str:
    """Return a text with single blanks, as a browser shows it."""
    return " ".join(text.split())
