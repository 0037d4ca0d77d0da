"""Measurements: what judges say about a translator (Table 2 of Sahoo et al. 2020), and whether it copies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from bench.images import ImageSet
from bench.judging.figures import memorisation_figures, translation_figures
from bench.judging.judge import Judge, pretrained, resized
from bench.stage import Translator
from bench.training.device import Device
from bench.training.fit import Parts

CLASSES = (0, 1)


def measure(translator: Translator, judges: Sequence[Judge], parts: Parts, device: Device) -> dict[str, float]:
    """Translate all validation and test images to the other class and judge them.

    Returns
    -------
    dict
        The figures of `bench.judging.figures`: of all translations, and of the generated minority images beside
        the minority's training images.
    """
    test = parts.test.open()
    real = {k: torch.cat([of_class(parts.validation, k, device), of_class(test, k, device)]) for k in CLASSES}
    translated = {1 - k: translator.translate(real[k], k) for k in CLASSES}
    network = judges[0].embedding.body.architecture.name
    figures = translation_figures(real, translated, judges, pretrained(network, device), np.random.default_rng(0))
    rare = rarest(parts.train)
    training = resized(of_class(parts.train, rare, device), real[rare].shape[-1])
    return figures | memorisation_figures(translated[rare], training, real[rare], np.random.default_rng(0))


def rarest(train: ImageSet) -> int:
    """Return the label of the minority class; of equal classes the last."""
    return len(train.counts) - 1 - int(np.argmin(train.counts[::-1]))


def of_class(images: ImageSet, label: int, device: Device) -> Tensor:
    """Return a class's images, float32 (N, 3, H, W) in [-1, 1], on the device."""
    return device.images(images.batch(images.positions(label))[0])
