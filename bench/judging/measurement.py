"""Measurements: what judges say about a translator or a generator, and whether it copies its training images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.images import ImageSet
from bench.judging.figures import PAIRS, Seen, memorisation_figures, translation_answers, translation_figures
from bench.judging.generated import generation_figures, regulariser_figures
from bench.judging.judge import Judge, pretrained, resized
from bench.judging.similarity import diversity
from bench.stage import Generator, Translator, Unasked
from bench.training.device import Device
from bench.training.fit import Parts

CLASSES = (0, 1)
EACH = 100  # images of each class that a generator is asked for, at least
COPIED = 1000  # training images of a class up to which it is looked for copies of them


@dataclass(frozen=True, eq=False)
class Measured:
    """Figures by flat names, and the judges' answers image by image, float32 (judges, images)."""

    figures: dict[str, float]
    answers: dict[str, np.ndarray] = field(default_factory=dict)


def measure(
    made: Translator | Generator,
    judges: Sequence[Judge],
    parts: Parts,
    device: Device,
    reference: ImageSet | None = None,
    most: int | None = None,
    regulariser: Any = None,
) -> Measured:
    """Judge what a translator makes of all validation and test images, or what a generator makes of noise.

    The figures are those of `bench.judging.figures` and `bench.judging.generated`, those of memorisation for the rarest
    class beside its training images.

    Parameters
    ----------
    reference
        What distances of translations are measured from: a part of the split that no fit sees; None: there is none.
    most
        Real images of a class that a generator's are measured against, the last ones of the test part, and made images
        of a class; None: all, and as many.
    regulariser
        The classifier that a generator was trained against; None: there was none.
    """
    test = parts.test.open()
    real = {
        k: torch.cat([of_class(parts.validation, k, device), of_class(test, k, device)])
        for k in range(parts.train.n_classes)
    }
    if isinstance(made, Translator):
        kept = {} if reference is None else {k: of_class(reference, k, device) for k in CLASSES}
        return _translations(made, judges, real, parts.train, device, kept)
    few = {k: images[-most:] if most else images for k, images in real.items()}
    return _generations(made, judges, few, parts.train, device, regulariser)


def _translations(
    translator: Translator,
    judges: Sequence[Judge],
    real: dict[int, Tensor],
    train: ImageSet,
    device: Device,
    reference: dict[int, Tensor],
) -> Measured:
    translated = {1 - k: translator.translate(real[k], k) for k in CLASSES}
    controls = {
        "same": {k: translator.translate(real[k], 1 - k) for k in CLASSES},  # by the network that makes k
        "back": {k: translator.translate(translated[1 - k], 1 - k) for k in CLASSES},
    }
    seen, embedding = Seen(), pretrained(judges[0].embedding.body.architecture.name, device)
    rng = np.random.default_rng(0)
    figures = translation_figures(real, translated, judges, embedding, rng, controls, seen, reference)
    figures |= _copies(translated, real, train, device)
    return Measured(figures, translation_answers(translated, judges, seen))


def _generations(
    generator: Generator,
    judges: Sequence[Judge],
    real: dict[int, Tensor],
    train: ImageSet,
    device: Device,
    regulariser: Any,
) -> Measured:
    rng = torch.Generator().manual_seed(0)
    each = max(EACH, *(len(images) for images in real.values()))
    generated = {k: generator.generate(torch.full((each,), k), rng) for k in real}
    unasked = generator.unasked(each * len(real), rng) if isinstance(generator, Unasked) else None
    body, listens = judges[0].embedding.body.architecture, getattr(generator, "conditional", True)
    # Where ImageNet says nothing, what was trained on the task's real images does.
    embedding = pretrained(body.name, device) if body.trained_on else judges[0].embedding
    figures = generation_figures(real, generated, judges, embedding, np.random.default_rng(0), unasked, listens)
    if regulariser is not None and unasked is not None:
        figures |= regulariser_figures(regulariser, next(iter(real.values())).shape[-1], unasked, len(real))
    if listens:
        figures |= _copies(generated, real, train, device) | _copies_by_class(generated, real, train, device)
    return Measured(figures)


def _copies_by_class(
    made: Mapping[int, Tensor], real: Mapping[int, Tensor], train: ImageSet, device: Device
) -> dict[str, float]:
    """Return similarity within pairs of every class and its mean, and to training images where those are few."""
    figures: dict[str, float] = {}
    for k, reference in real.items():
        pictures = resized(made[k], reference.shape[-1])
        if train.counts[k] <= COPIED:
            training = resized(of_class(train, k, device), reference.shape[-1])
            found = memorisation_figures(pictures[:EACH], training, reference[:EACH], np.random.default_rng(0))
        else:
            rng = np.random.default_rng(0)
            sides = {"diversity": pictures, "diversity_real": reference}
            found = {name: diversity(images[:EACH], PAIRS, rng) for name, images in sides.items()}
        figures |= {f"{name}_to_{k}": value for name, value in found.items()}
    for name in ("diversity", "diversity_real"):
        figures[f"{name}_classes"] = float(np.mean([figures[f"{name}_to_{k}"] for k in real]))
    return figures


def _copies(made: dict[int, Tensor], real: dict[int, Tensor], train: ImageSet, device: Device) -> dict[str, float]:
    """Return the figures of memorisation of the rarest class."""
    rare = rarest(train)
    side = real[rare].shape[-1]
    training, pictures = (resized(images, side) for images in (of_class(train, rare, device), made[rare]))
    return memorisation_figures(pictures, training, real[rare], np.random.default_rng(0))


def rarest(train: ImageSet) -> int:
    """Return the label of the smallest class; of equal classes the last."""
    return len(train.counts) - 1 - int(np.argmin(train.counts[::-1]))


def of_class(images: ImageSet, label: int, device: Device) -> Tensor:
    """Return a class's images, float32 (N, 3, H, W) in [-1, 1], on the device."""
    return device.images(images.batch(images.positions(label))[0])
