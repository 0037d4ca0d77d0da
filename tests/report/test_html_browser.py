"""In a real browser the page asks for nothing, fits phone and desk, and works with keyboard, mouse or neither."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("selenium", reason="needs selenium, of the development dependencies")

from html_browser import MISSING, Browser, browser
from html_demo import demo_page
from selenium.webdriver.common.keys import Keys

from bench.report.html.render import render

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)

OPEN_ALL = "document.querySelectorAll('details').forEach((e) => (e.open = true))"
FIRST_NUMBER = "document.querySelector('td a[data-figure]').click()"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Browser, str]]:
    path: Path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(render(demo_page()), encoding="utf-8")
    with browser() as made:
        yield made, path.as_uri()


@pytest.fixture
def page(opened: tuple[Browser, str]) -> Browser:
    """Return the page, freshly opened on a desk in a light room."""
    made, address = opened
    made.screen(1400)
    made.prefer()
    made.driver.get("about:blank")
    made.requested()
    made.driver.get(address)
    return made


def press(page: Browser, *keys: str) -> None:
    for key in keys:
        page.driver.switch_to.active_element.send_keys(key)


def shown(page: Browser, table: str, column: int) -> list[str]:
    """Return the first line of the first cell in a column of every method that is not hidden."""
    bodies = "[...document.querySelectorAll(arguments[0] + ' tbody')].filter((body) => !body.hidden)"
    rows: list[str] = page.do(
        f"return {bodies}.map((body) => body.rows[0].cells[arguments[1]].innerText)", table, column
    )
    return [text.split("\n")[0].removesuffix("≈") for text in rows]


def visible(page: Browser, selector: str) -> list[tuple[str, int]]:
    """Return text and span of the cells that can be seen."""
    cells = "[...document.querySelectorAll(arguments[0])].filter((cell) => cell.checkVisibility())"
    found = page.do(f"return {cells}.map((cell) => [cell.innerText, cell.colSpan])", selector)
    return [(text, span) for text, span in found]


def focus(page: Browser, selector: str) -> None:
    page.do("document.querySelector(arguments[0]).focus()", selector)


def offenders(page: Browser, selector: str, offence: str) -> list[str]:
    """Return the start of each element `e` that can be seen and of which `offence` holds."""
    those = f"[...document.querySelectorAll(arguments[0])].filter((e) => e.checkVisibility() && {offence})"
    found: list[str] = page.do(f"return {those}.map((e) => e.outerHTML.slice(0, 90))", selector)
    return found


def first_table(page: Browser, group: str) -> str:
    return f"#{group} > .wide table"


def test_it_asks_for_nothing_and_complains_of_nothing(page: Browser) -> None:
    page.do(OPEN_ALL)
    page.do("document.querySelectorAll('th button').forEach((button) => button.click())")
    page.do(FIRST_NUMBER)
    assert page.said() == []
    kinds = {address.split(":")[0] for address in page.requested()}
    assert kinds <= {"file", "data"} and "file" in kinds
    assert page.do("return [...document.images].every((i) => i.complete && i.naturalWidth > 0)")


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("folded", [True, False])
def test_nothing_reaches_beyond_the_screen(page: Browser, width: int, folded: bool) -> None:
    page.screen(width)
    if not folded:
        page.do(OPEN_ALL)
    assert page.beyond() == (0, [])
    page.do(FIRST_NUMBER)
    assert page.beyond() == (0, [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out(page: Browser, scheme: str) -> None:
    page.prefer(scheme)
    page.do(OPEN_ALL)
    background = page.do("return getComputedStyle(document.documentElement).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")
    texts, pale = page.pale()
    assert texts > 1000 and pale == []


def test_tables_sort_by_number_and_back(page: Browser) -> None:
    table = first_table(page, "table-07")
    original = shown(page, table, 0)
    head = f"{table} th[data-column='1']"
    states = []
    for _ in range(3):
        focus(page, f"{head} button")
        press(page, Keys.ENTER)
        texts = shown(page, table, 1)
        numbers = [float(text) for text in texts if text[0].isdigit()]
        words = [text[0].isdigit() for text in texts]
        states.append(page.do("return document.querySelector(arguments[0]).ariaSort", head))
        if states[-1] != "none":
            assert numbers == sorted(numbers, reverse=states[-1] == "descending")
            assert words == sorted(words, reverse=True), "words come last either way"
            assert shown(page, table, 0) != original
    assert states == ["descending", "ascending", "none"] and shown(page, table, 0) == original


def test_lines_of_one_method_stay_together_when_sorted(page: Browser) -> None:
    page.do(OPEN_ALL)
    table = "#table-07 details:first-of-type table"
    page.do("document.querySelector(arguments[0]).click()", f"{table} th[data-column='1'] button")
    heads = "[...body.rows].map((row) => row.cells[0].textContent.trim().split(/\\s+/))"
    bodies = page.do(f"return [...document.querySelectorAll(arguments[0])].map((body) => {heads})", f"{table} tbody")
    assert len(bodies) == 14
    for lines in bodies:
        assert len({line[0] for line in lines}) == 1
        assert [line[-1] for line in lines] == ["ours", "paper", "paper"]


def test_filters_keep_the_methods_in_rows(page: Browser) -> None:
    focus(page, "#table-07 .filter input")
    press(page, "cbl")
    assert page.do("return document.querySelector('#table-07 output').innerText") == "4 of 14 shown"
    kept = shown(page, first_table(page, "table-07"), 0)
    assert kept == ["CBL (β=0.9)", "CBL (β=0.99)", "CBL (β=0.999)", "CBL (β=0.9999)"]
    press(page, *[Keys.BACKSPACE] * 3)
    assert len(shown(page, first_table(page, "table-07"), 0)) == 14


def test_filters_keep_the_methods_in_columns(page: Browser) -> None:
    table = first_table(page, "table-03")
    focus(page, "#table-03 .filter input")
    press(page, "0.99")
    assert [name for name, _ in visible(page, f"{table} thead th")] == [
        "CBL",
        "#zebra",
        "β=0.99",
        "β=0.999",
        "β=0.9999",
    ]
    assert dict(visible(page, f"{table} thead th"))["CBL"] == 3
    assert len(visible(page, f"{table} tbody:nth-of-type(1) td")) == 3


def test_a_number_opens_its_runs_without_a_mouse(page: Browser) -> None:
    number = "#table-07 td a[data-figure]"
    focus(page, number)
    press(page, Keys.ENTER)
    text = page.do("return document.querySelector('dialog[open]').innerText")
    value = page.do("return document.querySelector(arguments[0]).innerText", number)
    cell = next(c for c in demo_page().cells if (c.spot.task, c.spot.place) == ("horse2zebra", "450:25"))
    assert value in text and all(run.record in text for run in cell.runs)
    assert all(command in " ".join(text.split()) for command in cell.commands)
    assert f"{cell.runs[0].figures['f1_majority']:.4f}" in text and f"{cell.runs[0].figures['acsa']:.4f}" not in text
    press(page, Keys.ESCAPE)
    assert page.do("return document.querySelector('dialog[open]')") is None
    assert page.do("return document.activeElement === document.querySelector(arguments[0])", number)


def test_the_keyboard_reaches_everything_and_shows_where_it_is(page: Browser) -> None:
    press(page, Keys.TAB)
    assert page.do("return document.activeElement.innerText") == "Skip to the report"
    press(page, Keys.ENTER, Keys.TAB)
    assert page.do("return !!document.activeElement.closest('#summary')"), "the skip link passes over the contents"
    assert offenders(page, "a, button, input, summary, .wide", "e.tabIndex !== 0") == []
    focus(page, "#table-07 th button")
    press(page, Keys.TAB)
    assert page.do("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    nameless = "!(e.ariaLabel || e.labels?.length || e.getAttribute('aria-labelledby'))"
    assert offenders(page, "#tables [role=region], #tables table, .claims, input, section, dialog", nameless) == []


def test_a_link_to_a_folded_number_unfolds_it(page: Browser) -> None:
    page.do("location.hash = document.querySelector('td a[data-figure]').hash")
    seen = "const e = document.querySelector(location.hash); return e.closest('details').open && e.checkVisibility()"
    assert page.do(seen)


def test_it_reads_without_script(opened: tuple[Browser, str]) -> None:
    made, address = opened
    made.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        made.driver.get(address)
        assert made.do("return document.querySelectorAll('th button').length") == 0
        assert not made.do("return [...document.querySelectorAll('.filter')].some((e) => e.checkVisibility())")
        assert made.do("return document.querySelector('#table-07 table').checkVisibility()")
    finally:
        made.command("Emulation.setScriptExecutionDisabled", value=False)


def test_paper_gets_the_tables_and_no_controls(page: Browser) -> None:
    page.prefer(medium="print")
    seen = "return [...document.querySelectorAll(arguments[0])].filter((e) => e.checkVisibility()).length"
    folded = "#tables details table"
    assert page.do(seen, folded) == page.do("return document.querySelectorAll(arguments[0]).length", folded) > 0
    assert page.do(seen, "nav, .filter, .runs table") == 0
    wide = "return Math.max(...[...document.querySelectorAll('#tables table')].map((t) => t.scrollWidth))"
    page.screen(688)  # of A4 between its margins
    assert page.do(wide) <= 688
    printed = base64.b64decode(page.command("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert printed.startswith(b"%PDF") and len(printed) > 50_000
