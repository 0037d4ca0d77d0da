"""Gallery: pictures that need stored weights and the test images: maps of features, and where classifiers look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from bench.explain.deletion import deletion, insertion
from bench.explain.evaluation import probabilities
from bench.explain.features import embed, features
from bench.explain.gradcam import grad_cam
from bench.explain.rise import rise
from bench.images import ImageSet
from bench.networks.network import Classifier
from bench.plan.config import Config
from bench.plan.grid import Grid
from bench.plan.job import Job
from bench.report.pictures import heatmaps, tsne
from bench.report.pictures.picture import Picture
from bench.store.artifacts import CLASSIFIER, Weights
from bench.training.composition import build
from bench.training.device import Device
from bench.training.frozen import frozen_classifier
from bench.analysis.metrics import rarest

MAPPED = ("Vanilla", "AUG")
EXPLAINED = ("Vanilla", "ALT", "AUG")


@dataclass(frozen=True, eq=False)
class Gallery:
    """The pictures that could be made, and a line for each kind that could not."""

    pictures: tuple[Picture, ...]
    left_out: tuple[str, ...]


def gallery(
    task: str, shown: str, grid: Grid, weights: Weights, test: ImageSet, config: Config, n_masks: int
) -> Gallery:
    """Draw seed 0's classifiers of one dataset.

    Parameters
    ----------
    grid
        Whose fits' weights are looked for.
    test
        The test images, at the size that the classifier sees.
    n_masks
        Masks of RISE; its maps get smoother, and slower, with more.
    """
    try:
        models = _models(task, grid, weights, config)
    except RuntimeError:  # load_state_dict: layers that are not there any more
        return Gallery((), (f"{shown}: feature and heat maps left out: the stored weights are of another network.",))
    counts = sorted({count for count, _ in models})
    classes = next((cell.classes for cell in grid.cells if cell.dataset == task), ())
    pictures, left_out = [], []
    with Device.best().session(config.profile.protocol(task)):
        both = [count for count in counts if all((count, method) in models for method in MAPPED)]
        if both:
            pictures.append(_feature_map(task, shown, models, sorted({both[0], both[-1]}), test, classes))
        else:
            left_out.append(_lacking(shown, "the map of features", MAPPED))
        if counts and all((counts[0], method) in models for method in EXPLAINED):
            pictures.append(_heat_maps(task, shown, models, counts[0], test, classes, n_masks))
        else:
            left_out.append(_lacking(shown, "heat maps", EXPLAINED))
    return Gallery(tuple(pictures), tuple(left_out))


def _lacking(shown: str, what: str, methods: Sequence[str]) -> str:
    return f"{shown}: {what} left out: no weights of {', '.join(methods)} are stored (`imbench run --weights`)."


def _models(task: str, grid: Grid, weights: Weights, config: Config) -> dict[tuple[int, str], Classifier]:
    found = {}
    for job in grid.jobs:
        wanted = job.kind == "fit" and job.task.dataset == task and job.method in {*MAPPED, *EXPLAINED}
        if wanted and job.streams.order == 0 and not job.streams.stage and weights.find(job.id, CLASSIFIER):
            found[min(job.task.counts), job.method] = _loaded(job, weights)
    return found


def _loaded(job: Job, weights: Weights) -> Classifier:
    assert job.expression is not None
    tensors = weights.load(job.id, CLASSIFIER)
    return frozen_classifier(build(job.expression), job.protocol, len(job.task.counts), tensors, Device.best())


def _feature_map(
    task: str,
    shown: str,
    models: Mapping[tuple[int, str], Classifier],
    counts: Sequence[int],
    test: ImageSet,
    classes: Sequence[str],
) -> Picture:
    device, labels = Device.best(), test.labels.numpy()
    rows = [
        [
            tsne.Panel(f"{method}, {count} {classes[-1]}", embed(features(models[count, method], test, device)), labels)
            for method in MAPPED
        ]
        for count in counts
    ]
    return tsne.figure(rows, classes, f"{task}_features", f"{shown}: test images in the classifier's last features")


def _heat_maps(
    task: str,
    shown: str,
    models: Mapping[tuple[int, str], Classifier],
    count: int,
    test: ImageSet,
    classes: Sequence[str],
    n_masks: int,
) -> Picture:
    device = Device.best()
    pixels = device.images(test.batch(torch.arange(len(test)))[0])
    chosen = telling(test.labels.numpy(), probabilities(models[count, "Vanilla"], pixels).argmax(dim=1).cpu().numpy())
    explained = {
        method: _explained(method, models[count, method], pixels[chosen], classes, n_masks) for method in EXPLAINED
    }
    rows = [
        heatmaps.Row(
            test.batch(torch.tensor([k]))[0][0].numpy(),
            classes[int(test.labels[k])],
            tuple(explained[method][i] for method in EXPLAINED),
        )
        for i, k in enumerate(chosen)
    ]
    title = f"{shown}, {count} {classes[-1]} images: where the classifier looks"
    return heatmaps.figure(rows, f"{task}_heatmaps", title)


def telling(labels: np.ndarray, decided: np.ndarray) -> list[int]:
    """Return the first image of each class that Vanilla gets wrong, and the first that it gets right: rarest first."""
    counts = np.bincount(labels)
    rare = rarest(counts) if len(set(counts.tolist())) > 1 else len(counts) - 1
    order = [rare, *(k for k in range(len(counts)) if k != rare)]
    found = []
    for k in order:
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
