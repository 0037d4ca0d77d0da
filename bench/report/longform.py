"""CSV: a table as one line per value, for whoever wants to plot it."""

from __future__ import annotations

import csv
import io

from bench.report.table import Table

HEADER = ("table", "row", "column", "kind", "mean", "sd", "n", "expected", "flags")


def longform(table: Table) -> str:
    """Return a CSV text; rows and columns go by their keys (`CBL(beta=0.9)`, `celeba:50`), numbers are not rounded."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    for row in table.rows:
        for column, value in zip(table.columns, row.values, strict=True):
            numbers = (value.mean, value.sd, value.n or None, value.expected or None)
            plain = ["" if number is None else number for number in numbers]
            flags = " ".join(flag.replace(" ", "-") for flag in sorted(value.flags))
            writer.writerow([table.name, row.label.key, column.key, row.kind, *plain, flags])
    return out.getvalue()
