"""The report shows what the records hold, in the paper's layouts, and says what is lacking."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.analysis.frame import frame
from bench.analysis.layout import extended
from bench.errors import StoreError
from bench.papers.sahoo2020 import tables as paper
from bench.plan.grid import Cell
from bench.record import Cost, Predictions, Record
from bench.report import views
from bench.report.markdown import markdown
from bench.report.table import DASH, Table
from bench.report.write import Options, write


def cell(task: str, method: str, count: int, seed: int, fit: str = "", why: str = "") -> Cell:
    return Cell(task, ("many", "few"), (900, count), method, seed, "cpu", fit or ("" if why else "lost"), why)


def record(name: str, found: int, epoch: str = "equal") -> Record:
    """Make a fit that finds `found` of ten minority images and every majority image."""
    minority = np.r_[np.full(10, 0.2), np.full(found, 0.6), np.full(10 - found, 0.4)]
    test = Predictions.of(np.repeat([0, 1], 10), np.c_[1 - minority, minority])
    protocol = {"image_size": 64, "epochs": 8, "epoch": epoch}
    cost = Cost(seconds=1.5)
    return Record(id=name, identity={"protocol": protocol}, status="done", test=test, validation=test, cost=cost)


def tidy(cells: Iterable[Cell], records: Iterable[Record] = (), stale: frozenset[str] = frozenset()) -> pd.DataFrame:
    by_id = {r.id: r for r in records}

    def adjust_of(method: str):  # type: ignore[no-untyped-def]
        return lambda p, counts: p / counts if method == "TS" else p

    return frame(cells, by_id.get, adjust_of, lambda r: r.id in stale)


def runs(task: str, method: str, count: int, found: Iterable[int], epoch: str = "equal") -> pd.DataFrame:
    """Return done cells, one seed for each entry of `found`."""
    names = {f"{task}{method}{count}{seed}": n for seed, n in enumerate(found)}
    cells = [cell(task, method, count, seed, name) for seed, name in enumerate(names)]
    return tidy(cells, [record(name, n, epoch) for name, n in names.items()])


def ours(number: int, cells: pd.DataFrame) -> Table:
    layout = next(layout for layout in paper.layouts() if layout.number == number)
    return views.ours(extended(layout, cells, paper.places()), cells, "banner", interval=False)


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
    reversed_counts = Cell("d", ("few", "many"), (5, 450), "OS", 0, "cpu", "a")
    row = tidy([reversed_counts], [record("a", 4)]).iloc[0]
    assert (row["minority"], row["majority"], row["majority_count"]) == ("few", "many", 450)
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
    layout = extended(paper.layouts()[-1], cells)
    rows = [
        (row.label.key, row.kind, row.values[0].text(row.kind)) for row in views.side_by_side(layout, cells, "").rows
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


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_run_on_digits_leaves_the_papers_tables_alone(tmp_path: Path) -> None:
    zebras, digits = runs("horse2zebra", "OS", 25, [3]), runs("digits", "OS", 5, [3])
    write(zebras, tmp_path, "cpu", "first")
    before = (tmp_path / "cpu" / "table_03.md").read_text()
    not_run = tidy([cell("horse2zebra", "OS", 25, 0)])
    written = write(pd.concat([digits, not_run]), tmp_path, "cpu", "second")
    assert {path.name for path in written} == {"digits.md", "digits.tex", "cells.csv", "README.md"}
    assert (tmp_path / "cpu" / "table_03.md").read_text() == before
    index = (tmp_path / "cpu" / "README.md").read_text()
    assert "(table_03.md)" in index and "(digits.md)" in index


def test_names_are_fixed(tmp_path: Path) -> None:
    write(runs("horse2zebra", "OS", 25, [3]), tmp_path, "cpu", "banner")
    expected = {f"table_{n}{suffix}" for n in ("03", "07", "08") for suffix in (".md", ".csv", ".tex")}
    expected |= {f"table_{n}_{view}.tex" for n in ("03", "07", "08") for view in ("paper", "side_by_side")}
    assert files(tmp_path / "cpu") == expected | {"cells.csv", "README.md"}


def test_a_dataset_that_was_asked_for_is_written_though_empty(tmp_path: Path) -> None:
    write(tidy([]), tmp_path, "cpu", "banner", Options(datasets=("cub",)))
    assert {"table_01.md", "table_09.md", "table_10.md"} <= files(tmp_path / "cpu")
    assert "no run yet" in (tmp_path / "cpu" / "table_09.md").read_text()


def test_cells_csv_reads_back(tmp_path: Path) -> None:
    cells = runs("digits", "OS", 5, [3, 5])
    write(cells, tmp_path, "cpu", "banner")
    back = pd.read_csv(tmp_path / "cpu" / "cells.csv")
    assert list(back.columns) == list(cells.columns)
    np.testing.assert_allclose(back["f1_minority"], cells["f1_minority"])


def test_every_table_names_the_profile(tmp_path: Path) -> None:
    write(runs("digits", "OS", 5, [3]), tmp_path, "cpu", "profile cpu, our records")
    assert (tmp_path / "cpu" / "digits.md").read_text().count("> profile cpu, our records") == 3


def test_a_report_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "cpu").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="cannot write in"):
        write(runs("digits", "OS", 5, [3]), tmp_path, "cpu", "banner")


def test_writing_one_dataset_keeps_the_others_rows_and_its_half_of_table_1(tmp_path: Path) -> None:
    cells = pd.concat([runs("celeba", "OS", 50, [3]), runs("cub", "OS", 12, [3])])
    written = write(cells, tmp_path, "cpu", "banner", Options(datasets=("celeba",)))
    assert {path.stem for path in written if path.suffix == ".md"} == {
        "README",
        "table_01",
        "table_04",
        "table_05",
        "table_06",
    }
    assert set(pd.read_csv(tmp_path / "cpu" / "cells.csv")["task"]) == {"celeba", "cub"}
    halves = [
        line
        for line in (tmp_path / "cpu" / "table_01.csv").read_text().splitlines()
        if ",OS," in line and ",ours,0" in line
    ]
    assert len(halves) == 2
