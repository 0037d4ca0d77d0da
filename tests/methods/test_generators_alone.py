"""Made images without real ones: what a classifier learns from them alone, and what comes where nobody asks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import CPU, tiny
from small_generators import GENERATORS, made, stage, task

from bench import registry
from bench.errors import ConfigError
from bench.plan.compose import compose
from bench.stage import StageRequest, Unasked

COUNTS = (12, 7, 3)
registry.load()


class Levels:
    """Makes flat images of one level for each class."""

    image_size, n_classes = 16, 3

    def generate(self, labels: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
        return (labels / 2 - 0.5)[:, None, None, None].expand(-1, 3, 16, 16)


def test_a_classifier_can_be_trained_on_made_images_alone() -> None:
    train = task(COUNTS)
    for row, counts in (("cGAN(alone=True)", [12, 12, 12]), ("cGAN(alone=True, target=5)", [5, 5, 5])):
        method = compose(row).bind({StageRequest("cGAN"): Levels()})
        new = method.hook("resample")(train, np.random.default_rng(0))
        assert new.counts.tolist() == counts
        pixels = new.pixels[new.rows].flatten(1).unique(dim=1)
        assert pixels.shape[1] == 1, "none of the real, noisy images is among them"
        levels = {int(label): pixels[new.labels == label].unique().tolist() for label in new.labels.unique()}
        assert levels == {0: [64], 1: [128], 2: [191]}


def test_made_images_alone_differ_from_vanilla_and_cost_more_to_make() -> None:
    (filling,), (alone,) = compose("cGAN").parts, compose("cGAN(alone=True)").parts
    assert not filling.differs_when_balanced and alone.differs_when_balanced
    small = stage("cGAN").settings
    costs = [part.extra_operations(COUNTS, lambda _: small) for part in (filling, alone)]
    assert costs[1] / costs[0] == 3 * 12 / (5 + 9)


def test_what_never_learns_the_largest_class_cannot_stand_alone() -> None:
    (gamo,), (alone,) = compose("GAMO").parts, compose("GAMO(alone=True)").parts
    assert gamo.supports(COUNTS) == "" and "largest class" in alone.supports(COUNTS)


def test_only_generators_that_no_class_is_told_have_images_of_their_own_liking() -> None:
    train = task(COUNTS)
    for name in GENERATORS:
        by = stage(name)
        opened = by.open(made(by, train).tensors, COUNTS, CPU)
        assert isinstance(opened, Unasked)
        free = opened.unasked(130, torch.Generator().manual_seed(3))
        if name in ("GAN", "CBGAN"):
            assert free is not None and free.shape == (130, 3, 16, 16) and bool(free.isfinite().all())
            again = opened.unasked(130, torch.Generator().manual_seed(3))
            assert again is not None and torch.equal(free, again)
        else:
            assert free is None, name


def test_the_free_images_of_the_class_balancing_gan_are_not_those_its_classifier_chose() -> None:
    train = task(COUNTS)
    by = stage("CBGAN", latents_per_class=2)
    opened = by.open(made(by, train).tensors, COUNTS, CPU)
    free = opened.unasked(40, torch.Generator().manual_seed(0))
    chosen = opened.generate(torch.zeros(40, dtype=torch.int64), torch.Generator().manual_seed(0))
    assert len(chosen.flatten(1).unique(dim=0)) <= 2 and len(free.flatten(1).unique(dim=0)) == 40


def test_a_bare_word_is_not_taken_for_a_truth() -> None:
    with pytest.raises(ConfigError, match="alone = false must be True or False"):
        compose("cGAN(alone=false)")


@pytest.mark.parametrize("name", ["BAGAN", "BAGAN-GP"])
def test_the_start_from_the_autoencoder_can_be_taken_away_in_a_row_of_its_own(name: str) -> None:
    (with_it,), (without,) = compose(name).parts, compose(f"{name}(started=False)").parts
    assert with_it.requires(COUNTS, tiny()) == (StageRequest(name),)
    (request,) = without.requires(COUNTS, tiny())
    assert request == StageRequest.of(name, autoencoder_start=False)
    asked = stage(name, dict(request.parameters))
    assert asked.measured() == (request,), "it is measured as what it is"
    train = task(COUNTS)
    started, drawn, set_so = (
        made(by, train).tensors for by in (stage(name), asked, stage(name, autoencoder_start=False))
    )
    weights = [key for key in drawn if key.startswith("generator.") and drawn[key].is_floating_point()]
    assert all(torch.equal(drawn[key], set_so[key]) for key in weights), "as the setting does"
    assert not all(torch.equal(drawn[key], started[key]) for key in weights)
    with pytest.raises(ConfigError, match="started = no must be True or False"):
        compose(f"{name}(started=no)")
