"""The HTML page is one file that escapes what it is given, leads where it says, and fetches nothing."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise

from html_demo import demo_page
from html_reader import demo, elements, squeezed

from bench.analysis.layout import Label
from bench.analysis.spots import Spot
from bench.analysis.value import Value
from bench.report.figure import Figure
from bench.report.html.render import anchored, render
from bench.report.pictures.picture import Picture
from bench.report.report import ClaimRow, Fact, Listing, Mean, MethodCard, Provenance, Report, Run, Sheet
from bench.report.table import Row, Table

NASTY = """<script>alert(1)</script> _a_ 100% & "b" 'c' {{ 7 * 7 }} {% raw %} --> </style>"""
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (1200).to_bytes(4) + (600).to_bytes(4)


def nasty_page() -> Report:
    spot = Spot(NASTY, NASTY, NASTY)
    number = Figure("mean", "0.5000", 0.5, NASTY, NASTY, NASTY, NASTY, NASTY)
    label = Label(NASTY, NASTY, NASTY)
    table = Table(
        NASTY,
        NASTY,
        NASTY,
        NASTY,
        (Label(NASTY, NASTY, f"{NASTY}:25", (NASTY, NASTY)),),
        (Row(label, (Value(0.5, 0.01, 5, 5),)),),
        NASTY,
        (NASTY,),
    )
    run = Run(0, NASTY, "failed", {}, NASTY)
    return Report(
        title=NASTY,
        banner=NASTY,
        profile=NASTY,
        summary=(Fact((NASTY, number), (NASTY,)),),
        notes=(NASTY,),
        sheets=(Sheet(NASTY, NASTY, {NASTY: table, f"{NASTY}2": table}, "folded"),),
        pictures=(Picture(NASTY, PNG, NASTY, NASTY),),
        claims=(ClaimRow(NASTY, NASTY, NASTY, "not run", (NASTY, number), NASTY, True),),
        methods=(MethodCard(NASTY, NASTY, f"{NASTY} doi:10.1/a", (NASTY,), NASTY, NASTY, NASTY),),
        listings=(Listing(NASTY, NASTY, NASTY, (NASTY, NASTY), ((NASTY, NASTY),)),),
        protocol=Listing(NASTY, NASTY, NASTY, (NASTY, NASTY), ((NASTY, NASTY),)),
        environment=((NASTY, NASTY),),
        reproduce=((NASTY, NASTY),),
        cells=(Provenance(spot, NASTY, (Mean("acsa", 0.5),), (run,), (NASTY,)),),
    )


def test_names_from_outside_are_text_wherever_they_stand() -> None:
    nasty, plain = elements(nasty_page()), demo()
    assert [e.text for e in nasty if e.tag in ("script", "style")] == [
        e.text for e in plain if e.tag in ("script", "style")
    ]
    assert {e.tag for e in nasty} <= {e.tag for e in plain} | {"aside"}
    assert not [name for e in nasty for name in e.attributes if name.startswith("on") or not name.islower()]
    body = squeezed(next(e for e in nasty if e.tag == "body").text)
    assert body.count(squeezed(NASTY)) >= 35 and "49" not in body


def test_a_reference_leads_to_its_source_and_nowhere_else() -> None:
    cards = [
        MethodCard("A", "", "Zhou & Liu 2006, doi:10.1109/TKDE.2006.17", ("weights",)),
        MethodCard("B", "", "Cui et al. 2019, arXiv 1901.05555", ("weights",)),
        MethodCard("C", "", "javascript:alert(1) <b>", ("weights",)),
    ]
    found = [
        e
        for e in elements(Report("Title", "Banner", "cpu", methods=tuple(cards)))
        if e.tag == "a" and "dd" in e.parents
    ]
    assert [(e.attributes["href"], e.text) for e in found] == [
        ("https://doi.org/10.1109/TKDE.2006.17", "doi:10.1109/TKDE.2006.17"),
        ("https://arxiv.org/abs/1901.05555", "arXiv 1901.05555"),
    ]


def test_nothing_would_be_fetched() -> None:
    text, found = render(demo_page()), demo()
    policy = next(k for k, e in enumerate(found) if e.attributes.get("http-equiv") == "Content-Security-Policy")
    assert found[policy].attributes["content"].startswith("default-src 'none'")
    assert policy < min(k for k, e in enumerate(found) if e.tag in ("style", "script", "link", "img"))
    sources = [e.attributes[name] for e in found for name in ("src", "srcset", "poster") if name in e.attributes]
    sources += [e.attributes["href"] for e in found if e.tag == "link"]
    assert sources and all(source.startswith("data:") for source in sources)
    style = next(e for e in found if e.tag == "style").text
    assert "url(" not in style and "@import" not in style
    assert len(text) < 3_000_000


def test_every_link_within_the_page_has_its_target_once() -> None:
    found = demo()
    ids = Counter(e.attributes["id"] for e in found if "id" in e.attributes)
    assert set(ids.values()) == {1}
    links = {e.attributes["href"] for e in found if e.tag == "a"}
    refers = [name for e in found for name in e.attributes.get("aria-labelledby", "").split()]
    inner = {link[1:] for link in links if link.startswith("#")} | set(refers)
    assert len(inner) > 80 and inner <= ids.keys()
    assert all(link.startswith(("#", "https://")) for link in links)


def test_figures_of_translations_do_not_lead_to_runs_of_classifiers() -> None:
    page = demo_page()
    links = render(page).count('href="#run-')
    sheets = [
        replace(it, tables={name: replace(table, metric="") for name, table in it.tables.items()}) for it in page.sheets
    ]
    assert 0 < render(replace(page, sheets=tuple(sheets))).count('href="#run-') < links / 2


def test_headings_come_in_order_and_pictures_are_described() -> None:
    found = demo()
    levels = [int(e.tag[1]) for e in found if re.fullmatch("h[1-6]", e.tag) and "dialog" not in e.parents]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(deeper <= level + 1 for level, deeper in pairwise(levels))
    images = [e.attributes for e in found if e.tag == "img"]
    assert images and all(len(image["alt"]) > 20 and int(image["width"]) > 300 for image in images)
    assert len([e for e in found if e.tag == "figcaption"]) == len(images)


def test_a_page_without_anything_says_so() -> None:
    found = elements(Report("Title", "Banner", "cpu"))
    assert [e.attributes["id"] for e in found if e.tag == "section"] == ["summary"]
    assert "nothing to sum up yet" in next(e for e in found if e.tag == "main").text


def test_equal_pages_are_equal_files() -> None:
    assert render(demo_page()) == render(demo_page())


def test_ids_of_tables_last_and_never_clash() -> None:
    assert anchored("table", ["table_03", "digits_acsa", "<&>", "a b", "a_b"]) == [
        "table-03",
        "table-digits-acsa",
        "table--2",
        "table-a-b",
        "table-a-b-4",
    ]
