"""The page opens with what to take: sentences, a chart, tables, each number on records; figures keep their bounds."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench
from small_trials import METHODS, origin

from bench.analysis.advice import Belief
from bench.analysis.recommending import recommendations
from bench.analysis.value import Value
from bench.plan.config import load_config
from bench.report.charts import recommended
from bench.report.pictures.losses import Loss, figure
from bench.report.recommended import answer, plain_text, rows, sentences
from bench.report.verify import verify
from bench.store.store import Store

CLEAR = {"Vanilla": 0.6, "CS": 0.7, "OS": 1.6}
SAME = {"Vanilla": 1.2, "CS": 1.2, "OS": 1.2}


def said(folder: Path, skills: dict[str, float], **how: object) -> tuple[str, ...]:
    """Return the sentences for each place."""
    run = {key: how.pop(key) for key in ("sd", "seeds") if key in how}
    found = recommendations(origin(folder, skills, **run), "digits", **how)  # type: ignore[arg-type]
    return tuple(plain_text(tuple(sentences(it, found, "Digits"))) for it in found.advice)


def test_each_outcome_has_words_of_its_own(tmp_path: Path) -> None:
    take = said(tmp_path, CLEAR)[0]
    assert take.startswith("Digits, 12:6 (6 eight): take OS: expected regret 0.0")
    assert "95 % sure that each loses at least 0." in take and "Over Vanilla that gains +0." in take
    same = said(tmp_path, SAME, sd=0.005, delta=0.03)[0]
    assert "are equivalent: all lie within 0.03 F1 of the best with probability 0.9 at least" in same
    wild = said(tmp_path, SAME, sd=0.7, seeds=3)[0]
    assert "it is not known which method to take" in wild and "in contention" in wild
    assert "would settle it, if the means stay as they are" in wild or "More seeds would not settle it" in wild


def test_what_is_in_doubt_is_still_valued_and_rows_that_were_not_run_are_counted(tmp_path: Path) -> None:
    for name in ("wild", "few"):
        (tmp_path / name).mkdir()
    wild = said(tmp_path / "wild", {"Vanilla": -1.0, "CS": 0.4, "OS": 0.4}, sd=0.4, seeds=3)[0]
    assert "it is not known" in wild and "Do not take" in wild and "(always eight: 0.667 F1" in wild
    few = said(tmp_path / "few", {"Vanilla": 0.6, "OS": 1.6})[0]
    assert few.startswith("Digits, 12:6 (6 eight), of the 3 rows of 4 that were run: take OS")


def test_what_a_network_has_seen_is_said_first(tmp_path: Path) -> None:
    found = recommendations(origin(tmp_path, CLEAR), "digits")
    first, last = answer(found, "Digits", "Seen before.").facts
    assert plain_text(first.detail).startswith("Seen before.") and "Seen before." not in plain_text(last.detail)


def test_a_decision_without_a_training_of_its_own_is_said_to_be_one(tmp_path: Path) -> None:
    found = recommendations(origin(tmp_path, {"Vanilla": 1.0}, methods=["Vanilla", "TS"]), "digits")
    texts = [plain_text(tuple(sentences(it, found))) for it in found.advice]
    for it, text in zip(found.advice, texts, strict=True):
        assert ("no training of its own: it reads Vanilla's" in text) == (
            it.choice.method == "TS" and it.found.outcome != "unknown"
        )
        assert [row["cost"] for row in rows(it)[:-1]] == ["1.0x", "1.0x"], "TS costs the fit that it reads"


def test_every_number_knows_the_records_that_it_rests_on(tmp_path: Path) -> None:
    made = origin(tmp_path, CLEAR)
    found = answer(recommendations(made, "digits"), "Digits")
    numbers = [part for fact in found.facts for part in fact.parts if not isinstance(part, str)]
    assert len(numbers) > 6 and all(set(it.records) <= made.records.keys() and it.records for it in numbers)
    assert [it.header[0] for it in found.listings] == ["method", "method"] and found.listings[0].rows[-1][
        0
    ] == "always eight"


@pytest.fixture
def reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with records and their report."""
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    store = Store(tmp_path / "results")
    store.prepare()
    for record in origin(tmp_path, CLEAR, seeds=3).records.values():
        store.save(record)
    bench_toml(tmp_path, datasets=["digits"], methods=list(METHODS), minority=[6, 10], seeds=3)
    assert imbench("report").status == 0
    return tmp_path / "reports" / "tiny"


def test_the_page_opens_with_what_to_take_and_ends_with_what_is_left_out(reported: Path) -> None:
    page = (reported / "index.html").read_text(encoding="utf8")
    assert (
        page.index('id="answers"')
        < page.index('id="summary"')
        < page.index('id="tables"')
        < page.index('id="left_out"')
    )
    (told,) = json.loads((reported / "report.json").read_text(encoding="utf8"))["answers"]
    parts = told["facts"][0]["parts"]
    text = "".join(part if isinstance(part, str) else part["text"] for part in parts)
    index = (reported / "README.md").read_text(encoding="utf8")
    assert text.startswith("digits, 12:6 (6 eight): take OS") and text in index
    assert index.index(text) < index.index("cells.csv"), "the index opens with it too"
    assert f"(pictures/{told['picture']}.png)" in index and (reported / "pictures" / f"{told['picture']}.png").is_file()
    config = load_config(reported.parents[1] / "bench.toml")
    again = verify(reported, config, [Store(config.paths.results, read_only=True)])
    assert again.mismatches == (), "seeded draws: a page that is built again is the same"


@pytest.mark.parametrize("n", [2, 3, 5])
def test_an_interval_takes_three_runs_and_a_bounded_figure_keeps_within_its_bounds(n: int) -> None:
    bounded, free = (Value(0.3333, 0.4714, n, n, bounded=whether) for whether in (True, False))
    if n < 3:
        assert bounded.half_width is None and bounded.spread(interval=True) == ""
    else:
        assert bounded.half_width and free.half_width and bounded.half_width <= min(free.half_width, 0.66671)


def test_the_chart_says_in_words_what_it_shows() -> None:
    losses = [Loss("TS", 0.01, 0.0, 0.03), Loss("US", 0.09, 0.05, 0.2), Loss("always $x (", -0.2, -0.3, 0, scale=True)]
    drawn = figure([("9:1", losses, "TS"), ("9:3", losses[:1], "TS")], 0.01, "F1", "name", "Title", ["9:6", "9:9"])
    assert drawn.caption.endswith("At 9:6, 9:9 no method is expected to lose more than that.")
    assert "At 9:1, recommended TS: TS 0.010 (0.000 to 0.030); US 0.090 (0.050 to 0.200)" in drawn.alt
    assert "US 0.090 (0.050 to 0.200); always $x ( -0.200 (-0.300 to 0.000)" in drawn.alt
    assert drawn.png.startswith(b"\x89PNG") and not drawn.shows_images


def test_places_where_no_choice_loses_are_named_and_not_drawn() -> None:
    def at(place: str, regret: float, always: float = 0.2) -> SimpleNamespace:
        one = SimpleNamespace(method="TS", regret=regret, loses=0.0, most=2 * regret)
        named = SimpleNamespace(place=place, counts=(9, 1), classes=("horse", "zebra"))
        scale = Belief(always, 0.1, 0.3)
        return SimpleNamespace(place=named, methods=[one], choice=one, delta=0.01, metric="f1_minority", always=scale)

    advised = SimpleNamespace(advice=[at("9:1", 0.001), at("9:3", 0.2, np.inf), at("9:6", 0.002)])
    panels, *_, left_out = recommended(advised, "name", "Toy").args  # type: ignore[arg-type]
    assert [panel[0] for panel in panels] == ["9:1", "9:3"] and left_out == ["9:6"]
    named = [[loss.method for loss in told] for _, told, _ in panels]
    assert named == [["TS", "always zebra"], ["TS"]], "a log loss that is infinite is on no chart"
