r"""LaTeX: a table as a `table` environment with booktabs rules, to be \input into a paper."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from bench.analysis.layout import GREEK, Label
from bench.analysis.value import ALIKE, DASH, Kind, Value
from bench.report.table import Row, Table

PREAMBLE = r"% needs \usepackage{booktabs} and \usepackage{graphicx}"
KINDS: dict[Kind, str] = {"ours": "ours", "paper": "paper", "difference": r"ours $-$ paper"}
WIDE = 8  # columns; more need narrower gaps
ENDS = r" \\"
SIGN = r"$^{\approx}$"  # hangs, so that digits align
ESCAPES = str.maketrans(
    {
        **{character: f"\\{character}" for character in "_%&#${}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': "''",
        "[": "{[}",  # a bare [ or * that starts a line is taken for an argument of the \\ before it
        "]": "{]}",
        "*": "{*}",
        "±": r"$\pm$",
        ALIKE: r"$\approx$",
        DASH: r"\textendash{}",
        "†": r"\textdagger{}",
        **{sign: f"$\\{name}$" for name, sign in GREEK.items()},
    }
)


def latex(table: Table) -> str:
    """Return a fragment that compiles by itself within a document; wide tables shrink to the line."""
    width = len(table.columns) + 1 + table.mixed
    lines = [
        PREAMBLE,
        r"\begin{table}[htbp]",
        r"\centering",
        rf"\caption{{{escape(f'{table.title}. {table.caption}')}}}",
        rf"\label{{tab:{''.join(c if c.isalnum() else '-' for c in table.name)}}}",
        r"\par\smallskip",
        *([rf"{{\footnotesize\itshape {escape(table.banner)}\par}}", r"\smallskip"] if table.banner else []),
        *([r"\setlength{\tabcolsep}{4pt}"] if len(table.columns) > WIDE else []),
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{{'l' * (width - len(table.columns))}{'r' * len(table.columns)}}}",
        r"\toprule",
        *_header(table),
        r"\midrule",
        *(line for row in table.rows for line in _lines(row, table)),
        r"\bottomrule",
        r"\end{tabular}}",
        *([r"\par\smallskip", rf"{{\footnotesize\raggedright {_notes(table)}\par}}"] if table.notes else []),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Return plain text as LaTeX that prints it, on one line."""
    return " ".join(text.split()).translate(ESCAPES)


def _header(table: Table) -> list[str]:
    """Return the header's lines: groups with their rules if there are any, then the column labels."""
    stub = [escape(table.stub), *([""] if table.mixed else [])]
    labels = " & ".join([*stub, *(escape(column.text) for column in table.columns)]) + r" \\"
    if not any(column.group for column in table.columns):
        return [labels]
    cells, rules, at = [""] * len(stub), [], len(stub) + 1
    for group, members in groupby(table.columns, key=_group):
        n = len(list(members))
        cells.append(rf"\multicolumn{{{n}}}{{c}}{{{escape(group)}}}" if group else " & ".join([""] * n))
        rules += [rf"\cmidrule(lr){{{at}-{at + n - 1}}}"] if group else []
        at += n
    return [" & ".join(cells) + r" \\", " ".join(rules), labels]


def _group(column: Label) -> str:
    return column.group


def _lines(row: Row, table: Table) -> Iterator[str]:
    """Give a row's line; of a wide table the intervals stand below the numbers, or nobody could read either."""
    stub = [escape(row.label.flat) if row.first else "", *([KINDS[row.kind]] if table.mixed else [])]
    below = table.interval and len(table.columns) > WIDE and any(value.spread(True) for value in row.values)
    gap = r"\addlinespace[2pt]" if table.mixed and row.first and row is not table.rows[0] else ""
    yield (
        gap
        + " & ".join([*stub, *(_value(value, row.kind, table.interval and not below) for value in row.values)])
        + ENDS
    )
    if below:
        spreads = (rf"{{\scriptsize {_small(value.spread(True))}}}" for value in row.values)
        yield " & ".join([*("" for _ in stub), *spreads]) + ENDS + "[2pt]"


def _value(value: Value, kind: Kind, interval: bool) -> str:
    number = escape(value.text(kind)).replace("-", "$-$")
    marks = _small(value.spread(interval) + value.lacks)
    bold = rf"\textbf{{{number}}}" if "best" in value.flags else number
    sign = rf"\rlap{{{SIGN}}}" + (r"\," if marks else "") if value.is_alike else ""
    return bold + sign + (rf"{{\scriptsize {marks}}}" if marks else "")


def _small(text: str) -> str:
    return text.translate(ESCAPES).replace(" ", r"\,")


def _notes(table: Table) -> str:
    return r"\\ ".join(escape(note) for note in table.notes)
