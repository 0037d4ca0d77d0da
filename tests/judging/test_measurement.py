"""A measurement: control rows beside shares, a figure without a threshold, answers image by image, and generators."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import CPU, images, parts
from small_judges import bright, brightness, brightness_judge
from torch import Tensor

from bench.judging import measurement
from bench.judging.figures import Seen, translation_answers, translation_figures
from bench.judging.generated import generation_figures
from bench.stage import Generator, Translator

REAL = {0: bright(8, -0.5, 1), 1: bright(8, 0.5, 2)}


def figures_of(translated: dict[int, Tensor], **more: object) -> dict[str, float]:
    judges = [brightness_judge(brightness())]
    return translation_figures(REAL, translated, judges, brightness(), np.random.default_rng(0), **more)  # type: ignore[arg-type]


def test_a_judge_with_a_threshold_of_its_own_still_sees_the_direction() -> None:
    slightly = {0: bright(8, 0.3, 3), 1: bright(8, -0.3, 4)}  # on the way, but never past the judge's threshold
    figures = figures_of(slightly)
    assert figures["accuracy/seed0"] == 0 and figures["auc_to_0/seed0"] > 0.9 and figures["auc_to_1/seed0"] > 0.9
    still = figures_of({0: REAL[1], 1: REAL[0]})
    assert still["auc_to_0/seed0"] == 0.5


def test_controls_tell_whether_a_translator_leaves_alone_what_it_should() -> None:
    translated = {0: bright(8, -0.5, 3), 1: bright(8, 0.5, 4)}
    figures = figures_of(translated, controls={"same": REAL, "back": {0: REAL[1], 1: REAL[1]}})
    assert figures["accuracy_same/seed0"] == 1
    assert (figures["accuracy_back_0/seed0"], figures["accuracy_back_1/seed0"]) == (0, 1)


def test_answers_are_kept_image_by_image() -> None:
    judges = [brightness_judge(brightness()) for _ in range(2)]
    translated = {0: bright(5, -0.5, 3), 1: bright(3, 0.5, 4)}
    answers = translation_answers(translated, judges, Seen())
    assert {name: values.shape for name, values in answers.items()} == {"to_0": (2, 5), "to_1": (2, 3)}
    assert all((values > 0.5).all() for values in answers.values())


def test_generated_images_are_judged_class_by_class_and_all_together() -> None:
    real = {0: bright(40, -0.5, 1), 1: bright(40, 0.5, 2)}
    collapsed = {0: bright(20, -0.5, 3), 1: bright(20, -0.5, 4)}  # every image is of class 0
    judges = [brightness_judge(brightness())]
    figures = generation_figures(real, collapsed, judges, brightness(), np.random.default_rng(0))
    assert (figures["accuracy_to_0/seed0"], figures["accuracy_to_1/seed0"], figures["accuracy/seed0"]) == (1, 0, 0.5)
    assert figures["kl/seed0"] == pytest.approx(np.log(2))
    both = {0: bright(20, -0.5), 1: bright(20, 0.5)}
    even = generation_figures(real, both, judges, brightness(), np.random.default_rng(0))
    assert even["kl/seed0"] == 0 and figures["fid"] > 10 * even["fid"]
    assert "fid_to_0" not in figures, "40 images are too few for a distance of their own"


class Negative:
    """Translates by turning an image to its negative."""

    def translate(self, pictures: Tensor, source: int) -> Tensor:
        return -pictures


class Plain:
    """Makes images of one level for each class."""

    image_size, n_classes = 16, 3

    def generate(self, labels: Tensor, rng: torch.Generator) -> Tensor:
        noise = torch.randn(len(labels), 3, 16, 16, generator=rng)
        return labels[:, None, None, None] / 3 - 0.5 + 0.05 * noise


def test_one_measurement_serves_translators_and_generators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurement, "pretrained", lambda *_: brightness())
    assert isinstance(Negative(), Translator) and isinstance(Plain(), Generator)
    two = measurement.measure(Negative(), [brightness_judge(brightness())], parts(images((6, 5), side=32)), CPU)
    assert {"accuracy/seed0", "accuracy_same/seed0", "auc_to_1/seed0", "nearest"} <= two.figures.keys()
    assert two.figures["accuracy_back/seed0"] == two.figures["real_accuracy/seed0"], "twice negative is the image"
    assert two.answers["to_0"].shape == (1, 8)
    judge = brightness_judge(brightness())
    many = measurement.measure(Plain(), [judge], parts(images((6, 5, 4), side=32)), CPU)
    assert {"fid", "kid", "kl/seed0", "accuracy_to_2/seed0", "nearest"} <= many.figures.keys() and not many.answers
    assert all(np.isfinite(value) for value in many.figures.values())
