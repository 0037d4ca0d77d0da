"""Whatever somebody wrote into a report's files, verifying it ends in differences or one clear line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from small_verified import verified

from bench.errors import UserError


@pytest.mark.parametrize(
    ("place", "value", "what"),
    [
        (("made_with", "seeds"), "two", "made_with.seeds: Input should be a valid integer"),
        (("made_with",), [], "made_with: Input should be a valid dictionary"),
        (("profile",), None, "profile: Input should be a valid string"),
        (("pictures", 0, "name"), "../../x", "pictures.0.name: Value error, '../../x' cannot be the name of a picture"),
        (("pictures", 0), 3, "pictures.0: Input should be a valid dictionary"),
        (("reproduce", 0), ["one"], "reproduce.0.1: Field required"),
        (("environment",), 7, "environment: Input should be"),
    ],
)
def test_an_edit_of_report_json_that_nothing_can_be_built_from_is_one_clear_line(
    report: Path, written: Path, place: tuple[str | int, ...], value: object, what: str
) -> None:
    whole = inner = json.loads((report / "report.json").read_text(encoding="utf8"))
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    (report / "report.json").write_text(json.dumps(whole), encoding="utf8")
    with pytest.raises(UserError, match=re.escape(what)):
        verified(report, written)


@pytest.mark.parametrize("value", ["odd", 10**400, [], {"name": 3}, None])
def test_any_other_edit_of_report_json_is_a_difference(report: Path, written: Path, value: object) -> None:
    whole = json.loads((report / "report.json").read_text(encoding="utf8"))
    whole["sheets"][0] = value
    whole["claims"] = value
    (report / "report.json").write_text(json.dumps(whole), encoding="utf8")
    assert verified(report, written).mismatches


@pytest.mark.parametrize("column", ["counts", "place", "minority_count", "seed"])
def test_a_count_of_thousands_of_digits_in_cells_csv_is_a_difference(report: Path, written: Path, column: str) -> None:
    header, *rows = (report / "cells.csv").read_text(encoding="utf8").splitlines()
    names, fields = header.split(","), rows[0].split(",")
    long = "9" * 5000
    fields[names.index(column)] = f"{long}:9" if column in ("counts", "place") else long
    (report / "cells.csv").write_text("\n".join([header, ",".join(fields), *rows[1:], ""]), encoding="utf8")
    assert "cells.csv" in {it.file for it in verified(report, written).mismatches}
