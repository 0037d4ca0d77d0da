"""Controls of a table of translators: what evaluators make of images that should stay as they are, and what they see.

A share hangs on where an evaluator draws its line. Beside it stand the shares of images that need no translation, of
images that had none, and the AUC, which knows no line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from bench.analysis.layout import Label, Layout, extended, method_label
from bench.analysis.samples import samples, seed_columns
from bench.analysis.spots import Spot, method_key
from bench.analysis.summary import summarise
from bench.analysis.value import Value
from bench.papers import shelf
from bench.report.evaluators import doubts, evaluators, lacking, real_row
from bench.report.table import Row, Table
from bench.statistics.judged import Judged

OTHER = {"minority": "majority", "majority": "minority"}
UNTRANSLATED = "untranslated"
CAPTION = (
    "Share of images that evaluators take for the {role} class, row by row for each translator: images of the {other} "
    "class translated into it; real images of the {role} class given to the network that makes it, and images of the "
    "{role} class translated there and back, both of which should stay what they are. AUC: the chance that an "
    "evaluator finds a translated image more like the {role} class than one that is yet to be translated, 0.5 where "
    "translating changes nothing; it does not hang on where the evaluator draws its line. The last rows are real "
    "images of the {role} class, and untranslated ones of the {other} class. {evaluators}"
)


def control_tables(layout: Layout, rows: pd.DataFrame, banner: str, interval: bool) -> dict[str, Table]:
    """Return a table for each target class, by heading; none where nothing was measured of it.

    Parameters
    ----------
    rows
        The measurements that a paper compares, with `generator` as its rows are called.
    """
    return {
        f"Controls, into the {role} class": _table(layout, rows, role, banner, interval)
        for role in OTHER
        if seed_columns(rows, f"auc_to_{role}")
    }


def _table(layout: Layout, rows: pd.DataFrame, role: str, banner: str, interval: bool) -> Table:
    full = extended(layout, rows.assign(method=rows["generator"]))
    kinds = {
        "translated": f"accuracy_to_{role}",
        f"real {role} images": f"accuracy_same_{role}",
        f"{role} images there and back": f"accuracy_back_{role}",
        "AUC": f"auc_to_{role}",
    }
    means = {
        figure: summarise(samples(rows, figure), figure) for figure in kinds.values() if seed_columns(rows, figure)
    }
    lines = []
    for generator in full.methods:
        for kind, figure in kinds.items():
            found = [means.get(figure, {}).get((method_key(generator), place), Value()) for place in full.places]
            if any(value.mean is not None for value in found):
                label = f"{method_label(generator).text}: {kind}"
                lines.append(Row(Label(label, key=f"{generator}:{figure}"), tuple(found)))
    real = real_row(full, rows, f"real_accuracy_of_{role}", f"real {role} images")
    left = real_row(full, _untranslated(rows, role), UNTRANSLATED, f"untranslated {OTHER[role]} images")
    words = CAPTION.format(role=role, other=OTHER[role], evaluators=evaluators(rows))
    return Table(
        f"{layout.name}_controls_{role}",
        f"{layout.heading}: controls, into the {role} class",
        words,
        "Translator",
        tuple(full.place_labels()),
        (*lines, real, left),
        banner,
        (*doubts(rows), *lacking(rows)),
        interval=interval,
    )


def _untranslated(rows: pd.DataFrame, role: str) -> pd.DataFrame:
    """Return the rows with the share of real images of the other class that each judge takes for this one."""
    columns = seed_columns(rows, f"real_accuracy_of_{OTHER[role]}")
    return rows.assign(**{f"{UNTRANSLATED}/{name.partition('/')[2]}": 1 - rows[name] for name in columns})


def cannot_tell(given: Mapping[Spot, Judged]) -> Iterator[str]:
    """Say at which places evaluators differ more about a translator than translators do from one another."""
    columns: dict[tuple[str, str], list[np.ndarray]] = {}
    for spot, it in given.items():
        columns.setdefault((spot.task, spot.place), []).extend(it.shares)
    for task in dict.fromkeys(task for task, _ in columns):
        found = []
        for (name, place), shares in columns.items():
            if name == task and len(shares) > 1 and min(map(len, shares)) > 1:
                judges = float(np.sqrt(np.mean([each.var(ddof=1) for each in shares])))
                translators = float(np.std([each.mean() for each in shares], ddof=1))
                if judges > translators:
                    found.append(f"{place} ({judges:.3f} against {translators:.3f})")
        if found:
            yield (
                f"{shelf.shown(task)}: which translator is better, these shares cannot tell at {', '.join(found)}: the "
                "standard deviation between evaluators of one translator against that between translators. See the AUC "
                "among the controls, and KID."
            )
