"""Annotators of generated images: their own images where the split keeps some, rare ones weighted where it cannot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from builders import CPU, bench_toml, images, parts, tiny
from small_judges import bright, brightness, brightness_judge, floats, settings, striped

from bench import registry
from bench.judging import finetune as module
from bench.judging import measurement
from bench.judging.finetune import finetune
from bench.judging.generated import generation_figures, regulariser_figures
from bench.judging.judge import load
from bench.judging.supply import supply
from bench.networks.layers.body import Branched
from bench.networks.pretrained import pretrained_named
from bench.plan.config import load_config
from bench.plan.grid import build_grid, dataset_named
from bench.running import run
from bench.streams import Streams

REAL = {0: bright(40, -0.5, 1), 1: bright(40, 0.5, 2)}


def test_images_that_are_as_rare_as_in_life_are_taken_as_they_are() -> None:
    drawn = supply(images([60, 25, 8]), images([0, 0, 0]), settings(balanced=False, images_per_class=40), Streams.of(0))
    assert (drawn.train.counts + drawn.selection.counts).tolist() == [40, 25, 8]
    assert drawn.train.counts.tolist() == [20, 13, 4], "half of few images select"
    balanced = supply(images([60, 25, 8]), images([0, 0, 0]), settings(), Streams.of(0))
    assert (balanced.train.counts + balanced.selection.counts).tolist() == [8, 8, 8]


def test_weights_let_a_rare_class_count_as_much_as_a_common_one(monkeypatch: pytest.MonkeyPatch) -> None:
    train, selection, test = striped((60, 4)), striped((4, 4), seed=1), floats(striped((0, 20), seed=2))

    def found_rare() -> float:
        with CPU.session(tiny()):
            judge = finetune(train, selection, settings(balanced=False, epochs=1, learning_rate=0.02), Streams(), CPU)
        return float(load("small", judge.weights, CPU).predict(test).probabilities[:, 1].mean())

    weighted = found_rare()
    monkeypatch.setattr(module, "_alike", lambda images: torch.ones(images.n_classes))
    assert weighted > found_rare() + 0.1


def test_a_weighted_loss_is_worked_by_hand() -> None:
    network = Branched(pretrained_named("small").body(), torch.nn.Linear(64, 2), [])
    features, labels = torch.randn(3, 64, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 1])
    weights = torch.tensor([2.0, 0.5, 0.0])
    each = torch.nn.functional.cross_entropy(network.head(features), labels, reduction="none")
    torch.testing.assert_close(network.loss((features,), labels, weights), (2 * each[0] + 0.5 * each[1]) / 3)
    torch.testing.assert_close(network.loss((features,), labels), each.mean())


def test_judges_learn_from_the_part_that_is_kept_for_annotators(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.load()
    some = '[profiles.tiny.stages.Evaluator]\nnetwork = "small"\nseeds = 1\n'
    config = load_config(bench_toml(tmp_path, some, methods=["cGAN"], translators=1))
    dataset = dataset_named("stripes", config)
    split = dataset.split()
    kept = {label: names[-9:] for label, names in split.parts["train"].items()}
    fewer = {label: names[:-9] for label, names in split.parts["train"].items()}
    with_annotators = replace(split, parts={**split.parts, "train": fewer, "annotator": kept})
    read: dict[str, str] = {}

    def noted(_dataset: object, of: object, part: str, *_rest: object) -> Path:
        read[part] = part
        return tmp_path / part

    monkeypatch.setattr(run, "prepare", noted)
    judges = [job for job in build_grid(config).jobs if job.call and job.call.build().judges]
    files = run.decode(dataset, config, jobs=judges, split=with_annotators)
    assert judges and files["judging"].name == "annotator" and "annotator" in read
    assert "annotator" not in [path.name for path in run.decode(dataset, config, split=with_annotators).values()]


def test_labels_of_free_images_and_of_asked_ones_are_counted_apart() -> None:
    judges = [brightness_judge(brightness())]
    asked = {0: bright(20, -0.5, 3), 1: bright(20, 0.5, 4)}
    free = bright(40, -0.5, 5)  # where nobody asks, only class 0 comes
    figures = generation_figures(REAL, asked, judges, brightness(), np.random.default_rng(0), free)
    assert figures["accuracy/seed0"] == 1 and figures["kl/seed0"] == pytest.approx(np.log(2))
    assert figures["kl_real/seed0"] == 0 and figures["recall"] < figures["recall_real"]
    conditional = generation_figures(REAL, asked, judges, brightness(), np.random.default_rng(0))
    assert conditional["kl/seed0"] == 0 and figures["fid"] > 10 * conditional["fid"]


def test_a_generator_that_does_not_listen_has_no_figures_by_class() -> None:
    judges, real = [brightness_judge(brightness())], {k: images_.repeat(2, 1, 1, 1) for k, images_ in REAL.items()}
    both = {0: bright(60, -0.5, 3), 1: bright(60, 0.5, 4)}
    deaf = generation_figures(real, both, judges, brightness(), np.random.default_rng(0), bright(120, 0), listens=False)
    assert {"kid", "kl/seed0", "real_accuracy/seed0"} <= deaf.keys()
    assert not [name for name in deaf if name.startswith("accuracy") or "_to_" in name or "classes" in name]
    heard = generation_figures(real, both, judges, brightness(), np.random.default_rng(0))
    assert heard["kid_classes"] == pytest.approx((heard["kid_to_0"] + heard["kid_to_1"]) / 2)


def test_the_classifier_that_a_generator_was_trained_against_flatters_it() -> None:
    def pleased(pictures: torch.Tensor) -> torch.Tensor:  # it sees classes alike often where there is one
        return torch.eye(2)[torch.arange(len(pictures)) % 2]

    assert regulariser_figures(pleased, 16, bright(40, -0.5), 2) == {"kl_regulariser": 0.0}


class Copies:
    """Gives back the training images of each class."""

    image_size, n_classes = 32, 2

    def __init__(self, pixels: torch.Tensor, labels: torch.Tensor) -> None:
        self.pixels, self.labels = pixels.float() / 127.5 - 1, labels

    def generate(self, labels: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
        own = [self.pixels[self.labels == k] for k in (0, 1)]
        return torch.stack([own[int(k)][i % len(own[int(k)])] for i, k in enumerate(labels)])


def test_copies_show_in_every_class_that_has_few_training_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurement, "COPIED", 10)
    train = images((12, 5), side=32)
    task = parts(train)
    found = measurement.measure(Copies(train.pixels, train.labels), [brightness_judge(brightness())], task, CPU).figures
    assert found["nearest_to_1"] == pytest.approx(1, abs=1e-3) and found["nearest_real_to_1"] < 0.5
    assert "nearest_to_0" not in found and "diversity_to_0" in found
    mean = (found["diversity_to_0"] + found["diversity_to_1"]) / 2
    assert found["diversity_classes"] == pytest.approx(mean)


def test_a_measurement_can_do_with_a_few_real_images() -> None:
    train = images((6, 5, 4), side=32)

    def looked_at(most: int | None) -> float:
        judge = brightness_judge(brightness())
        seen = type(judge.embedding)
        seen.looked = 0  # type: ignore[attr-defined]
        made = Copies(train.pixels, train.labels.clamp(max=1))
        made.n_classes = 2
        measurement.measure(made, [judge], parts(images((6, 5), side=32)), CPU, most=most)
        return cast(float, seen.looked)  # type: ignore[attr-defined]

    assert looked_at(None) - looked_at(3) == 2 * (8 - 3), "of each class 3 of the 8 validation and test images"


def test_the_limit_and_the_regulariser_are_of_the_measurement(tmp_path: Path) -> None:
    registry.load()
    more = '[profiles.tiny.stages.Evaluator]\nnetwork = "small"\nseeds = 1\n'
    more = '[profiles.tiny.stages.CBGAN]\nclassifier = "CS"\n' + more
    config = load_config(bench_toml(tmp_path, more, methods=["CBGAN", "cGAN"], translators=1))
    measured = [job for job in build_grid(config).jobs if job.kind == "measurement"]
    roles = {job.method: [need.role for need in job.needs] for job in measured}
    assert roles["CBGAN"] == ["translator", "judge 0", "regulariser"] and roles["cGAN"] == ["translator", "judge 0"]
    limited = bench_toml(tmp_path, more + "judged_per_class = 4\n", methods=["cGAN"], translators=1)
    (other,) = [job for job in build_grid(load_config(limited)).jobs if job.kind == "measurement"]
    assert other.id not in {job.id for job in measured}
