"""A report that says what its records do not is found out: in cells.csv, in a table, on the page."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench

from bench.analysis.frame import Adjust
from bench.analysis.metrics import figures
from bench.errors import ConfigError, UserError
from bench.plan.config import Config, load_config
from bench.record import Predictions, Record, digest
from bench.report.build import page_anew
from bench.report.verification.cells import Figures
from bench.report.verification.page import check_page
from bench.report.verification.pagefigures import page_figures, printed_number
from bench.report.verification.recompute import recomputed
from bench.report.verification.translators import check_translators
from bench.report.verify import Verification, verify
from bench.store.store import Store


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with records, and their report, of three cells with two seeds."""
    folder = tmp_path_factory.mktemp("verify")
    with pytest.MonkeyPatch.context() as patch:
        as_on_a_fresh_machine(patch, folder)
        bench_toml(folder, datasets=["digits"], seeds=2)
        assert imbench("run").status == 0
        assert imbench("report").status == 0
    return folder


@pytest.fixture
def report(written: Path, tmp_path: Path) -> Path:
    """Return a copy of the report that a test may spoil."""
    return Path(shutil.copytree(written / "reports" / "tiny", tmp_path / "tiny"))


def verified(report: Path, written: Path) -> Verification:
    return verify(report, load_config(written / "bench.toml"), [Store(written / "results", read_only=True)], page_anew)


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf8")


def spoil(path: Path, pattern: str, new: str) -> tuple[str, int]:
    """Replace the first match's group; return what it was, and its line."""
    text = path.read_text(encoding="utf8")
    found = re.search(pattern, text)
    assert found is not None
    path.write_text(text[: found.start(1)] + new + text[found.end(1) :], encoding="utf8")
    return found[1], text[: found.start(1)].count("\n") + 1


def test_a_report_agrees_with_its_records(report: Path, written: Path) -> None:
    found = verified(report, written)
    assert found.mismatches == () and found.rows() == []
    # 13 figures and the seconds of each of six runs, and what the page prints of them; digits.md, digits.tex
    assert found.figures > 6 * 14 and found.tables == 2 and found.derived > 50


def change_cell(report: Path, row: int, column: str, value: str) -> str:
    """Put a text into a row of cells.csv and return the old one."""
    with (report / "cells.csv").open(encoding="utf8", newline="") as file:
        header, *rows = csv.reader(file)
    old, rows[row][header.index(column)] = rows[row][header.index(column)], value
    with (report / "cells.csv").open("w", encoding="utf8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return old


def test_a_changed_digit_in_cells_csv_is_found(report: Path, written: Path) -> None:
    printed = change_cell(report, 1, "f1_minority", "0.123456")
    found = [it for it in verified(report, written).mismatches if it.file == "cells.csv"]
    assert [(it.line, it.what) for it in found] == [(3, "digits 6 Vanilla seed 1: f1_minority")]
    assert float(found[0].recomputed) == pytest.approx(float(printed))


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("record", "0123456789abcdef0123", "record"),
        ("seed", "7", "seed"),
        ("minority_count", "5", "minority count"),
        ("method", "CS", "training part"),
        ("method", "Lost", "method"),
        ("status", "failed", "status"),
        ("translator", "2", "translator"),
    ],
)
def test_a_row_must_be_of_the_record_it_names(report: Path, written: Path, column: str, value: str, what: str) -> None:
    change_cell(report, 0, column, value)
    assert what in {it.what.partition(": ")[2] for it in verified(report, written).mismatches if it.line == 2}


def test_a_record_of_another_protocol_is_found(report: Path, written: Path) -> None:
    config = load_config(written / "bench.toml")
    profile = config.profiles["tiny"].model_copy(update={"epochs": 9})
    other: Config = config.model_copy(update={"profiles": {"tiny": profile}})
    found = verify(report, other, [Store(written / "results", read_only=True)], page_anew).mismatches
    *found, page = found
    assert page.recomputed.startswith("the named records give no page: no record of profile tiny")
    assert len(found) == 6 and {it.what.partition(": ")[2] for it in found} == {"protocol"}


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        (r'data-place="digits-priors: [^>]*>(\d\.\d+)<', "derived"),
        (r'data-place="digits-floor: [^>]*>(\d\.\d+)<', "derived"),
        (r'data-place="claim [^>]*>(not run)<', "derived"),
        (r'data-place="method CS"[^>]*>(\S+ TFLOP)', "derived"),
    ],
)
def test_what_has_no_rule_must_be_what_the_records_give_anew(
    report: Path, written: Path, pattern: str, kind: str
) -> None:
    was, _ = spoil(report / "index.html", pattern, "9.9")
    (wrong,) = verified(report, written).mismatches
    assert wrong.file == "index.html" and wrong.what.endswith(kind)
    assert wrong.printed.startswith("9.9") and was in wrong.recomputed


@pytest.mark.parametrize(
    ("pattern", "new"),
    [
        (r"(has the highest mean)", "has the lowest mean"),
        (r'<td class="(best)"', ""),
        (r'(<span class="unseen"> \(best\)</span>)', ""),
        (r"Choose one (that is a link to see its runs)", "nothing"),
        (r"<code>([0-9a-f]{20})</code>", "0" * 20),
    ],
)
def test_words_and_marks_of_the_page_must_be_those_that_the_records_give(
    report: Path, written: Path, pattern: str, new: str
) -> None:
    _, line = spoil(report / "index.html", pattern, new)
    (wrong,) = verified(report, written).mismatches
    assert (wrong.file, wrong.what, wrong.line) == ("index.html", "text", line)


def test_marks_in_cells_csv_must_be_those_that_the_comparisons_give(report: Path, written: Path) -> None:
    frame = pd.read_csv(report / "cells.csv", dtype=str, keep_default_na=False)
    row = int(frame.index[frame["alike"] != ""][0])
    frame.loc[row, "alike"] = ""
    frame.to_csv(report / "cells.csv", index=False, lineterminator="\n")
    told = [it for it in verified(report, written).mismatches if it.file == "cells.csv"]
    assert [(it.line, it.what.partition(": ")[2], it.printed) for it in told] == [(row + 2, "alike", "")]


def test_only_the_records_that_a_report_names_count(report: Path, written: Path, tmp_path: Path) -> None:
    """Another method's runs, done since, would change margins and floors; the report does not name them."""
    shutil.copytree(written / "results", tmp_path / "results")
    shutil.copy(written / "bench.toml", tmp_path / "bench.toml")
    more = ("--results", tmp_path / "results", "--config", tmp_path / "bench.toml")
    assert imbench("run", *more, "--method", "OS", "--seeds", "2").status == 0
    since = [Store(tmp_path / "results", read_only=True)]
    assert verify(report, load_config(written / "bench.toml"), since, page_anew).mismatches == ()
    (report / "records.csv").write_text("record,task,kind\n")
    assert verify(report, load_config(written / "bench.toml"), since, page_anew).mismatches == ()


@pytest.mark.parametrize("name", ["digits.md", "digits.tex"])
def test_a_changed_digit_in_a_table_is_found(report: Path, written: Path, name: str) -> None:
    text = (report / name).read_text(encoding="utf8")
    digits = next(
        word for word in text.replace("*", " ").replace("}", " ").replace("{", " ").split() if word[:2] == "0."
    )
    rewrite(report / name, digits, f"0.{(int(digits[2:6]) + 1) % 10_000:04d}")
    (found,) = verified(report, written).mismatches
    assert found.file == name and digits in found.recomputed and found.printed != found.recomputed


def test_banners_and_the_index_are_not_figures(report: Path, written: Path) -> None:
    for name in ("digits.md", "README.md"):
        rewrite(report / name, "> Profile tiny", "> Elsewhere, profile tiny")
    rewrite(report / "digits.tex", r"{\footnotesize\itshape Profile", r"{\footnotesize\itshape Elsewhere")
    assert verified(report, written).mismatches == ()


def test_a_table_that_the_cells_do_not_give_is_found(report: Path, written: Path) -> None:
    (report / "table_03.md").write_text("# Table 3\n")
    (found,) = verified(report, written).mismatches
    assert (found.file, found.recomputed) == ("table_03.md", "cells.csv gives no table of this name")


def test_a_report_without_intervals_is_verified_without_them(written: Path, tmp_path: Path) -> None:
    rewrite(written / "bench.toml", "[run]", "[report]\ninterval = false\n[run]")
    assert imbench("report", "--config", written / "bench.toml", "--out", tmp_path).status == 0
    assert " ± " not in (tmp_path / "tiny" / "digits.md").read_text(encoding="utf8")
    assert verified(tmp_path / "tiny", written).mismatches == ()


def element(statistic: str, text: str, **data: object) -> str:
    said = {"figure": statistic, "task": "digits", "minority": 6, "method": "CS", "metric": "acsa", "profile": "tiny"}
    attributes = " ".join(f'data-{name}="{value}"' for name, value in (said | data).items())
    return f"<td><span {attributes}>{text}</span></td>"


RUNS: Figures = {  # mean 0.75, sd 0.0707107; t(0.975, 1) = 12.7062: half width 0.635310
    ("digits", 6, ("CS",)): {0: {"acsa": 0.70}, 1: {"acsa": 0.80}},
    ("digits", 6, ("OS",)): {0: {"acsa": 0.60}, 1: {"acsa": 0.82}},
    ("horse2zebra", 25, ("CS",)): {0: {"acsa": 0.80}, 1: {"acsa": 0.82}},
}


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (element("mean", "<b>0.7500</b>"), element("mean", "0.7501")),
        (element("mean", "0.75", value="0.75"), element("mean", "0.75", value="0.7500001")),
        (element("sd", "0.0707"), element("sd", "0.0500")),  # ddof 0
        (element("low", "0.1147"), element("low", "0.6520")),  # a normal law
        (element("high", "1.3853"), element("high", "0.8480")),
        (element("run", "0.8000", seed=1), element("run", "0.8000", seed=0)),
        (element("difference", "+0.0400", against="OS"), element("difference", "-0.0400", against="OS")),
        (element("difference", "\N{MINUS SIGN}0.0400", method="OS", against="CS"), element("difference", "0.04")),
        (element("wins", "1", against="OS"), element("wins", "2", against="OS")),
        (
            element("difference", "-0.0140", task="horse2zebra", minority=25, against="paper"),
            element("difference", "+0.0140", task="horse2zebra", minority=25, against="paper"),
        ),
        (
            element("text", "0.8240", task="horse2zebra", minority=25, against="paper", value=0.824),
            element("text", "0.8420", task="horse2zebra", minority=25, against="paper", value=0.824),
        ),
        (element("mean", "0.7500"), element("mean", "0.7500", method="US")),
        (element("mean", "0.7500"), element("mean", "0.7500", profile="cpu")),
        (element("mean", "0.7500"), element("mean", "missing")),
    ],
)
def test_a_figure_on_the_page_must_be_what_it_says_it_is(good: str, bad: str) -> None:
    assert check_page(good, RUNS, "tiny").mismatches == ()
    found = check_page(f"<table>\n{bad}</table>", RUNS, "tiny")
    assert found.compared == 1 and [it.line for it in found.mismatches] == [2]


def test_a_page_that_names_no_figure_is_no_proof() -> None:
    assert check_page("<p>0.7500</p>", RUNS, "tiny").mismatches[0].printed == "no figure"
    unknown = element("rank", "1.5") + element("mean", "0.7", metric="beauty") + element("text", "failed")
    assert len(check_page(unknown, RUNS, "tiny").rest) == 3


def test_text_belongs_to_the_innermost_figure_however_the_page_is_written() -> None:
    html = (
        '<p data-figure="mean">0.5<br>0 <img src="x"><b>1</b> ± <i data-figure="sd">0.02</i> of <li>5</p>'
        '<span data-figure="mean" data-method="a&lt;b&amp;c">1</span><svg data-figure="x"/>'
    )
    found = [(it.attributes["figure"], it.text) for it in page_figures(html)]
    assert sorted(found) == [("mean", "0.50 1 ± of 5"), ("mean", "1"), ("sd", "0.02")]
    assert {it.attributes.get("method") for it in page_figures(html)} == {None, "a<b&c"}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.1230", (0.123, 4)),
        ("+1.5 of 5", (1.5, 1)),
        ("\N{MINUS SIGN}2", (-2.0, 0)),
        ("1e-05", (1e-5, 0)),
        ("n/a", None),
    ],
)
def test_printed_numbers(text: str, number: tuple[float, int] | None) -> None:
    assert printed_number(text) == number


def plain(probabilities: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return probabilities


def by_prior(probabilities: np.ndarray, counts: np.ndarray) -> np.ndarray:
    scores: np.ndarray = probabilities / counts
    return scores


@pytest.mark.parametrize("adjust", [plain, by_prior])
@pytest.mark.parametrize("counts", [(90, 10), (10, 90), (50, 20, 20), (30, 30)])
def test_the_other_way_gives_the_tables_figures(adjust: Adjust, counts: tuple[int, ...]) -> None:
    rng = np.random.default_rng(len(counts))
    labels = np.repeat(np.arange(len(counts)), 20)
    probabilities = rng.dirichlet(np.ones(len(counts)), len(labels)).astype(np.float32)
    identity = {"counts": list(counts)}
    record = Record(id="r", identity=identity, status="done", test=Predictions.of(labels, probabilities))
    rare = {(90, 10): 1, (10, 90): 0, (50, 20, 20): 2, (30, 30): 1}[counts]
    common = {(90, 10): 0, (10, 90): 1, (50, 20, 20): 0, (30, 30): 0}[counts]
    ours = figures(labels, probabilities, adjust(probabilities, np.array(counts)), minority=rare, majority=common)
    assert recomputed(record, adjust) == pytest.approx(ours)


def test_a_translators_figures_are_those_of_its_record(tmp_path: Path) -> None:
    identity = {"kind": "measurement", "dataset": "digits", "counts": [12, 6]}
    measurement = Record(
        id=digest(identity), identity=identity, status="done", figures={"accuracy_to_1/seed0": 0.625, "kid/seed0": 0.1}
    )
    store = Store(tmp_path)
    store.save(measurement)
    header = "task,minority_count,generator,status,record,accuracy_to_minority/seed0,kid/seed0\n"
    row = f"digits,6,CycleGAN,done,{measurement.id},0.625,0.1\n"
    path = tmp_path / "translators.csv"
    path.write_text(header + row)
    assert check_translators(path, [store]) == (2, [])
    for old, new, what in (
        ("0.625", "0.526", "accuracy_to_minority/seed0"),
        ("digits,6", "digits,7", "minority count"),
        (",0.1", ",", "kid/seed0"),
        (measurement.id, "lost", "record"),
    ):
        path.write_text(header + row.replace(old, new))
        assert [it.what for it in check_translators(path, [store])[1]] == [
            f"digits {new[-1]} CycleGAN: {what}" if what == "minority count" else f"digits 6 CycleGAN: {what}"
        ]


def test_what_is_no_report_is_one_clear_line(report: Path, written: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="name the folder of one profile's report"):
        verified(tmp_path, written)
    config = load_config(written / "bench.toml")
    other = replace_profiles(config)
    with pytest.raises(ConfigError, match="unknown profile 'tiny'"):
        verify(report, other, [], page_anew)
    (report / "cells.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="lacks the column"):
        verified(report, written)


def replace_profiles(config: Config) -> Config:
    return config.model_copy(update={"profiles": {"cpu": config.profiles["tiny"]}})
