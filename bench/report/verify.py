"""Verify: recompute every figure of a written report from the records that it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.config import Config
from bench.errors import UserError
from bench.report.verification import cells, page, translators
from bench.report.verification.mismatch import Mismatch
from bench.report.verification.tables import Regenerate, check_tables, read_cells, rewritten
from bench.store import Store


@dataclass(frozen=True)
class Verification:
    """How much of a report was compared, and all that does not agree.

    `figures` counts those of cells.csv, translators.csv and the page, `tables` the files compared as text. `unchecked`
    are elements of the page that say they are a figure of a kind that has no rule, such as a rank.
    """

    figures: int
    tables: int
    unchecked: int
    mismatches: tuple[Mismatch, ...]

    def rows(self) -> list[dict[str, Any]]:
        """Return one row per mismatch, as the command prints it."""
        return [asdict(mismatch) for mismatch in self.mismatches]


def verify(folder: Path, config: Config, stores: Sequence[Store], regenerate: Regenerate = rewritten) -> Verification:
    """Check a report folder, such as reports/cpu, and return what was found.

    1. Each row of cells.csv: the record that it names must be of that task, count, method, seed and protocol, and give
       the row's figures, recomputed by scikit-learn from the probabilities.
    2. Each row of translators.csv, where there is one: its measurement must be of that task and hold its figures.
    3. Each table: written anew from cells.csv, it must be the same text.
    4. Each figure of index.html, where there is one: it must be what the recomputed figures give.

    Parameters
    ----------
    stores
        Where to look for the records, in this order.
    regenerate
        Writes a report's tables anew: (report, its frame, folder to write under, with standard deviations) -> files.

    Raises
    ------
    UserError
        The folder holds no cells.csv, one that does not read, or one of a profile that is not in bench.toml.
    """
    frame = read_cells(folder / cells.FILE)
    recomputed = cells.check_cells(frame, config, stores)
    measured, unlike = 0, list[Mismatch]()
    if (path := folder / translators.FILE).is_file():
        measured, unlike = translators.check_translators(path, stores)
    tables, differing = check_tables(folder, frame, regenerate)
    shown = page.Page(0, 0, ())
    if (path := folder / page.FILE).is_file():
        shown = page.check_page(_text(path), recomputed.figures, str(frame["profile"].iloc[0]))
    mismatches = (*recomputed.mismatches, *unlike, *differing, *shown.mismatches)
    return Verification(recomputed.compared + measured + shown.compared, tables, shown.unchecked, mismatches)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from None
