"""LaTeX tables compile, and hold as many cells as they have columns whatever their names contain."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import PATIENCE

from bench.analysis.frame import FACTS, FIGURES, KEYS
from bench.analysis.layout import Label, extended
from bench.analysis.value import Value
from bench.papers.sahoo2020 import tables as paper
from bench.report import tableviews
from bench.report.latex import escape, latex
from bench.report.table import Row, Table, mark_best

NASTY = r"[a]_b%c&d#e$f{g}h~i^j\k*<l>|\"'`"
EMPTY = pd.DataFrame(columns=[*KEYS, *FIGURES, *FACTS])
COMPILER = next((tool for tool in ("pdflatex", "tectonic") if shutil.which(tool)), None)


def tables() -> list[Table]:
    """Return every view of every layout, and a table full of special characters and marks."""
    found = [nasty(NASTY)]
    for layout in paper.layouts():
        full = extended(layout, EMPTY)
        found += [
            tableviews.published(layout),
            tableviews.ours(full, EMPTY, NASTY, interval=True),
            tableviews.side_by_side(full, EMPTY, "", {}),
        ]
    return found


def nasty(name: str) -> Table:
    number = Value(0.5, 0.01, 4, 5, frozenset({"partial", "stale"}))
    columns = (Label(name, group=name), Label("2", group=name), Label(name))
    rows = (Row(Label(name), (number, replace(number, n=5), Value())), Row(Label("*"), (Value(), Value(), number)))
    return mark_best(
        Table("nasty_table", name, name, name, columns, rows, banner=name, notes=(name, name), interval=True)
    )


def columns_of(line: str) -> int:
    """Count the columns that a tabular line fills: separators that are not escaped, and what \\multicolumn spans."""
    spans = [int(n) - 1 for n in re.findall(r"\\multicolumn\{(\d+)\}", line)]
    return len(re.findall(r"(?<!\\)&", line)) + 1 + sum(spans)


def check(text: str) -> None:
    """Raise AssertionError unless environments and braces balance and every line fills the tabular's columns."""
    opened: list[str] = []
    for verb, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if verb == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert not opened
    bare = re.sub(r"\\[{}%&#$_]", "", re.sub(r"(?m)(?<!\\)%.*$", "", text))
    depth = 0
    for character in bare:
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0
    assert bare.count("$") % 2 == 0
    spec, body = re.search(r"\\begin\{tabular\}\{(\w+)\}\n(.*?)\\end\{tabular\}", text, re.S).groups()  # type: ignore[union-attr]
    lines = [line for line in body.splitlines() if line.endswith(r"\\")]
    assert lines and {columns_of(line) for line in lines} == {len(spec)}
    assert not re.search(r"\\\\\s*[\[*]", body), "taken for an argument of the line break"


@pytest.mark.parametrize("table", tables(), ids=lambda table: table.name)
def test_every_table_is_well_formed(table: Table) -> None:
    check(latex(table))


@given(st.text(st.characters(codec="ascii"), max_size=20))
def test_any_name_leaves_a_table_well_formed(name: str) -> None:
    check(latex(nasty(name)))


@pytest.mark.parametrize(
    ("plain", "tex"),
    [
        ("a_b", r"a\_b"),
        ("50%", r"50\%"),
        ("A&B", r"A\&B"),
        ("#1", r"\#1"),
        ("$x$", r"\$x\$"),
        ("{x}", r"\{x\}"),
        ("~", r"\textasciitilde{}"),
        ("^", r"\textasciicircum{}"),
        ("\\", r"\textbackslash{}"),
        ("two\nlines", "two lines"),
        ("CBL (\N{GREEK SMALL LETTER BETA}=0.9)", r"CBL ($\beta$=0.9)"),
    ],
)
def test_special_characters_are_escaped(plain: str, tex: str) -> None:
    assert escape(plain) == tex


def test_a_small_table_is_exactly_this() -> None:
    values = (Value(0.5, 0.01, 5, 5), Value(0.25, 0.01, 4, 5, frozenset({"partial"})))
    columns = (Label("25", "#zebra"), Label("50", "#zebra"))
    table = mark_best(
        Table("t_1", "Title", "Caption.", "Method", columns, (Row(Label("OS"), values),), "cpu", ("Note.",))
    )
    assert latex(table) == (
        "% needs \\usepackage{booktabs} and \\usepackage{graphicx}\n"
        "\\begin{table}[htbp]\n\\centering\n\\caption{Title. Caption.}\n\\label{tab:t-1}\n\\par\\smallskip\n"
        "{\\footnotesize\\itshape cpu\\par}\n\\smallskip\n"
        "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%\n"
        "\\begin{tabular}{lrr}\n\\toprule\n"
        " & \\multicolumn{2}{c}{\\#zebra} \\\\\n\\cmidrule(lr){2-3}\nMethod & 25 & 50 \\\\\n\\midrule\n"
        "OS & \\textbf{0.5000} & 0.2500{\\scriptsize \\,(4/5)} \\\\\n"
        "\\bottomrule\n\\end{tabular}}\n\\par\\smallskip\n{\\footnotesize\\raggedright Note.\\par}\n\\end{table}\n"
    )


@pytest.mark.skipif(COMPILER is None, reason="neither pdflatex nor tectonic is installed")
def test_every_table_compiles(tmp_path: Path) -> None:
    body = "\\clearpage\n".join(latex(table) for table in tables())
    preamble = "\\documentclass{article}\n\\usepackage{booktabs}\n\\usepackage{graphicx}\n\\begin{document}\n"
    (tmp_path / "all.tex").write_text(f"{preamble}{body}\\end{{document}}\n", encoding="utf-8")
    options = ["-interaction=nonstopmode", "-halt-on-error"] if COMPILER == "pdflatex" else []
    done = subprocess.run(
        [str(COMPILER), *options, "all.tex"], cwd=tmp_path, capture_output=True, timeout=PATIENCE, check=False
    )
    errors = [line for line in done.stdout.decode(errors="replace").splitlines() if line.startswith("!")]
    assert done.returncode == 0, errors
    assert (tmp_path / "all.pdf").stat().st_size > 0
