"""Distances of translations are from real images that are kept for it, where a split has some."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import CPU, images, parts
from small_judges import bright, brightness, brightness_judge

from bench.images import ImageSet
from bench.judging import measurement
from bench.judging.distances import against_real, kernel_distance
from bench.judging.figures import translation_figures


def test_with_a_reference_every_real_image_is_another_and_none_is_halved() -> None:
    rng = np.random.default_rng(0)
    made, real, kept = (rng.normal(size=(n, 6)) for n in (9, 10, 8))
    figures = against_real(made, real, np.random.default_rng(1), kept)
    assert figures["n"] == 8, "that of the smallest set"
    assert against_real(made, real, np.random.default_rng(1))["n"] == 5
    far = against_real(made, real, np.random.default_rng(1), kept + 5)
    assert far["kid"] > figures["kid"] and far["kid_real"] > figures["kid_real"], "both are from the reference"
    same = against_real(made[:8], real[:8], np.random.default_rng(1), kept)
    assert same["kid"] == pytest.approx(kernel_distance(made[:8], kept, rng)), "of equal sets all are compared"


def test_judges_are_not_asked_about_the_reference() -> None:
    judges = [brightness_judge(brightness())]
    real, translated = ({k: bright(6, k - 0.5, k) for k in (0, 1)} for _ in range(2))
    kept = {k: bright(5, 0.5 - k, k + 7) for k in (0, 1)}  # the other class's: who judged them would be wrong
    plain, beside = (
        translation_figures(real, translated, judges, brightness(), np.random.default_rng(0), reference=reference)
        for reference in ({}, kept)
    )
    of_judges = {name for name in plain if name.startswith(("accuracy", "real_accuracy", "auc"))}
    assert {name: plain[name] for name in of_judges} == {name: beside[name] for name in of_judges}
    assert beside["kid_to_0"] > plain["kid_to_0"] and beside["n_to_0"] == 5


def test_a_measurement_takes_the_distance_from_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    class Negative:
        def translate(self, pictures: torch.Tensor, source: int) -> torch.Tensor:
            return -pictures

    monkeypatch.setattr(measurement, "pretrained", lambda *_: brightness())
    task, judge = images((6, 5), side=32), brightness_judge(brightness())

    def distance(reference: ImageSet | None) -> float:
        return measurement.measure(Negative(), [judge], parts(task), CPU, reference).figures["fid_real_to_1"]

    white = images((4, 4), side=32)
    bleached = ImageSet.of(torch.full_like(white.pixels, 255), white.labels, 2)
    assert distance(bleached) > 10 * distance(None)
