"""The report shows what the records hold, in the paper's layouts, and says what is lacking."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_measurements import table_lines
from small_reports import cell, record, runs, tidy, written

from bench.analysis.layout import adopted, extended
from bench.analysis.value import DASH
from bench.errors import StoreError
from bench.papers.sahoo2020 import tables as paper
from bench.record import Predictions, Record
from bench.report import tableviews
from bench.report.markdown import markdown
from bench.report.table import Table


def ours(number: int, cells: pd.DataFrame) -> Table:
    mine = [adopted(layout, cells) for layout in paper.layouts()]
    layout = next(layout for layout in mine if layout.number == number)
    elsewhere = {place for each in mine for place in each.places}
    return tableviews.ours(extended(layout, cells, elsewhere), cells, "banner", interval=False)


def test_where_the_last_epoch_counts_no_table_says_that_one_is_selected() -> None:
    cells = runs("horse2zebra", "OS", 25, [3, 4]).assign(validation_images=100, epochs=30)
    selected = ours(8, cells.assign(selected_epoch=[30, 30], selection="acsa")).notes
    last = ours(8, cells.assign(selected_epoch=[30, 30], selection="last")).notes
    assert "The epoch is selected on validation images (100 of zebra)" in " ".join(selected)
    assert "is selected on" not in " ".join(last) and "The last epoch is tested" in " ".join(last)


def test_a_row_for_every_cell_whatever_became_of_it() -> None:
    failed = Record(id="b", identity={}, status="failed", error="the loss became nan in epoch 3")
    cells = [
        cell("d", "OS", 5, 0, "a"),
        cell("d", "OS", 5, 1, "b"),
        cell("d", "OS", 5, 2),
        cell("d", "OS", 5, 3, "c"),
        cell("d", "SMOTE", 5, 0, why="needs 6 images"),
    ]
    rows = tidy(cells, [record("a", 4), failed, record("c", 4)], stale=frozenset("c"))
    assert list(rows["status"]) == ["done", "failed", "missing", "stale", "not applicable"]
    assert list(rows["error"]) == ["", "the loss became nan in epoch 3", "", "", "needs 6 images"]
    assert list(rows["recall_1"].notna()) == [True, False, False, True, False]
    assert rows.loc[0, "seconds"] == 1.5 and rows.loc[0, "acsa"] == pytest.approx(0.7)


def test_two_decisions_are_read_off_one_fit() -> None:
    cells = [cell("d", "Vanilla", 100, 0, "a"), cell("d", "TS", 100, 0, "a")]
    rows = tidy(cells, [record("a", 5)])
    assert list(rows["recall_1"]) == [0.5, 1.0]
    assert rows["roc_auc"].nunique() == 1


def test_the_figures_speak_of_the_rarest_class() -> None:
    reversed_counts = cell("d", "OS", 5, 0, "a", counts=(5, 450))
    row = tidy([reversed_counts], [record("a", 4)]).iloc[0]
    assert (row["minority"], row["majority"], row["majority_count"]) == ("many", "few", 450)
    assert row["f1_minority"] == row["f1_0"] and row["f1_majority"] == row["f1_1"]


def test_a_frame_without_cells_has_its_columns() -> None:
    assert {"task", "minority_count", "method", "seed", "profile", "status", "acsa", "seconds"} <= set(tidy([]).columns)


def test_what_the_user_adds_comes_after_the_papers() -> None:
    cells = pd.concat([runs("celeba", "Mine", 150, [3, 4]), runs("celeba", "CS+US", 900, [3, 4])])
    fourth = ours(4, cells)
    assert [row.label.key for row in fourth.rows][-2:] == ["AUG", "Mine"]
    assert [column.text for column in fourth.columns][-2:] == ["900", "150"]
    assert "celeba:900" not in [column.key for column in ours(1, cells).columns], "Table 4 shows it"


def test_a_value_is_the_mean_of_the_runs_figures() -> None:
    cells = runs("horse2zebra", "OS", 25, [2, 10])
    os = next(i for i, column in enumerate(ours(3, cells).columns) if column.key == "OS")
    value = ours(3, cells).rows[0].values[os]
    each = [2 * 0.2 / 1.2, 1.0]
    assert value.mean == pytest.approx(np.mean(each)) and value.sd == pytest.approx(np.std(each, ddof=1))


def test_cells_with_missing_and_failed_seeds_say_so() -> None:
    failed = Record(id="b", identity={}, status="failed", error="the loss became nan in epoch 3")
    cells = [cell("horse2zebra", "OS", 25, seed, name) for seed, name in enumerate(("a", "b", "c"))]
    cells += [cell("horse2zebra", "US", 25, seed, "b") for seed in range(3)]
    text = markdown(ours(8, tidy(cells, [record("a", 4), failed])))
    assert "0.7000 (1/3)" in text and "**" not in text
    assert "| failed |" in text.replace("  ", "")
    assert "OS at horse2zebra 25 seed 1" in text and "nan in epoch 3" in text
    assert "1 of 6 runs have no record yet and 4 of 6 runs failed" in text
    assert f"{DASH} Not run: Vanilla, TS, CS" in text


def test_counting_epochs_as_the_paper_does_is_noted() -> None:
    notes = {
        epoch: " ".join(ours(8, runs("horse2zebra", "OS", 25, [3], epoch)).notes) for epoch in ("dataset", "equal")
    }
    assert "as the paper counts" in notes["dataset"]
    assert "as the paper counts" not in notes["equal"]


def test_side_by_side_keeps_the_papers_numbers_of_methods_that_were_not_run() -> None:
    cells = pd.concat([runs("cub", "OS", 12, [4, 4]), runs("cub", "Mine", 12, [4, 4])])
    layout = extended(adopted(paper.layouts()[-1], cells), cells)
    rows = [
        (row.label.key, row.kind, row.values[0].text(row.kind))
        for row in tableviews.side_by_side(layout, cells, "", {}).rows
    ]
    assert [row for row in rows if row[0] in ("OS", "AUG", "Mine")] == [
        ("OS", "ours", "0.7000"),
        ("OS", "paper", "0.5140"),
        ("OS", "difference", "+0.1860"),
        ("AUG", "ours", DASH),
        ("AUG", "paper", "0.6080"),
        ("AUG", "difference", DASH),
        ("Mine", "ours", "0.7000"),
    ]


def test_a_run_on_digits_leaves_the_papers_tables_alone(tmp_path: Path) -> None:
    zebras, digits = runs("horse2zebra", "OS", 25, [3]), runs("digits", "OS", 5, [3])
    written(zebras, tmp_path, "first")
    before = (tmp_path / "table_03.md").read_text()
    not_run = tidy([cell("horse2zebra", "OS", 25, 0)])
    files = written(pd.concat([digits, not_run]), tmp_path, "second")
    assert {name for name in files if name.endswith(".md")} == {"digits.md", "further_digits.md", "README.md"}
    assert (tmp_path / "table_03.md").read_text() == before
    assert "(table_03.md)" in files["README.md"] and "(digits.md)" in files["README.md"]


def test_names_are_fixed(tmp_path: Path) -> None:
    files = written(runs("horse2zebra", "OS", 25, [3]), tmp_path)
    expected = {f"table_{n}{suffix}" for n in ("03", "07", "08") for suffix in (".md", ".csv", ".tex")}
    expected |= {f"table_{n}_{view}.tex" for n in ("03", "07", "08") for view in ("paper", "side_by_side")}
    others = ("g_mean", "roc_auc", "average_precision", "ece", "log_loss")
    expected |= {"further_horse2zebra.md", *(f"horse2zebra_{name}.tex" for name in others)}
    assert set(files) == expected | {"cells.csv", "README.md", "index.html", "report.json"}


def test_a_dataset_that_was_asked_for_is_written_though_empty(tmp_path: Path) -> None:
    files = written(tidy([]), tmp_path, tasks=("cub",))
    assert {"table_01.md", "table_09.md", "table_10.md"} <= set(files)
    assert "no run yet" in files["table_09.md"]


def test_cells_csv_reads_back(tmp_path: Path) -> None:
    cells = runs("digits", "OS", 5, [3, 5])
    written(cells, tmp_path)
    back = pd.read_csv(tmp_path / "cells.csv")
    assert list(back.columns) == list(cells.columns)
    np.testing.assert_allclose(back["f1_minority"], cells["f1_minority"])


def test_every_table_names_the_profile(tmp_path: Path) -> None:
    files = written(runs("digits", "OS", 5, [3]), tmp_path, "profile cpu, our records")
    assert files["digits.md"].count("> profile cpu, our records") == 3


def test_a_report_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "cpu").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="cannot write in"):
        written(runs("digits", "OS", 5, [3]), tmp_path / "cpu")


def test_two_tails_with_one_minimum_are_two_columns(tmp_path: Path) -> None:
    """The smallest count is no name for a place: a long tail and a step may share it."""
    tails = {"exp 100": (300, 30, 3), "step 100": (300, 3, 3)}
    cells = [cell("toy", "OS", 3, 0, label, counts=counts, place=label) for label, counts in tails.items()]
    said = np.eye(3)[np.repeat([0, 1, 2], 4)]
    made = []
    for k, (label, counts) in enumerate(tails.items()):
        wrong = said.copy()
        wrong[4 : 4 + k] = [1, 0, 0]
        test = Predictions.of(np.repeat([0, 1, 2], 4), wrong)
        made.append(Record(id=label, identity={"counts": list(counts)}, status="done", test=test))
    files = written(tidy(cells, made), tmp_path)
    acsa = table_lines(files["toy.md"], "ACSA, the mean recall of the classes")
    assert acsa["OS"] == ["**1.0000**", "**0.9167**"]
    assert "exp 100" in files["toy.md"] and "step 100" in files["toy.md"]
    assert {"macro F1", "recall of the worst class"} <= {
        line[3:].split(",")[0] for line in files["toy.md"].splitlines() if line.startswith("## ")
    }
    assert "F1 of the minority class" not in files["toy.md"]
    bands = table_lines(files["toy.md"], "recall of the classes with 20 to 100 training images")
    assert bands["OS"] == ["**1.0000**", "n/a"], "the step has no class of that band"
    assert "step 100: no class has 20 to 100 training images" in files["toy.md"]
