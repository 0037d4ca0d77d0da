"""The page of one task's generators: a table of all figures a place, and tables by class beside real images."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from bench.analysis.layout import Label, method_label
from bench.analysis.measured import CLASSES, IMAGES
from bench.analysis.metrics import commonest, rarest
from bench.analysis.samples import samples, seed_columns
from bench.analysis.spots import method_key
from bench.analysis.states import COUNTED
from bench.analysis.summary import summarise
from bench.analysis.value import Value
from bench.errors import ConfigError
from bench.expression import Expression
from bench.networks.network import network_named
from bench.papers import shelf
from bench.report.evaluators import doubts, evaluators, known_pool, lacking
from bench.report.report import Sheet
from bench.report.table import Row, Table

STUB, REAL, ALONE = "Generator", "real images", "alone"
MAKER, MADE = "generator", "an image"
TERA = 1e12


@dataclass(frozen=True)
class Shown:
    """A column of the table: a figure, what it is called, and the figure of real images beside it, if there is one."""

    figure: str
    title: str
    real: str = ""
    scale: float = 1.0


COLUMNS = (
    Shown("kid", "KID, all classes", "kid_real"),
    Shown("kid_classes", "KID by class, mean", "kid_classes_real"),
    Shown("kid_to_minority", "KID of the rarest class", "kid_real_to_minority"),
    Shown("fid", "FID, all classes", "fid_real"),
    Shown("precision", "precision", "precision_real"),
    Shown("recall", "recall", "recall_real"),
    Shown("density", "density", "density_real"),
    Shown("coverage", "coverage", "coverage_real"),
    Shown("kl", "KL of annotators' labels", "kl_real"),
    Shown("kl_regulariser", "KL by the regulariser's classifier"),
    Shown("accuracy", "taken for the class asked", "real_accuracy"),
    Shown(ALONE, "ACSA of classifiers trained on them alone"),
    Shown("diversity_classes", "similarity within a class", "diversity_real_classes"),
    Shown("nearest", "rarest class: similarity to the nearest training image", "nearest_real"),
    Shown("seconds", "minutes", scale=1 / 60),
    Shown("operations", "10\N{SUPERSCRIPT ONE}\N{SUPERSCRIPT TWO} operations", scale=1 / TERA),
)
HOW = (
    "KID and FID in features of {features}: values in other features, such as the usual Inception-v3's, cannot be "
    "compared, nor those of other sets. Here the set is {n} real images of all classes together ({sets}), resized as "
    "every image is (bicubic, antialiased), and as many made ones; FID is biased upward at so few, for the last row "
    "too, which has other real images in place of made ones. Images of no class in particular: where a generator is "
    "told the class, as many of each. {evaluators} The annotators' own accuracy stands in the last row: beyond it "
    "shares say nothing. KL divergence from uniform labels, in nats. Precision and recall by balls to the 3rd, density "
    "and coverage to the 5th nearest image. Structural similarity within pairs and to the nearest training image: "
    "collapse and copies show as values far above the last row's. Minutes and operations of the training, with all "
    "that it starts from; the search for latents of each class, where there is one, is in the operations alone."
)
BY_CLASS = (
    Shown("kid_to_", "KID by class", "kid_real_to_"),
    Shown("accuracy_to_", "share of a class's images that annotators take for it", "real_accuracy_of_"),
    Shown("nearest_to_", "similarity to the nearest training image", "nearest_real_to_"),
    Shown("diversity_to_", "similarity within pairs", "diversity_real_to_"),
)
CLASS_READINGS = {
    "kid_to_": "Of a class with 50 real images or more: {n} made ones against {n} of them. The last row has other real "
    "images, as many.",
    "accuracy_to_": "Mean over annotators. The last row is how often they are right on real images.",
    "nearest_to_": "Of classes with up to 1,000 training images. The last row is of real images that nobody learned "
    "from.",
    "diversity_to_": "Structural similarity of pairs. The lower, the more diverse.",
}


def generator_sheets(task: str, measured: pd.DataFrame, cells: pd.DataFrame, banner: str) -> Iterator[Sheet]:
    """Give `generators_<task>`; nothing where no generator of it was measured.

    Parameters
    ----------
    measured, cells
        Frames of `bench.analysis.measured` and `bench.analysis.frame`.
    """
    rows = measured[(measured["task"] == task) & (measured["makes"] == IMAGES) & (measured["translator"] == 0)]
    if not rows["status"].isin(COUNTED).any():
        return
    tables: dict[str, Table] = {}
    for place, there in rows.groupby("place", sort=False):
        if not there["status"].isin(COUNTED).any():
            continue
        mine = cells[(cells["task"] == task) & (cells["place"] == place) & (cells["translator"] == 0)]
        tables[f"{place}"] = _table(task, str(place), there, mine, banner)
        for shown in BY_CLASS:
            if found := _by_class(task, str(place), shown, there, banner):
                tables[f"{place}, {shown.title}"] = found
    yield Sheet(f"generators_{task}", f"{shelf.shown(task)}: what generators make of noise", tables, "each")


def _table(task: str, place: str, rows: pd.DataFrame, cells: pd.DataFrame, banner: str) -> Table:
    alone = _alone(cells)
    found = {it.figure: _values(rows, it) for it in COLUMNS} | {ALONE: alone}
    columns = [it for it in COLUMNS if any(value.mean is not None for value in found[it.figure].values())]
    generators = list(dict.fromkeys(rows["generator"]))
    lines = [
        Row(method_label(name), tuple(found[it.figure].get(_key(name, it), Value()) for it in columns))
        for name in generators
    ]
    real = Row(Label(REAL, key=REAL), tuple(_real(rows, it.real) for it in columns))
    title = f"{shelf.shown(task)}, {place}: generators"
    return Table(
        f"generators_{task}_{_plain(place)}",
        title,
        _reading(rows),
        STUB,
        tuple(Label(it.title, key=it.figure) for it in columns),
        (*lines, real),
        banner,
        (*doubts(rows), *known_pool(rows, MAKER, MADE), *_untrained(rows), *lacking(rows)),
    )


def _by_class(task: str, place: str, shown: Shown, rows: pd.DataFrame, banner: str) -> Table | None:
    """Return a table with a column for each class, None where no class has the figure."""
    classes = str(rows["classes"].iloc[0]).split(CLASSES)
    counts = [int(n) for n in str(rows["counts"].iloc[0]).split(":")]
    roles = [_role(k, counts) for k in range(len(classes))]
    told = [k for k in range(len(classes)) if seed_columns(rows, f"{shown.figure}{roles[k]}")]
    if not told:
        return None
    each = {k: _values(rows, Shown(f"{shown.figure}{roles[k]}", "")) for k in told}
    lines = [
        Row(method_label(name), tuple(each[k].get(method_key(name)[0], Value()) for k in told))
        for name in dict.fromkeys(rows["generator"])
    ]
    real = Row(Label(REAL, key=REAL), tuple(_real(rows, f"{shown.real}{roles[k]}") for k in told))
    return Table(
        f"generators_{task}_{_plain(place)}_{shown.figure.strip('_')}",
        f"{shelf.shown(task)}, {place}: {shown.title}",
        f"{CLASS_READINGS[shown.figure].format(n=_sizes(rows, [f'n_to_{roles[k]}' for k in told]))} "
        "Below each class its training images.",
        STUB,
        tuple(Label(f"{classes[k]} ({counts[k]})", key=classes[k]) for k in told),
        (*lines, real),
        banner,
        (*(doubts(rows) if shown.figure.startswith("accuracy") else ()), *_untrained(rows), *lacking(rows)),
    )


def _values(rows: pd.DataFrame, shown: Shown) -> dict[str, Value]:
    """Return a figure's mean over judges by generator; a figure that no judge tells has one value."""
    if not seed_columns(rows, shown.figure):
        return {}
    taken = samples(rows, shown.figure)
    found = summarise(taken.assign(**{shown.figure: taken[shown.figure] * shown.scale}), shown.figure)
    return {key[0]: value for (key, _), value in found.items()}


def _real(rows: pd.DataFrame, figure: str) -> Value:
    """Return what real images have, which is the same whatever is judged beside them."""
    if not figure or not seed_columns(rows, figure):
        return Value()
    done = rows[rows["status"].isin(COUNTED) & rows[seed_columns(rows, figure)[0]].notna()]
    return next(iter(_values(done.head(1), Shown(figure, "")).values()), Value())


def _alone(cells: pd.DataFrame) -> dict[str, Value]:
    """Return the balanced accuracy of rows that were trained on made images alone, by the generator's name."""
    names = {str(method): name for method in cells["method"].unique() if (name := _alone_of(str(method)))}
    mine = cells[cells["method"].isin(names)]
    found = summarise(mine, "acsa") if len(mine) else {}
    by_key = {method_key(method): name for method, name in names.items()}
    return {by_key[key]: value for (key, _), value in found.items()}


def _alone_of(method: str) -> str:
    try:
        calls = Expression.parse(method).calls
    except ConfigError:
        return ""
    return calls[0].name if len(calls) == 1 and calls[0].arguments == ((ALONE, True),) else ""


def _untrained(rows: pd.DataFrame) -> tuple[str, ...]:
    """Return a note where a generator makes images of a class that it was never trained on."""
    if not any(method_key(name)[0] == "GAMO" for name in rows["generator"].unique()):
        return ()
    return (
        f"GAMO, as published, is never trained on the largest class ({rows['majority'].iloc[0]}): its images of that "
        "class, which figures of all classes take in, are of a layer with weights of chance.",
    )


def _reading(rows: pd.DataFrame) -> str:
    done = rows[rows["status"].isin(COUNTED)]
    network = network_named(done["evaluator"].iloc[0])
    features = network.title if network.trained_on else "the first annotator, for ImageNet says nothing of this task"
    return HOW.format(features=features, n=_sizes(done, ["n"]), sets=_sets(done), evaluators=evaluators(rows, MAKER))


def _sizes(rows: pd.DataFrame, columns: Sequence[str]) -> str:
    """Return how many images distances are of."""
    found = {int(n) for column in columns if column in rows for n in rows[column].dropna()}
    return " or ".join(map(str, sorted(found))) or "as many"


def _sets(done: pd.DataFrame) -> str:
    """Return which real images distances are to: half of what a class has, or of its last ones where it has more."""
    sizes = {int(n) for column in done if str(column).startswith("n_to_") for n in done[column].dropna()}
    if not sizes:
        return "a random half of each class's validation and test images"
    most = f"the last {2 * max(sizes)}" if len(sizes) == 1 else f"up to {2 * max(sizes)}, the last ones,"
    return f"a random half of {most} of each class's validation and test images"


def _role(label: int, counts: Sequence[int]) -> str:
    """Return what a class is called in the frame of measurements."""
    return {commonest(counts): "majority", rarest(counts): "minority"}.get(label, str(label))


def _key(generator: str, shown: Shown) -> str:
    """Return what a figure goes by: a fit on made images alone by the stage's name, which says nothing of a variant."""
    if shown.figure != ALONE:
        return method_key(generator)[0]
    (call,) = Expression.parse(generator).calls
    return call.name if all(key == "epochs" for key, _ in call.arguments) else ""


def _plain(place: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", place).strip("-")
