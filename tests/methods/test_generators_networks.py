"""Generators and discriminators are the published networks, at any width, and their operations are counted truly."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from bench.methods.generators.blueprints import BLUEPRINTS
from bench.methods.generators.layers import ConditionalNorm, SameConvolution, SeededDropout, hand_over
from bench.methods.generators.networks import (
    Encoder,
    ImageDiscriminator,
    ImageGenerator,
    Trunk,
    drawn_discriminator,
    drawn_generator,
)

BAGAN, BAGAN_GP, SNDCGAN = (BLUEPRINTS[name] for name in ("bagan", "bagan_gp", "sndcgan"))


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def convolution(inputs: int, outputs: int, kernel: int) -> int:
    """Return the parameters of a convolution with a bias."""
    return inputs * outputs * kernel**2 + outputs


def test_bagans_networks_have_the_published_numbers_of_parameters() -> None:
    with torch.device("meta"):
        for size, side, between in ((32, 8, ()), (28, 7, ()), (64, 8, (256,))):
            decoder = 100 * 1024 + 1024 * 128 * side**2 + 128 * 256 * 25 + 3 * 128 * 4  # no biases
            decoder += sum(256 * filters * 25 for filters in (*between, 128))
            assert parameters(ImageGenerator(BAGAN, size, 1.0, 10, "nothing")) == decoder
            trunk = sum(convolution(i, o, 3) for i, o in ((3, 32), (32, 64), (64, 128), (128, 256)))
            trunk += 2 * len(between) * convolution(256, 256, 3)
            flat = 256 * (8 if size > 28 else 7) ** 2
            assert parameters(Encoder(BAGAN, size, 1.0)) == trunk + flat * 100 + 100
            assert parameters(ImageDiscriminator(BAGAN, size, 1.0, 10, 11, "nothing")) == trunk + flat * 11 + 11


def test_bagan_gps_networks_have_the_published_numbers_of_parameters() -> None:
    trunk = sum(convolution(i, o, 4) for i, o in ((3, 64), (64, 128), (128, 128), (128, 256)))
    decoder = 128 * 4096 + 4096 + sum(convolution(i, o, 4) for i, o in ((256, 128), (128, 128), (128, 64), (64, 3)))
    norms = 2 * (128 + 128 + 64)
    judging = 10 * 512 + (512 * 4096 + 4096) + (4096 * 512 + 512) + (512 + 1)
    with torch.device("meta"):
        assert parameters(Encoder(BAGAN_GP, 64, 1.0)) == trunk + 4096 * 128 + 128
        assert parameters(ImageGenerator(BAGAN_GP, 64, 1.0, 10, "product")) == decoder + norms + 10 * 128
        assert parameters(ImageDiscriminator(BAGAN_GP, 64, 1.0, 10, 1, "product")) == trunk + judging


def test_the_class_balancing_gans_networks_have_the_published_numbers_of_parameters() -> None:
    generator = 128 * 8192 + 8192 + sum(convolution(i, o, 4) for i, o in ((512, 256), (256, 128), (128, 64)))
    generator += convolution(64, 3, 3)
    filters = 256 + 128 + 64
    pairs = ((3, 64, 3), (64, 64, 4), (64, 128, 3), (128, 128, 4), (128, 256, 3), (256, 256, 4), (256, 512, 3))
    trunk = sum(convolution(*pair) for pair in pairs)
    with torch.device("meta"):
        assert parameters(ImageGenerator(SNDCGAN, 32, 1.0, 10, "nothing")) == generator + 2 * filters
        assert parameters(ImageGenerator(SNDCGAN, 32, 1.0, 10, "norm")) == generator + 10 * 2 * filters
        assert parameters(ImageDiscriminator(SNDCGAN, 32, 1.0, 10, 1, "nothing")) == trunk + 512 + 1
        assert parameters(ImageDiscriminator(SNDCGAN, 32, 1.0, 10, 1, "projection")) == trunk + 512 + 1 + 10 * 512
        assert parameters(ImageDiscriminator(SNDCGAN, 32, 1.0, 10, 11, "nothing")) == trunk + 11 * 512 + 11


@pytest.mark.parametrize(("name", "size"), [("bagan", 32), ("bagan", 28), ("bagan_gp", 16), ("sndcgan", 64)])
def test_operations_are_those_that_torch_counts(name: str, size: int) -> None:
    blueprint = BLUEPRINTS[name]
    with torch.device("meta"):
        generator, trunk = ImageGenerator(blueprint, size, 0.1, 3, "nothing"), Trunk(blueprint, size, 0.1)
        counted = []
        for network, given in (
            (generator, (torch.empty(1, blueprint.latent), None)),
            (trunk, (torch.empty(1, 3, size, size),)),
        ):
            with FlopCounterMode(display=False) as counter, torch.no_grad():
                network.eval()(*given)
            counted.append(counter.get_total_flops())
    assert list(blueprint.operations(size, 0.1)) == counted


def test_a_size_that_no_doubling_leads_to_is_refused_by_its_name() -> None:
    for blueprint, size in ((BAGAN, 40), (BAGAN, 8), (BAGAN_GP, 28), (SNDCGAN, 30)):
        with pytest.raises(ValueError, match=f"image_size = {size}"):
            blueprint.generator(size, 1.0)


def test_same_padding_of_a_stride_of_two_goes_right_and_below() -> None:
    layer = SameConvolution(1, 1, 3, stride=2, bias=False)
    with torch.no_grad():
        layer.weight.fill_(1.0)
    picture = torch.zeros(1, 1, 4, 4)
    picture[..., 0, 0] = 1.0
    picture[..., 3, 3] = 10.0
    assert layer(picture)[0, 0].tolist() == [[1.0, 0.0], [0.0, 10.0]]
    narrow = SameConvolution(1, 1, 2, bias=False)
    with torch.no_grad():
        narrow.weight.copy_(torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]]))
    assert torch.equal(narrow(picture), picture), "what is missing is added right and below"
    wide = SameConvolution(1, 1, 5)
    torch.testing.assert_close(wide(picture), F.conv2d(picture, wide.weight, wide.bias, padding=2))


def test_every_weight_of_a_spectrally_normed_discriminator_has_norm_one() -> None:
    judge = drawn_discriminator(SNDCGAN, 16, 0.1, 3, torch.Generator().manual_seed(0), asked="projection")
    with torch.no_grad():
        for parameter in judge.parameters():
            parameter.mul_(3.0)
    for _ in range(50):
        judge(torch.zeros(2, 3, 16, 16), torch.tensor([0, 1]))
    weights = [module.weight for module in judge.modules() if hasattr(module, "parametrizations")]
    assert len(weights) == 9, "seven convolutions, the last layer, the embedding"
    for weight in weights:
        assert torch.linalg.matrix_norm(weight.detach().flatten(1), 2).item() == pytest.approx(1.0, abs=0.02)


def test_networks_are_drawn_from_their_stream_alone() -> None:
    drawn = []
    for disturbance in (1, 2):
        torch.manual_seed(disturbance)
        rng = torch.Generator().manual_seed(7)
        networks = drawn_generator(SNDCGAN, 16, 0.05, 3, "norm", rng), drawn_discriminator(SNDCGAN, 16, 0.05, 3, rng)
        drawn.append([value for network in networks for value in network.state_dict().values()])
    assert all(map(torch.equal, *drawn))


def test_a_conditional_norm_has_a_gain_and_an_offset_of_each_class() -> None:
    norm = ConditionalNorm(2, 3, 1e-12, 0.1)
    with torch.no_grad():
        norm.gain.weight.copy_(torch.tensor([[0.0, 1.0], [2.0, 0.0], [0.0, 0.0]]))
        norm.offset.weight.copy_(torch.tensor([[0.0, 0.0], [0.0, 5.0], [0.0, 0.0]]))
    x = torch.tensor([[-1.0, -2.0], [1.0, 2.0]])[:, :, None, None]
    assert norm(x, torch.tensor([0, 1]))[..., 0, 0].flatten().tolist() == pytest.approx([-1.0, -2.0, 3.0, 6.0])


def test_the_class_multiplies_the_noise_or_says_nothing() -> None:
    rng = torch.Generator().manual_seed(0)
    noise, labels = torch.randn(2, 128, generator=rng).repeat_interleave(2, dim=0), torch.tensor([0, 1, 0, 1])
    for told, alike in (("product", False), ("nothing", True)):
        made = drawn_generator(BAGAN_GP, 16, 0.1, 2, told, rng).eval()(noise, labels)  # type: ignore[arg-type]
        assert torch.equal(made[0], made[1]) is alike


def test_dropout_draws_from_what_it_is_handed_and_rests_otherwise() -> None:
    layer, x = SeededDropout(0.3), torch.ones(1000)
    assert torch.equal(layer(x), x), "nothing was handed over"
    masks = []
    for seed in (0, 0, 1):
        hand_over(layer, torch.Generator().manual_seed(seed))
        masks.append(layer(x))
    assert torch.equal(masks[0], masks[1]) and not torch.equal(masks[0], masks[2])
    assert (
        masks[0].unique().tolist() == pytest.approx([0.0, 1 / 0.7])
        and 0.25 < float((masks[0] == 0).float().mean()) < 0.35
    )
    assert torch.equal(layer.eval()(x), x)
