"""From a stored fit to a model in a folder: its facts, its figures on the test images, its card."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest

from bench.data.decoding import colours_of
from bench.dataset import Dataset
from bench.model.deciding import decided, figures_of
from bench.model.origin import Choice, licences, normalisation
from bench.model.refit import Refitted
from bench.model.saved import CARD, Facts, save_model, write_facts, written
from bench.networks.network import Network, network_of, seen_before
from bench.plan.job import Job
from bench.record import Record
from bench.store.artifacts import CLASSIFIER, Weights
from bench.store.leftovers import write_anew
from bench.training.composition import build
from bench.training.scores import confusion_matrix

TOGETHER = "Trained on training and validation images together"


def make_model(
    job: Job, record: Record, weights: Weights, dataset: Dataset, folder: Path, choice: Choice | None = None
) -> Facts:
    """Write the model that a fit left and return its facts; `choice` says why its method, if runs recommended it.

    Raises
    ------
    StoreError
        The weights are missing, or the folder cannot be written.
    """
    facts = facts_of(job, record, dataset, choice)
    save_model(folder, facts, weights.load(record.id, CLASSIFIER), card(facts, decided(facts)))
    return facts


def keep_decision(folder: Path, facts: Facts) -> None:
    """Write a model's facts with another decision, and its card with the figures of that.

    Raises
    ------
    StoreError
        The folder cannot be written.
    """
    write_anew(folder / CARD, card(facts, decided(facts)).encode())
    write_facts(folder, facts)


def facts_of(job: Job, record: Record, dataset: Dataset, choice: Choice | None = None) -> Facts:
    """Return all that a stored fit's model is but its weights."""
    assert job.expression is not None and record.validation is not None and record.test is not None
    counts = np.asarray(job.task.counts)
    method = build(job.expression)
    method = method.tuned(record.validation.probabilities.array(), record.validation.labels, counts)
    scores = method.hook("adjust")(record.test.probabilities.array(), counts)
    confusion = confusion_matrix(record.test.labels, scores.argmax(axis=1), len(counts))
    network = network_of(job.protocol.backbone)
    return Facts(
        dataset=job.task.dataset,
        place=job.task.place,
        classes=job.task.classes,
        counts=job.task.counts,
        method=written(job.expression),
        protocol=job.protocol.model_dump(mode="json"),
        shape=dataset.shape,
        colours=colours_of(dataset),
        chosen=record.chosen | method.chosen,
        records=(record.id,),
        figures=figures_of(job.task.classes, confusion),
        remarks=tuple(filter(None, (seen_before(network, dataset),))),
        **_origin(network, choice),
        validation=record.validation,
        test=record.test,
    )


def make_refitted(
    job: Job,
    record: Record,
    again: Refitted,
    dataset: Dataset,
    folder: Path,
    others: Sequence[Record] = (),
    choice: Choice | None = None,
) -> Facts:
    """Write the model of training on all images but the test part, judged on that part, and return its facts.

    Its validation predictions are the record's, of the model that did not train on them.

    Raises
    ------
    StoreError
        The folder cannot be written.
    """
    assert record.validation is not None
    scores = build(again.expression).hook("adjust")(again.test.probabilities.array(), np.asarray(again.counts))
    confusion = confusion_matrix(again.test.labels, scores.argmax(axis=1), len(again.counts))
    selected, network = ", ".join(map(str, again.epochs)), network_of(job.protocol.backbone)
    facts = Facts(
        dataset=job.task.dataset,
        place=job.task.place,
        classes=job.task.classes,
        counts=again.counts,
        method=written(again.expression),
        protocol=job.protocol.model_dump(mode="json"),
        shape=dataset.shape,
        colours=colours_of(dataset),
        chosen=again.chosen,
        records=tuple(it.id for it in (record, *others)),
        figures=figures_of(job.task.classes, confusion),
        remarks=(
            f"{TOGETHER}, for {again.epoch} epochs: the median of those that "
            f"records of {len(again.epochs)} seeds selected ({selected}). What it chose on validation images is as in "
            "the first of these records, and its validation predictions are that record's. The test images were in no "
            "training; no record holds this model's figures.",
            *filter(None, (seen_before(network, dataset),)),
        ),
        **_origin(network, choice),
        validation=record.validation,
        test=again.test,
    )
    save_model(folder, facts, again.weights, card(facts, confusion))
    return facts


def of_all_data(facts: Facts) -> bool:
    """Return whether a model was trained on validation images, too."""
    return any(it.startswith(TOGETHER) for it in facts.remarks)


def _origin(network: Network, choice: Choice | None) -> dict[str, Any]:
    """Return what a model's facts say of its network and of the choice of its method."""
    return {
        "network": network.title,
        "normalisation": normalisation(network),
        "licence": licences(network),
        "choice": choice,
    }


def card(facts: Facts, confusion: np.ndarray) -> str:
    """Return a model's card as markdown: what it is, how good it is on images it never saw, what to know before use."""
    method = "+".join(it.name for it in facts.method)
    counts = ", ".join(f"{n} {name}" for name, n in zip(facts.classes, facts.counts, strict=True))
    rows = [_row(name, confusion[k], k) for k, name in enumerate(facts.classes)]
    chosen = "; ".join(f"{name} = {value:.4g}, chosen on the validation images" for name, value in facts.chosen.items())
    remarks = [
        f"Trained by {method} on {counts} ({facts.dataset}, {facts.place}).",
        f"Network: {facts.protocol['backbone']}; images of {facts.protocol['image_size']} pixels, shape {facts.shape}, "
        f"colours as they are {facts.colours}.",
        *([chosen] if chosen else []),
        *(
            [f"Decides for {facts.factors_for}: moved on the validation images, and all figures here are of that."]
            if facts.factors_for
            else []
        ),
        *facts.remarks,
        *([f"Licence of the body: {facts.licence}."] if facts.licence else []),
        "The figures are of one fit and one test part; another seed gives others."
        + ("" if facts.choice else " If the method was chosen among several by these test images, they flatter it."),
        *([str(facts.choice)] if facts.choice else []),
        f"Record {', '.join(facts.records)}: `imbench why` shows what it was made of.",
    ]
    lines = ["# " + f"{facts.dataset}: a classifier of {len(facts.classes)} classes", ""]
    lines += [f"- {remark}" for remark in remarks]
    lines += ["", "| class | test images | recall | 95 % interval |", "| --- | ---: | ---: | --- |", *rows, ""]
    lines += [f"Balanced accuracy {facts.figures['balanced accuracy']:.4f}.", ""]
    lines += ["    imbench predict FOLDER_OF_THIS_MODEL IMAGES --out predictions.csv", ""]
    return "\n".join(lines)


def _row(name: str, row: np.ndarray, k: int) -> str:
    name = re.sub(r"([|<])", r"\\\1", name)  # what would end a cell, or begin a tag
    hits, images = int(row[k]), int(row.sum())
    if not images:
        return f"| {name} | 0 | - | - |"
    interval = binomtest(hits, images).proportion_ci(method="wilson")
    return f"| {name} | {images} | {hits / images:.4f} | {interval.low:.3f} to {interval.high:.3f} |"
