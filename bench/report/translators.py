"""The page of one task's translators: directions, distances, copies, and the two kinds of spread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from bench.analysis.layout import Label, Layout, Part, method_label, part_of
from bench.analysis.measured import IMAGES
from bench.analysis.samples import TwoSpreads, samples, seed_columns, spreads
from bench.analysis.spots import method_key
from bench.analysis.summary import summarise
from bench.analysis.value import Value
from bench.networks.network import network_named
from bench.papers import shelf
from bench.report.evaluators import doubts, evaluators, lacking, real_row
from bench.report.luck import luck_tables
from bench.report.report import Sheet
from bench.report.table import Row, Table

LOOKED_AT = "Validation and test images, translated."
FEW = (
    "From n images on either side, n = {n}. {few} The last row has n other real images in place of the translated "
    "ones: what perfect translations would get. Features of {network}, not fine-tuned; values in other features, such "
    "as the usual Inception-v3's, cannot be compared."
)
# Chong and Forsyth 2020, arXiv:1911.07023; Binkowski et al. 2018, arXiv:1801.01401
BIASED = "So few bias it upward, as they do for the last row."
UNBIASED = "It has no bias, however few they are, but is noisy, and may be below 0 for images that are alike."


@dataclass(frozen=True)
class Aspect:
    """A figure of translators with the one of real images that it is read against, "" where it needs none."""

    figure: str
    title: str
    real: str
    label: str
    reading: str


ASPECTS = (
    Aspect("accuracy", "share taken for the target class", "real_accuracy", "real images", "{shares}"),
    Aspect(
        "accuracy_to_minority",
        "share of {majority} to {minority} taken for {minority}",
        "real_accuracy_of_minority",
        "real {minority}",
        "{shares}",
    ),
    Aspect(
        "accuracy_to_majority",
        "share of {minority} to {majority} taken for {majority}",
        "real_accuracy_of_majority",
        "real {majority}",
        "{shares}",
    ),
    *(
        Aspect(
            f"accuracy_{kind}_{role}",
            title,
            f"real_accuracy_of_{role}",
            f"real {{{role}}}",
            "{shares}",
        )
        for role in ("minority", "majority")
        for kind, title in (
            ("same", f"share of real {{{role}}}, given to the network that makes {{{role}}}, taken for {{{role}}}"),
            ("back", f"share of {{{role}}}, translated there and back, taken for {{{role}}}"),
        )
    ),
    *(
        Aspect(
            f"auc_to_{role}",
            f"AUC of {{{source}}} translated to {{{role}}} against untranslated {{{source}}}",
            "",
            "",
            "{auc}",
        )
        for role, source in (("minority", "majority"), ("majority", "minority"))
    ),
    *(
        Aspect(
            f"{short}_to_{role}",
            f"{name} of {{{source}}} to {{{role}}} from real {{{role}}}",
            f"{short}_real_to_{role}",
            "real against real",
            reading,
        )
        for short, name, reading in (("fid", "FID", "{biased}"), ("kid", "KID", "{unbiased}"))
        for role, source in (("minority", "majority"), ("majority", "minority"))
    ),
    Aspect(
        "nearest",
        "similarity of generated {minority} to the nearest training image, mean",
        "nearest_real",
        "real {minority}, unseen",
        "Copies of training images show as values far above the last row's, cropped ones less, mirrored ones "
        "hardly. {similarity}",
    ),
    Aspect(
        "nearest_top",
        "similarity of generated {minority} to the nearest training image, 95th percentile",
        "nearest_top_real",
        "real {minority}, unseen",
        "Where a few images are copies, the mean may not tell, and this does. {similarity}",
    ),
    Aspect(
        "diversity",
        "similarity within pairs of generated {minority}",
        "diversity_real",
        "real {minority}, unseen",
        "The lower, the more diverse: images that are all alike show as values far above the last row's. {similarity}",
    ),
)
SPREAD = (
    "Standard deviations of the share taken for the target class, both directions pooled, that have two causes: "
    "evaluators that differ in their seeds and judge one translator, and translators that differ in theirs (a stage "
    "trained with other random streams; a translator that another seed of a method left, all from one stage)."
)


def translator_sheets(task: str, measured: pd.DataFrame, cells: pd.DataFrame, banner: str) -> Iterator[Sheet]:
    """Give `translators_<task>`; nothing where there is nothing to tell.

    Parameters
    ----------
    measured, cells
        Frames of `bench.analysis.measured` and `bench.analysis.frame`, with all translators.
    """
    rows = measured[(measured["task"] == task) & (measured["makes"] != IMAGES)]
    tables = {}
    if (rows["status"] != "missing").any():
        part, first = part_of(task, rows, shelf.shown(task)), rows[rows["translator"] == 0]
        found = [_table(aspect, part, first, banner) for aspect in ASPECTS if seed_columns(first, aspect.figure)]
        tables = {table.title.partition(": ")[2]: table for table in (*found, _spread(part, rows, banner))}
    tables |= luck_tables(task, cells, banner)
    title = f"{shelf.shown(task)}: what translators make of images"
    if tables:
        yield Sheet(f"translators_{task}", title, tables, "none")


def _table(aspect: Aspect, part: Part, rows: pd.DataFrame, banner: str) -> Table:
    names = {"minority": part.minority, "majority": part.majority}
    if not part.settled:
        names = {"minority": "rare images", "majority": "common images"}
    layout = _layout(part, rows, aspect.figure)
    means = summarise(samples(rows, aspect.figure), aspect.figure)
    lines = [
        Row(
            method_label(generator),
            tuple(means.get((method_key(generator), place), Value()) for place in layout.places),
        )
        for generator in layout.methods
    ]
    return Table(
        layout.name,
        f"{part.shown}: {aspect.title.format(**names)}",
        _reading(aspect, rows, names),
        "Translator",
        tuple(layout.place_labels()),
        (*lines, *([real_row(layout, rows, aspect.real, aspect.label.format(**names))] if aspect.real else ())),
        banner,
        (*(doubts(rows) if aspect.reading == "{shares}" else ()), *lacking(rows)),
        interval=True,
    )


def _layout(part: Part, rows: pd.DataFrame, figure: str) -> Layout:
    return Layout(f"translators_{part.task}_{figure}", figure, (part,), tuple(rows["generator"].unique()))


def _reading(aspect: Aspect, rows: pd.DataFrame, names: dict[str, str]) -> str:
    network = network_named(rows["evaluator"].iloc[0]).title
    sizes = {
        int(n) for column in rows if column == f"n_to_{aspect.figure.rpartition('_')[2]}" for n in rows[column].dropna()
    }
    n = " or ".join(map(str, sorted(sizes)))
    several = "Mean ± half its 95 % interval between translators, for those that several fits left."
    return aspect.reading.format(
        shares=f"{LOOKED_AT} {evaluators(rows)} {several} For a stage's one translator it is over evaluators. The last "
        "row is the evaluators' own accuracy.",
        auc=f"{LOOKED_AT} {evaluators(rows)} {several} The chance that an evaluator finds a translated image more like "
        "its target than one that is yet to be translated: whatever its threshold; .5 if translation changes nothing.",
        biased=f"{LOOKED_AT} {FEW.format(n=n, few=BIASED, network=network)} {several}",
        unbiased=f"{LOOKED_AT} {FEW.format(n=n, few=UNBIASED, network=network)} {several}",
        similarity=f"Structural similarity at 64 pixels (1: the same image) of translations to {names['minority']}. "
        f"{several}",
    )


def _spread(part: Part, rows: pd.DataFrame, banner: str) -> Table:
    """Return the standard deviations between evaluators and between translators, each on its own row."""
    layout = _layout(part, rows, "spread")
    found = {(generator, place): spread for generator, place, spread in spreads(rows, "accuracy")}
    lines = []
    for generator in layout.methods:
        label = method_label(generator).text
        each = [found.get((generator, place)) for _, place in layout.places]
        judges = tuple(Value(it.judges if it else None) for it in each)
        most = max((it.n_translators for it in each if it), default=0)
        lines.append(Row(Label(f"{label}, between evaluators", key=f"{generator}:evaluators"), judges))
        if most > 1:
            between = tuple(Value(it.translators if it else None) for it in each)
            text = f"{label}, between translators (at most {most})"
            lines.append(Row(Label(text, key=f"{generator}:translators"), between))
    columns = tuple(layout.place_labels())
    title = f"{part.shown}: spread of the share taken for the target class"
    notes = (*_cannot_tell(found), *lacking(rows))
    return Table(layout.name, title, SPREAD, "Translator", columns, tuple(lines), banner, notes)


def _cannot_tell(found: Mapping[tuple[str, str], TwoSpreads]) -> Iterator[str]:
    """Say where evaluators differ more about a translator than translators do from one another."""
    for (generator, place), it in found.items():
        if it.judges is not None and it.translators is not None and it.judges > it.translators:
            yield (
                f"{place}: which translator of {method_label(generator).text} is better, shares cannot tell: "
                "evaluators differ more about one. The AUC and KID ask for no threshold."
            )
