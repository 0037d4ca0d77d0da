"""Verify: recompute every figure of a written report from the records that it names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bench.errors import UserError
from bench.plan.config import Config
from bench.report.verification import cells, named, page, translators
from bench.report.verification.derived import check_derived
from bench.report.verification.mismatch import Mismatch
from bench.report.verification.pagefigures import page_figures
from bench.report.verification.tables import Regenerate, check_tables, read_cells, rewritten
from bench.report.verification.words import check_marks, check_words
from bench.store.store import Store


@dataclass(frozen=True)
class Verification:
    """How much of a report was compared, and all that does not agree.

    `figures` counts those of cells.csv, translators.csv and the page, `tables` the files compared as text. `derived`
    are figures of the page without a rule of their own, such as a margin: compared with a page written anew.
    """

    figures: int
    tables: int
    derived: int
    mismatches: tuple[Mismatch, ...]

    def rows(self) -> list[dict[str, Any]]:
        """Return one row per mismatch, as the command prints it."""
        return [asdict(mismatch) for mismatch in self.mismatches]


PageAnew = Callable[[Config, Sequence[Store]], tuple[str, pd.DataFrame]]


def verify(
    folder: Path, config: Config, stores: Sequence[Store], page_anew: PageAnew, regenerate: Regenerate = rewritten
) -> Verification:
    """Check a report folder, such as reports/cpu, and return what was found.

    1. Each row of cells.csv: the record that it names must be of that task, count, method, seed and protocol, and give
       the row's figures, recomputed by scikit-learn from the probabilities.
    2. Each row of translators.csv, where there is one: its measurement must be of that task and hold its figures.
    3. Each table: written anew from cells.csv, it must be the same text.
    4. Each figure of index.html, where there is one: it must be what the recomputed figures give, or, where it has no
       rule of its own, what a page prints that is written anew from the named records alone.
    5. Every other word of index.html, and the marks of cells.csv: they must be those of that page written anew.

    Parameters
    ----------
    stores
        Where to look for the records, in this order.
    page_anew
        Writes index.html anew, without pictures: (Config, stores) -> its text and the frame of all cells.
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
    shown, derived = page.Page(0, (), ()), list[Mismatch]()
    if (path := folder / page.FILE).is_file():
        text = _text(path)
        shown = page.check_page(text, recomputed.figures, str(frame["profile"].iloc[0]))
        ids = named.named(folder, (cells.FILE, translators.FILE, named.FILE))
        with named.only(ids, stores) as store:
            derived = _check_anew(text, shown, frame, config, store, page_anew)
    mismatches = (*recomputed.mismatches, *unlike, *differing, *shown.mismatches, *derived)
    return Verification(recomputed.compared + measured + shown.compared, tables, len(shown.rest), mismatches)


def _check_anew(
    text: str, shown: page.Page, frame: pd.DataFrame, config: Config, store: Store, page_anew: PageAnew
) -> list[Mismatch]:
    change = {"profile": str(frame["profile"].iloc[0]), "seeds": int(frame["seed"].max()) + 1}
    config = config.model_copy(update={"run": config.run.model_copy(update=change)})
    try:
        fresh, cells_anew = page_anew(config, [store])
    except UserError as error:
        told = f"{len(shown.rest)} figures"
        return [Mismatch(page.FILE, 0, "page", told, f"the named records give no page: {error}")]
    derived = check_derived(shown.rest, page_figures(fresh))
    known = {it.line for it in (*shown.mismatches, *derived)}
    return [*derived, *check_words(text, fresh, known), *check_marks(frame, cells_anew)]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from None
