"""A folder of five classes, from its images to tables, page, claims and verification that speak of all of them."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import Said, as_on_a_fresh_machine, bench_toml, imbench
from PIL import Image
from small_measurements import table_lines

CLASSES = ("ant", "bee", "cat", "dog", "eel")
MORE = """
[report]
claims = ["claims.toml"]

[datasets.mine]
folder = "images"
imbalances = ["natural", "exp 3"]
"""
CLAIM = """
[[claims]]
id = "{id}"
text = "It is so."
task = "mine"
at = [{at}]
metric = "{metric}"
method = "OS"
kind = "{kind}"
{more}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the report of a few methods on five classes at two places."""
    folder = tmp_path_factory.mktemp("many")
    rng = np.random.default_rng(0)
    for k, name in enumerate(CLASSES):
        (folder / "images" / name).mkdir(parents=True)
        for i in range(40 - 5 * k):
            pixels = rng.integers(0, 90, (32, 32, 3)) + 30 * k
            Image.fromarray(pixels.astype(np.uint8)).save(folder / "images" / name / f"{i}.png")
    with pytest.MonkeyPatch.context() as patch:
        as_on_a_fresh_machine(patch, folder)
        bench_toml(folder, MORE, datasets=["mine"], minority=[], methods=["Vanilla", "TS", "OS", "AUG"], seeds=2)
        (folder / "claims.toml").write_text(
            CLAIM.format(id="a", at='"exp 3"', metric="worst_recall", kind="below", more="threshold = 1.5")
            + CLAIM.format(id="b", at='"natural"', metric="macro_f1", kind="beats", more='over = ["Vanilla"]')
            + CLAIM.format(id="c", at='"natural", "exp 3"', metric="recall_4", kind="grows", more="")
        )
        assert imbench("run").status == 0
        assert imbench("report").status == 0
    return folder


@pytest.fixture(scope="module")
def report(folder: Path) -> Path:
    return folder / "reports" / "tiny"


@pytest.fixture(scope="module")
def data(report: Path) -> Any:
    return json.loads((report / "report.json").read_text(encoding="utf8"))


def run(folder: Path, *arguments: object) -> Said:
    with pytest.MonkeyPatch.context() as patch:
        as_on_a_fresh_machine(patch, folder)
        return imbench(*arguments)


def test_the_tables_are_of_all_classes_and_of_both_places(report: Path) -> None:
    text = (report / "mine.md").read_text(encoding="utf8")
    headings = [line[3:].split(",")[0] for line in text.splitlines() if line.startswith("## ")]
    assert headings[:3] == ["ACSA", "macro F1", "recall of the worst class"]
    assert not [heading for heading in headings if "minority" in heading]
    acsa = table_lines(text, "ACSA, the mean recall of the classes")
    assert set(acsa) == {"Vanilla", "TS", "OS", "AUG"} and all(len(cells) == 2 for cells in acsa.values())
    assert acsa["AUG"] == ["n/a", "n/a"] and "AUG translates between two classes, the task has 5" in text
    assert "| Method   |" in text and "natural" in text and "exp 3" in text


def test_cells_csv_names_the_place_and_what_is_of_two_classes_is_empty(report: Path) -> None:
    with (report / "cells.csv").open(encoding="utf8") as file:
        rows = [row for row in csv.DictReader(file) if row["status"] == "done"]
    assert {row["place"] for row in rows} == {"natural", "exp 3"} and {row["classes"] for row in rows} == {
        ":".join(CLASSES)
    }
    assert all(len(row["counts"].split(":")) == 5 and float(row["gamma"]) > 1 for row in rows)
    assert all(row["f1_minority"] == "" and row["macro_f1"] and row["recall_4"] for row in rows)


def test_every_class_is_told_by_its_name_and_what_it_is_taken_for(report: Path, data: Any) -> None:
    listings = {listing["name"]: listing for listing in data["listings"]}
    assert {row[1] for row in listings["mine-classes"]["rows"]} == set(CLASSES)
    assert tuple(listings["mine-confusion"]["header"][2:]) == CLASSES
    tested = {row[0]: int(row[-2]) for row in listings["mine-counts"]["rows"]}
    assert tuple(tested) == CLASSES and tested["eel"] == 3, "15 % of 20"
    for _, label, *counts in listings["mine-confusion"]["rows"]:
        assert sum(each["value"] for each in counts) == pytest.approx(tested[label])
    for _, _, _, _, *figures in listings["mine-classes"]["rows"]:
        ends = [end for it in figures for end in re.findall(r"(?<=[\[ ])[\d.]+(?=[,\]])", it["text"])]
        assert ends and all(0 <= float(end) <= 1 for end in ends), "shares lie between 0 and 1"
    assert (report / "pictures" / "mine_confusion.png").is_file()
    assert "which classes are taken for which" in (report / "index.html").read_text(encoding="utf8")


def test_every_table_names_its_test_part_and_figures_are_told_for_both_kinds(report: Path, data: Any) -> None:
    text = (report / "mine.md").read_text(encoding="utf8")
    assert text.count("Test part: mine natural (ant 4, bee 4, cat 4, dog 4, eel 3).") == text.count(
        "Test set, mean over"
    )
    assert re.search(r"Training images: mine: natural \(ant \d+, bee \d+, cat \d+, dog \d+, eel \d+\), exp 3", text)
    shares = next(listing for listing in data["listings"] if listing["name"] == "mine-shares")
    assert shares["header"][1:] == [
        *("Accuracy, natural", "Accuracy, balanced", "Macro F1, natural", "Macro F1, balanced")
    ]
    with (report / "cells.csv").open(encoding="utf8") as file:
        cells = [row for row in csv.DictReader(file) if row["method"] == "OS" and row["place"] == "exp 3"]
    (row,) = (row for row in shares["rows"] if row[0] == "OS")
    assert row[2]["value"] == pytest.approx(np.mean([float(cell["acsa"]) for cell in cells])), "balanced, they are one"


def test_the_summary_and_the_statistics_speak_of_the_acsa_at_each_place(data: Any) -> None:
    assert [fact["parts"][0].split(":")[0] for fact in data["summary"]] == ["mine, exp 3", "mine, natural"]
    assert all("has the highest mean ACSA" in fact["parts"][0] for fact in data["summary"])
    floors = next(listing for listing in data["listings"] if listing["name"] == "mine-floor")
    assert {row[0] for row in floors["rows"]} == {"natural", "exp 3", "all counts"}
    compared = {row[1].split(",")[0] for row in floors["rows"]}
    assert compared >= {"ACSA", "macro F1"} and not any("minority" in it or "worst" in it for it in compared)


def test_claims_may_speak_of_any_place_and_metric(folder: Path) -> None:
    found = run(folder, "claims", "--dataset", "mine", "--json")
    rows = {row["claim"]: row for row in json.loads(found.out)}
    assert rows["a"]["verdict"] == "reproduced" and rows["a"]["figures"].startswith("exp 3: OS ")
    assert rows["b"]["verdict"] != "not run" and rows["c"]["figures"].startswith("natural to exp 3: OS ")


def test_a_report_of_many_classes_is_verified(folder: Path, report: Path) -> None:
    said = run(folder, "verify", report)
    assert said.status == 0 and said.err.endswith(": 0 differences\n")


def test_the_report_needs_no_images(folder: Path, tmp_path: Path) -> None:
    """Records hold classes and counts; what they do not hold is how the places were called."""
    (folder / "images").rename(folder / "elsewhere")
    try:
        assert run(folder, "report", "--out", tmp_path).status == 0
        assert run(folder, "verify", tmp_path / "tiny").status == 0
        assert run(folder, "verify", folder / "reports" / "tiny").status == 0, "it was written with them"
    finally:
        (folder / "elsewhere").rename(folder / "images")
    with (tmp_path / "tiny" / "cells.csv").open(encoding="utf8") as file:
        again = {(row["counts"], row["method"], row["seed"]): row["acsa"] for row in csv.DictReader(file)}
    with (folder / "reports" / "tiny" / "cells.csv").open(encoding="utf8") as file:
        first = {(row["counts"], row["method"], row["seed"]): row["acsa"] for row in csv.DictReader(file)}
    assert again == first and len(first) == 16
