"""Luck and ablations have tables of their own; all files of translators are listed, reproducible and good LaTeX."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from patience import PATIENCE
from small_measurements import compared, table_lines
from small_reports import cell, record, tidy, written
from test_latex import check

from bench import registry
from bench.analysis.layout import main_rows
from bench.analysis.measured import FILE
from bench.papers.shelf import ablated
from bench.plan.grid import Cell
from bench.report.luck import luck_tables, luck_words


def lucky(method: str, translator: int, found: list[int]) -> tuple[list[Cell], list[tuple[str, int]]]:
    cells = [
        cell("d", method, 5, seed, f"{method}{translator}{seed}", "", translator, counts=(90, 5))
        for seed in range(len(found))
    ]
    return cells, [(each.fit, n) for each, n in zip(cells, found, strict=True)]


def with_luck() -> pd.DataFrame:
    runs = [lucky("AUG", 0, [2, 4]), lucky("AUG", 1, [6, 8]), lucky("AUG", 2, [4, 4]), lucky("OS", 0, [5, 5])]
    records = [record(name, n) for _, made in runs for name, n in made]
    return tidy([each for cells, _ in runs for each in cells], records)


def test_luck_is_the_spread_of_translators_beside_that_of_seeds() -> None:
    table = next(it for heading, it in luck_tables("d", with_luck(), "").items() if "ACSA" in heading)
    (row,) = table.rows  # OS rests on no translator
    means = [0.65, 0.85, 0.7]  # of 0.5 + found / 20
    assert [each.mean for each in row.values[:3]] == pytest.approx(means)
    within = np.sqrt(np.mean([np.var([0.6, 0.7], ddof=1), np.var([0.8, 0.9], ddof=1), 0.0]))
    assert [each.mean for each in row.values[3:]] == pytest.approx([np.std(means, ddof=1), within])


def test_a_translator_that_lacks_seeds_does_not_count_as_luck() -> None:
    cells = with_luck()
    cells.loc[(cells["translator"] == 1) & (cells["seed"] == 1), ["status", "acsa"]] = ["missing", np.nan]
    table = next(it for heading, it in luck_tables("d", cells, "").items() if "ACSA" in heading)
    between = table.rows[0].values[3]
    assert between.mean == pytest.approx(np.std([0.65, 0.7], ddof=1)) and between.marks(interval=True) == " (2/3)"
    assert luck_tables("d", cells[cells["translator"] == 0], "") == {}


def test_a_sentence_says_what_each_translator_gave_once_all_its_seeds_are_done() -> None:
    cells = with_luck()
    means = cells[cells["method"] == "AUG"].groupby("translator")["f1_minority"].mean()
    (said,) = luck_words("d", "Toys", cells)
    assert said.startswith("Toys, 5 few: F1 on translators that differ in their random stream alone: AUG ")
    assert ", ".join(f"{mean:.4f}" for mean in means) in said and "OS" not in said
    cells.loc[(cells["translator"] == 1) & (cells["seed"] == 1), "status"] = "missing"
    assert list(luck_words("d", "Toys", cells)) == []
    assert list(luck_words("d", "Toys", cells[cells["translator"] == 0])) == []


def test_an_ablation_is_no_row_of_the_papers_tables() -> None:
    names = ("AUG(class_weight=off)", "ALT(blocks=2)", "AUG", "CBL(beta=0.9)", "CBL(beta=0.5)", "Mine(x=1)", "US+CS")
    assert [ablated(name) for name in names] == ["AUG", "ALT", "", "", "", "", ""]
    rows = tidy([cell("horse2zebra", name, 25, 0) for name in names])
    assert list(main_rows(rows, ablated)["method"]) == list(names[2:])


def test_tables_show_the_first_translator_and_ablations_have_their_own(tmp_path: Path) -> None:
    registry.load()
    cells = [cell("horse2zebra", name, 25, 0, fit) for name, fit in (("AUG", "a"), ("AUG(class_weight=off)", "b"))]
    other = cell("horse2zebra", "AUG", 25, 0, "c", "", 1)
    frame = tidy([*cells, other], [record("a", 4), record("b", 8), record("c", 10)])
    files = written(frame, tmp_path)
    ours = table_lines(files["table_08.md"], "Ours")
    assert ours["AUG"][0] == "**0.7000**" and "AUG (class_weight=off)" not in ours
    assert "AUG: all seeds share one training" in files["table_08.md"]
    beside = table_lines(files["ablation_horse2zebra.md"], "ACSA, the mean recall of the classes")
    assert beside == {"AUG": ["0.7000"], "AUG (class_weight=off)": ["**0.9000**"]}
    assert len(pd.read_csv(tmp_path / "cells.csv")) == 3, "it keeps every run"


def report(folder: Path, found: pd.DataFrame, cells: pd.DataFrame) -> dict[str, str]:
    return written(cells, folder, tasks=("horse2zebra", "d"), judged=found, left_out=("x: y",))


def test_the_index_lists_all_that_is_there_and_what_is_left_out(tmp_path: Path) -> None:
    index = report(tmp_path, compared(), with_luck())["README.md"]
    for name in ("table_02.md", "translators_horse2zebra.md", "translators_d.md", FILE):
        assert f"({name})" in index
    assert "- left out: x: y" in index


def test_the_files_follow_from_the_two_frames_that_lie_beside_them(tmp_path: Path) -> None:
    first = report(tmp_path / "first", compared(), with_luck())
    read = pd.read_csv(tmp_path / "first" / FILE, keep_default_na=False, na_values=[""])
    texts = dict.fromkeys(compared().select_dtypes(object), "")
    read = read.astype(compared().dtypes.to_dict()).fillna(texts)
    again = report(tmp_path / "again", read, with_luck())
    assert first == again and len(first) > 20


def fragments(text: str) -> list[str]:
    return re.findall(r"\\begin\{table\}.*?\\end\{table\}", text, re.DOTALL)


def test_every_fragment_is_well_formed_latex(tmp_path: Path) -> None:
    files = report(tmp_path, compared(), with_luck())
    tables = [each for name, text in files.items() if name.endswith(".tex") for each in fragments(text)]
    labels = re.findall(r"\\label\{(.+?)\}", "".join(tables))
    assert len(labels) == len(set(labels)) > 20
    for table in tables:
        check(table)


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="pdflatex is not installed")
def test_every_fragment_compiles(tmp_path: Path) -> None:
    files = report(tmp_path, compared(), with_luck())
    body = "\\clearpage\n".join(
        each for name, text in files.items() if name.endswith(".tex") for each in fragments(text)
    )
    head = "\\documentclass{article}\n\\usepackage{booktabs}\n\\usepackage{graphicx}\n\\begin{document}\n"
    (tmp_path / "all.tex").write_text(f"{head}{body}\\end{{document}}\n", encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=PATIENCE, check=False)
    assert ran.returncode == 0, [line for line in ran.stdout.decode(errors="replace").splitlines() if line[:1] == "!"]
