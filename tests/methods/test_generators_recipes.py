"""BAGAN, BAGAN-GP, ACGAN and GAMO do in a step what their papers, and where these are silent their code, say."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from builders import CPU
from small_generators import AUTOENCODED, GAN, made, stage, task, untrained
from torch import Tensor
from torch.nn import functional as F

from bench.images import ImageSet
from bench.methods.generators.adversary import Naming
from bench.methods.generators.combinations import Combining, CombiningGenerator
from bench.methods.generators.nplusone import NPlusOne, fake_shares
from bench.methods.generators.penalised import Penalised
from bench.methods.generators.recipe import Dice, Recipe
from bench.methods.generators.reconstruction import TrainedAutoencoder
from bench.methods.generators.settings import (
    AcganSettings,
    BaganGPSettings,
    BaganSettings,
    ConditionalSettings,
    GamoSettings,
)
from bench.stage import StageRequest
from bench.streams import Streams
from bench.training.sizes import reduced

SHAPE = {"image_size": 16, "width": 0.03}


def small(counts: tuple[int, ...] = (12, 7, 3)) -> ImageSet:
    return reduced(task(counts), 16)


def autoencoder(name: str) -> TrainedAutoencoder:
    trained = untrained(StageRequest.of(name, **SHAPE), task())
    assert isinstance(trained, TrainedAutoencoder)
    return trained


def bagan(**settings: Any) -> NPlusOne:
    return NPlusOne(BaganSettings(**AUTOENCODED, **settings), autoencoder("BAGAN-AE"), small(), Streams(), CPU)


def bagan_gp(**settings: Any) -> Penalised:
    return Penalised(BaganGPSettings(**AUTOENCODED, **settings), autoencoder("BAGAN-GP-AE"), Streams(), CPU)


def dice(step: int = 1) -> Dice:
    return Dice(Streams(), f"step {step}", CPU)


def batch(count: int = 9) -> tuple[Tensor, Tensor]:
    pixels, labels = small().batch(torch.arange(count))
    return CPU.images(pixels), labels


def alike(network: torch.nn.Module, tensors: dict[str, Tensor]) -> bool:
    own = network.state_dict()
    return all(torch.equal(own[name], value) for name, value in tensors.items())


@pytest.mark.parametrize(("real", "fakes"), [(9, 3), (8, 3), (6, 2)])
def test_fakes_are_one_in_n_plus_one_of_what_bagans_discriminator_sees(real: int, fakes: int) -> None:
    images, labels = batch(real)
    shown, classes = bagan().shown(images, labels, dice())
    assert len(shown) == len(classes) == real + fakes
    assert torch.equal(shown[:real], images) and torch.equal(classes[:real], labels)
    assert classes[real:].tolist() == [3] * fakes, "the last class is: fake"


def test_bagan_starts_from_its_autoencoder_unless_told_otherwise() -> None:
    trained = autoencoder("BAGAN-AE")
    decoder = {k.removeprefix("generator."): v for k, v in trained.tensors.items() if k.startswith("generator.")}
    for started in (True, False):
        recipe = bagan(autoencoder_start=started)
        assert alike(recipe.networks["generator"], decoder) is started
        assert alike(recipe.networks["discriminator"].trunk, trained.trunk) is started  # type: ignore[arg-type]
        assert torch.equal(recipe.gaussians.means, bagan().gaussians.means), "the latents are the encoder's either way"


def test_bagans_latents_are_those_of_the_encoder_without_dropout() -> None:
    trained, train = autoencoder("BAGAN-AE"), small()
    assert torch.equal(trained.gaussians(train).means, trained.gaussians(train).means)
    assert trained.gaussians(small((4, 1, 2))).roots[1].abs().max() == 0.0, "one image has no spread"


def test_bagans_dropout_stays_on_in_both_steps() -> None:
    recipe = bagan()
    images, labels = batch()
    judge = recipe.networks["discriminator"]
    for drawn in (True, False):
        if drawn:
            recipe.hand_over(dice())
        else:
            judge.eval()
        assert torch.equal(judge(images, labels), judge(images, labels)) is not drawn


def test_fakes_of_rebalance_make_up_for_the_frequent_class() -> None:
    assert fake_shares(torch.tensor([8, 1, 1]), "uniform").tolist() == pytest.approx([1 / 3] * 3)
    assert fake_shares(torch.tensor([8, 1, 1]), "rebalance").tolist() == pytest.approx([0.0, 0.5, 0.5])
    assert fake_shares(torch.tensor([6, 3, 3]), "rebalance").tolist() == pytest.approx([1 / 6, 5 / 12, 5 / 12])


class Counted:
    """Counts the calls of networks and keeps what they were asked."""

    def __init__(self, recipe: Recipe) -> None:
        self.asked: dict[str, list[tuple[Tensor, ...]]] = {name: [] for name in recipe.networks}
        for name, network in recipe.networks.items():
            network.register_forward_pre_hook(lambda _, given, name=name: self.asked[name].append(given))


@pytest.mark.parametrize("version", ["v1", "v2", "v3"])
def test_bagan_gp_updates_its_discriminator_five_times_on_one_batch_with_new_fakes(version: str) -> None:
    recipe = bagan_gp(version=version)
    counted, (images, labels) = Counted(recipe), batch()
    recipe.step(images, labels, 1, dice())
    judged = counted.asked["discriminator"]
    assert len(counted.asked["generator"]) == 5 + 1 and len(judged) == 5 * 4 + 1
    real = [given for given in judged if torch.equal(given[0], images)]
    assert len(real) == 2 * 5, "with its own and with a wrong class"
    assert sum(torch.equal(given[1], labels) for given in judged[3::4]) == 5, "the penalty has the real classes"
    noises = [given[0] for given in counted.asked["generator"]]
    assert all(not torch.equal(a, b) for i, a in enumerate(noises) for b in noises[:i])
    own = [torch.equal(given[1], labels) for given in counted.asked["generator"]]
    assert own == [version == "v1"] * 6


def test_without_its_start_no_network_of_bagan_gps_third_version_is_the_autoencoders() -> None:
    trained, recipe = autoencoder("BAGAN-GP-AE"), bagan_gp(version="v3", autoencoder_start=False)
    decoder = {k.removeprefix("generator."): v for k, v in trained.tensors.items() if k.startswith("generator.")}
    assert not alike(recipe.networks["generator"], decoder)
    assert not alike(recipe.networks["discriminator"].trunk, trained.trunk)  # type: ignore[arg-type]


def test_only_the_third_version_starts_its_discriminator_from_the_encoder() -> None:
    trained = autoencoder("BAGAN-GP-AE")
    for version in ("v1", "v2", "v3"):
        recipe = bagan_gp(version=version)
        assert alike(recipe.networks["discriminator"].trunk, trained.trunk) is (version == "v3")  # type: ignore[arg-type]
        decoder = {k.removeprefix("generator."): v for k, v in trained.tensors.items() if k.startswith("generator.")}
        assert alike(recipe.networks["generator"], decoder) and "embedding.weight" in decoder


def test_acgan_names_the_class_of_real_images_and_of_fakes_beside_its_own_question() -> None:
    recipe = Naming(AcganSettings(**GAN, lambda_class=2.0), 3, 4, Streams(), CPU)
    logits, labels = torch.tensor([[9.0, 0.0, 1.0, 2.0]]), torch.tensor([2])
    expected = 2 * F.cross_entropy(logits[:, 1:], labels)
    assert recipe.named(logits, labels).item() == pytest.approx(expected.item())
    assert recipe.networks["discriminator"](*batch()).shape == (9, 4)


def test_gamo_makes_convex_combinations_of_the_wanted_class() -> None:
    points = [torch.full((n, 3, 4, 4), value, dtype=torch.uint8) for n, value in ((5, 0), (1, 255), (3, 127))]
    points[0][0] = 255
    made = CombiningGenerator(points, 0.1).eval()(torch.randn(6, 100), torch.tensor([1, 0, 2, 1, 0, 2]))
    assert bool((made[[0, 3]] == 1).all()), "the only image there is"
    assert bool((made[[1, 4]] > -1).all()) and bool((made[[1, 4]] < 1).all())
    torch.testing.assert_close(made[[2, 5]], torch.full((2, 3, 4, 4), 127 / 127.5 - 1))


def test_gamo_generates_what_classes_lack() -> None:
    recipe = Combining(GamoSettings(steps=1, image_size=16, width=0.03), small((12, 7, 3)), Streams(), CPU)
    assert recipe.shares.tolist() == [0.0, 5.0, 9.0] and recipe.generated.tolist() == [1, 2]
    full = Combining(GamoSettings(steps=1, image_size=16, width=0.03), small((4, 4)), Streams(), CPU)
    assert full.generated.tolist() == [0, 1], "none lacks any: all alike"


@pytest.mark.parametrize("networks", ["bagan", "bagan_gp", "sndcgan"])
@pytest.mark.parametrize("name", ["BAGAN", "BAGAN-GP"])
def test_any_of_the_published_networks_can_be_started_from_its_autoencoder(name: str, networks: str) -> None:
    assert made(stage(name, networks=networks, epochs=1), task()).history[-1]["step"] == 4 - (name == "BAGAN")


def test_networks_that_cannot_tell_the_class_are_refused_where_it_must_be_told() -> None:
    for settings in (AcganSettings, ConditionalSettings):
        with pytest.raises(ValueError, match="networks = 'bagan' has no batch norm"):
            settings(networks="bagan")


def test_classes_of_bagan_gp_differ_by_the_scale_of_their_noise_alone() -> None:
    generator = bagan_gp().networks["generator"].eval()
    with torch.no_grad():
        generator.embedding.weight[1] = -generator.embedding.weight[0]  # type: ignore[operator, index, union-attr]
    noise = torch.randn(4, 128, generator=torch.Generator().manual_seed(0))
    zeros, ones = torch.zeros(4, dtype=torch.int64), torch.ones(4, dtype=torch.int64)
    assert torch.equal(generator(noise, zeros), generator(-noise, ones)), "N(0, I) is the same both ways round"
