"""A report that says what its records do not is found out: in cells.csv, in a table, on the page."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from builders import imbench
from small_verified import verified

from bench.errors import ConfigError, UserError
from bench.plan.config import Config, load_config
from bench.report.verify import verify
from bench.store.store import Store


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
    # 9 figures of the registry, 6 of the classes and the seconds of each of six runs; tables, frames and the page
    assert found.figures == 6 * 16 and found.entries > 1000 and found.files > 9


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
        ("counts", "12:7", "counts"),
        ("method", "Lost", "method"),
        ("status", "failed", "status"),
        ("translator", "2", "translator"),
        ("record", "../../bench", "record"),
        ("seed", "9" * 400, "seed"),
        ("minority_count", "six", "minority count"),
        ("acsa", "1e999", "acsa"),
    ],
)
def test_a_row_must_be_of_the_record_it_names(report: Path, written: Path, column: str, value: str, what: str) -> None:
    change_cell(report, 0, column, value)
    assert what in {it.what.partition(": ")[2] for it in verified(report, written).mismatches if it.line == 2}


def test_a_record_of_another_protocol_is_found(report: Path, written: Path) -> None:
    config = load_config(written / "bench.toml")
    profile = config.profiles["tiny"].model_copy(update={"epochs": 9})
    other: Config = config.model_copy(update={"profiles": {"tiny": profile}})
    found = verify(report, other, [Store(written / "results", read_only=True)]).mismatches
    *found, page = found
    assert page.recomputed.startswith("the named records give no report: no record of profile tiny")
    assert len(found) == 6 and {it.what.partition(": ")[2] for it in found} == {"protocol"}


@pytest.mark.parametrize(
    ("section", "change"),
    [
        ("answers", lambda it: it[0]["facts"][0]["parts"].__setitem__(0, "digits, 12:6: take CS")),
        ("summary", lambda it: it[0]["parts"].__setitem__(0, "digits: TS is the best")),
        ("sheets", lambda it: it[0]["tables"][next(iter(it[0]["tables"]))]["rows"][0]["values"][0].update(mean=0.9)),
        ("sheets", lambda it: it[0]["tables"][next(iter(it[0]["tables"]))]["rows"][0]["values"][0].update(flags=[])),
        ("sheets", lambda it: it[0]["tables"][next(iter(it[0]["tables"]))]["rows"][0]["values"][0].pop("records")),
        ("listings", lambda it: it[0]["rows"][0].__setitem__(1, "9.9")),
        ("claims", lambda it: it[0].update(verdict="reproduced")),
        ("methods", lambda it: it[0].update(cost="1 TFLOP")),
        ("cells", lambda it: it[0]["runs"][0].update(record="0" * 20)),
        ("cells", lambda it: it[0]["means"][0].update(high=0.999)),
        ("protocol", lambda it: it["rows"].pop()),
        ("environment", lambda it: it.pop()),
        ("notes", lambda it: it.append("All is well.")),
    ],
)
def test_whatever_report_json_says_must_be_what_the_records_give(
    report: Path, written: Path, section: str, change: Callable[[Any], object]
) -> None:
    said = json.loads((report / "report.json").read_text(encoding="utf8"))
    said.setdefault(section, [])
    change(said[section])
    (report / "report.json").write_text(json.dumps(said), encoding="utf8")
    found = [it for it in verified(report, written).mismatches if it.file == "report.json"]
    assert [it.what.startswith(section) for it in found] == [True], found


@pytest.mark.parametrize(
    ("pattern", "new"),
    [
        (r"(has the highest mean)", "has the lowest mean"),
        (r'<td class="(best)"', ""),
        (r'(<span class="unseen"> \(best\)</span>)', ""),
        (r"Choose one (that is a link to see its runs)", "nothing"),
        (r"<code>([0-9a-f]{20})</code>", "0" * 20),
        (r'data-figure="other"[^>]*>(\d\.\d+)<', "9.9"),
        (r"(\d\.\d{4})</a>", "0.9999"),
        (r'alt="(Confusion matrices)', "Nothing"),
    ],
)
def test_the_page_must_be_what_the_report_gives(report: Path, written: Path, pattern: str, new: str) -> None:
    _, line = spoil(report / "index.html", pattern, new)
    (wrong,) = verified(report, written).mismatches
    assert (wrong.file, wrong.what, wrong.line) == ("index.html", "line", line)


def test_a_picture_on_the_page_must_be_the_one_that_lies_beside_it(report: Path, written: Path) -> None:
    spoil(report / "index.html", r"data:image/png;base64,(\w{8})", "AAAAAAAA")
    (wrong,) = verified(report, written).mismatches
    assert (wrong.file, wrong.what) == ("index.html", "line")


def test_marks_in_cells_csv_must_be_those_that_the_comparisons_give(report: Path, written: Path) -> None:
    frame = pd.read_csv(report / "cells.csv", dtype=str, keep_default_na=False)
    row = int(frame.index[frame["alike/acsa"] == "True"][0])
    frame.loc[row, "alike/acsa"] = "False"
    frame.to_csv(report / "cells.csv", index=False, lineterminator="\n")
    (told,) = verified(report, written).mismatches
    assert (told.file, told.line, told.what) == ("cells.csv", row + 2, "line")


def test_only_the_records_that_a_report_names_count(report: Path, written: Path, tmp_path: Path) -> None:
    """Another method's runs, done since, would change margins and floors; the report does not name them."""
    shutil.copytree(written / "results", tmp_path / "results")
    shutil.copy(written / "bench.toml", tmp_path / "bench.toml")
    more = ("--results", tmp_path / "results", "--config", tmp_path / "bench.toml")
    assert imbench("run", *more, "--method", "OS", "--seeds", "2").status == 0
    since = [Store(tmp_path / "results", read_only=True)]
    assert verify(report, load_config(written / "bench.toml"), since).mismatches == ()
    (report / "records.csv").write_text("record,task,kind\n")
    told = {it.file for it in verify(report, load_config(written / "bench.toml"), since).mismatches}
    assert told == {"records.csv"}


@pytest.mark.parametrize("name", ["digits.md", "digits.tex"])
def test_a_changed_digit_in_a_table_is_found(report: Path, written: Path, name: str) -> None:
    text = (report / name).read_text(encoding="utf8")
    digits = next(
        word for word in text.replace("*", " ").replace("}", " ").replace("{", " ").split() if word[:2] == "0."
    )
    rewrite(report / name, digits, f"0.{(int(digits[2:6]) + 1) % 10_000:04d}")
    (found,) = verified(report, written).mismatches
    assert found.file == name and digits in found.recomputed and found.printed != found.recomputed


def test_the_index_and_files_of_other_reports_are_not_held_against_it(report: Path, written: Path) -> None:
    rewrite(report / "README.md", "> Profile tiny", "> Elsewhere, profile tiny")
    (report / "table_03.md").write_text("# Table 3\n")
    assert verified(report, written).mismatches == ()


def test_a_file_that_the_report_has_must_be_there(report: Path, written: Path) -> None:
    (report / "digits.md").unlink()
    (found,) = verified(report, written).mismatches
    assert (found.file, found.printed) == ("digits.md", "no such file")


def test_a_report_without_intervals_is_verified_without_them(written: Path, tmp_path: Path) -> None:
    rewrite(written / "bench.toml", "[run]", "[report]\ninterval = false\n[run]")
    assert imbench("report", "--config", written / "bench.toml", "--out", tmp_path).status == 0
    assert " ± " not in (tmp_path / "tiny" / "digits.md").read_text(encoding="utf8")
    assert verified(tmp_path / "tiny", written).mismatches == ()


def test_what_is_no_report_is_one_clear_line(report: Path, written: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="name the folder of one profile's report"):
        verified(tmp_path, written)
    config = load_config(written / "bench.toml")
    other = replace_profiles(config)
    with pytest.raises(ConfigError, match="unknown profile 'tiny'"):
        verify(report, other, [])
    (report / "cells.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="lacks the column"):
        verified(report, written)


def replace_profiles(config: Config) -> Config:
    return config.model_copy(update={"profiles": {"cpu": config.profiles["tiny"]}})


def test_a_page_of_some_methods_has_no_others_and_is_built_again_so(written: Path, tmp_path: Path) -> None:
    config = written / "bench.toml"
    said = imbench("report", "--config", config, "--method", "CS", "--out", tmp_path, "--results", written / "results")
    assert said.status == 0
    cells = pd.read_csv(tmp_path / "tiny" / "cells.csv")
    assert set(cells["method"]) == {"CS"} and set(cells["status"]) == {"done"}
    found = verify(tmp_path / "tiny", load_config(config), [Store(written / "results", read_only=True)])
    assert found.mismatches == ()
