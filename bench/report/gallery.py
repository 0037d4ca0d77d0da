"""Gallery: pictures that need stored weights and the test images: maps of features, and where classifiers look."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from bench.analysis.metrics import rarest
from bench.explain.deletion import deletion, insertion
from bench.explain.evaluation import probabilities
from bench.explain.features import embed, features
from bench.explain.gradcam import grad_cam
from bench.explain.rise import rise
from bench.images import ImageSet
from bench.networks.layers.classifier import Classifier
from bench.papers import shelf
from bench.plan.config import Config
from bench.plan.grid import Grid
from bench.plan.job import Job
from bench.report.pictures import heatmaps, tsne
from bench.report.pictures.picture import Picture
from bench.report.subject import Subject
from bench.store.artifacts import CLASSIFIER, Weights
from bench.training.composition import build
from bench.training.device import Device
from bench.training.frozen import frozen_classifier

FEW = 4  # classes of which images are explained


@dataclass(frozen=True, eq=False)
class Gallery:
    """The pictures that could be made, and a line for each kind that could not."""

    pictures: tuple[Picture, ...]
    left_out: tuple[str, ...]


def gallery(subject: Subject, grid: Grid, weights: Weights, test: ImageSet, config: Config) -> Gallery:
    """Draw seed 0's classifiers of one dataset: of the methods that its paper maps and explains.

    Parameters
    ----------
    grid
        Whose fits' weights are looked for.
    test
        The test images, at the size that the classifier sees.
    """
    mapped, explained = shelf.mapped(subject.task), shelf.explained(subject.task)
    try:
        models = _models(subject.task, grid, weights, {*mapped, *explained})
    except RuntimeError:  # load_state_dict: layers that are not there any more
        return Gallery(
            (), (f"{subject.shown}: feature and heat maps left out: the stored weights are of another network.",)
        )
    places = [place for place in subject.outcomes if any(place == at for at, _ in models)]
    pictures, left_out = [], []
    with Device.best().session(config.profile.protocol(subject.task)):
        both = [place for place in places if all((place, method) in models for method in mapped)]
        if both and mapped:
            pictures.append(_feature_map(subject, models, list(dict.fromkeys((both[0], both[-1]))), mapped, test))
        else:
            left_out.append(_lacking(subject.shown, "the map of features", mapped))
        if places and explained and all((places[0], method) in models for method in explained):
            pictures.append(_heat_maps(subject, models, places[0], explained, test, config.report.rise_masks))
        else:
            left_out.append(_lacking(subject.shown, "heat maps", explained))
    return Gallery(tuple(pictures), tuple(left_out))


def _lacking(shown: str, what: str, methods: Sequence[str]) -> str:
    return f"{shown}: {what} left out: no weights of {', '.join(methods)} are stored (`imbench run --weights`)."


def _models(task: str, grid: Grid, weights: Weights, methods: Collection[str]) -> dict[tuple[str, str], Classifier]:
    found = {}
    for job in grid.jobs:
        wanted = job.kind == "fit" and job.task.dataset == task and job.method in methods
        if wanted and job.streams.order == 0 and not job.streams.stage and weights.find(job.id, CLASSIFIER):
            found[job.task.place, job.method] = _loaded(job, weights)
    return found


def _loaded(job: Job, weights: Weights) -> Classifier:
    assert job.expression is not None
    tensors = weights.load(job.id, CLASSIFIER)
    return frozen_classifier(build(job.expression), job.protocol, len(job.task.counts), tensors, Device.best())


def _feature_map(
    subject: Subject,
    models: Mapping[tuple[str, str], Classifier],
    places: Sequence[str],
    methods: Sequence[str],
    test: ImageSet,
) -> Picture:
    device, labels = Device.best(), test.labels.numpy()
    rows = [
        [
            tsne.Panel(
                f"{method}, {subject.text(place)}{f' {subject.minority}' if subject.part.by_count else ''}",
                embed(features(models[place, method], test, device)),
                labels,
            )
            for method in methods
        ]
        for place in places
    ]
    title = f"{subject.shown}: test images in the classifier's last features"
    return tsne.figure(rows, subject.cell.classes, f"{subject.task}_features", title)


def _heat_maps(
    subject: Subject,
    models: Mapping[tuple[str, str], Classifier],
    place: str,
    methods: Sequence[str],
    test: ImageSet,
    n_masks: int,
) -> Picture:
    device, classes = Device.best(), subject.cell.classes
    pixels = device.images(test.batch(torch.arange(len(test)))[0])
    decided = probabilities(models[place, methods[0]], pixels).argmax(dim=1).cpu().numpy()
    chosen = telling(test.labels.numpy(), decided)
    explained = {
        method: _explained(method, models[place, method], pixels[chosen], classes, n_masks) for method in methods
    }
    rows = [
        heatmaps.Example(
            test.batch(torch.tensor([k]))[0][0].numpy(),
            classes[int(test.labels[k])],
            tuple(explained[method][i] for method in methods),
        )
        for i, k in enumerate(chosen)
    ]
    return heatmaps.figure(
        rows, f"{subject.task}_heatmaps", f"{subject.shown}, {subject.at(place)}: where the classifier looks"
    )


def telling(labels: np.ndarray, decided: np.ndarray) -> list[int]:
    """Return the first image of each class that a method gets wrong, and the first that it gets right: rarest first.

    Of many classes a few are shown.
    """
    counts = np.bincount(labels)
    rare = rarest(counts) if len(set(counts.tolist())) > 1 else len(counts) - 1
    order = [rare, *(k for k in range(len(counts)) if k != rare)]
    found = []
    for k in order[:FEW]:
        for right in (False, True):
            there = np.flatnonzero((labels == k) & ((decided == k) == right))
            found += there[:1].tolist()
    return found


def _explained(
    method: str, model: Classifier, images: torch.Tensor, classes: Sequence[str], n_masks: int
) -> list[heatmaps.Explained]:
    said = probabilities(model, images)
    labels = said.argmax(dim=1)
    kinds = {
        "Grad-CAM": grad_cam(model, images, labels),
        "RISE": rise(model, images, torch.Generator().manual_seed(0), n_masks=n_masks, classes=labels),
    }
    found = []
    for i, label in enumerate(labels.tolist()):
        maps = tuple(
            heatmaps.Map(
                kind,
                heat[i].cpu().numpy(),
                deletion(model, images[i], heat[i], label).auc,
                insertion(model, images[i], heat[i], label).auc,
            )
            for kind, heat in kinds.items()
        )
        found.append(heatmaps.Explained(method, classes[label], float(said[i, label]), maps))
    return found
