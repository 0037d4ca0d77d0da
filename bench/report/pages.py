"""Pages: several tables under one title, for reading and for LaTeX."""

from __future__ import annotations

from collections.abc import Mapping

from bench.report.latex import latex
from bench.report.markdown import escape, markdown
from bench.report.table import Table


def page(title: str, tables: Mapping[str, Table]) -> str:
    """Return markdown with each table under its heading."""
    return "\n".join(
        [f"# {escape(title)}\n", *(f"## {escape(heading)}\n\n{markdown(table)}" for heading, table in tables.items())]
    )


def both(name: str, title: str, tables: Mapping[str, Table]) -> dict[str, str]:
    """Return the page `name`.md and the same tables as `name`.tex, by file name."""
    return {f"{name}.md": page(title, tables), f"{name}.tex": "\n".join(map(latex, tables.values()))}
