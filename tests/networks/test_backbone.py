"""The classifier is the paper's: its size, its shapes, how it starts, and where it drops."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from small_networks import classifier, spelled
from torch import nn

from bench.networks.layers.patchgan import Backbone, Dropout, map_side


def built(init: int = 0, drop: int = 0, classes: int = 2, image_size: int = 32, **arguments: Any) -> Backbone:
    made = classifier(spelled("paper_cnn", **({"width": 2} | arguments)), image_size, classes, init, drop)
    assert isinstance(made, Backbone)
    return made


def size(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def test_at_the_papers_size_it_has_3950275_parameters() -> None:
    assert size(built(width=64, image_size=256)) == 3_950_275


def test_with_a_pooled_head_it_has_three_and_a_half_million() -> None:
    # Convolutions 3136 + 131200 + 524544 + 2097664, then 512 -> 1024 -> 256 -> 2.
    assert size(built(width=64, image_size=256, head="gap")) == 2_756_544 + 525_312 + 262_400 + 514


@pytest.mark.parametrize(("image_size", "side"), [(256, 30), (64, 6), (32, 2)])
def test_the_last_map_has_the_side_that_the_head_is_built_for(image_size: int, side: int) -> None:
    assert map_side(image_size) == side
    model = built(image_size=image_size)
    x = torch.zeros(1, 3, image_size, image_size)
    for convolution in model.convolutions:
        x = convolution(x)
    assert x.shape == (1, 1, side, side) and model.hidden.in_features == side**2


@pytest.mark.parametrize("fields", [{}, {"head": "gap"}, {"norm": "none"}])
@pytest.mark.parametrize("classes", [2, 3])
def test_every_reading_gives_one_logit_a_class(fields: dict[str, Any], classes: int) -> None:
    model = built(classes=classes, **fields)
    assert model(torch.zeros(5, 3, 32, 32)).shape == (5, classes)
    assert model.features(torch.zeros(5, 3, 32, 32)).shape == (5, 256)
    normed = [isinstance(norm, nn.InstanceNorm2d) for norm in model.norms][:4]
    assert normed == ([False] * 4 if fields.get("norm") == "none" else [False, True, True, True])


@pytest.mark.parametrize("std", [0.02, 0.5])
def test_weights_start_normal_and_biases_at_zero(std: float) -> None:
    model = built(width=8, init_std=std)
    for name, parameter in model.state_dict().items():
        if name.endswith("bias"):
            assert not parameter.any(), name
        else:
            error = std / parameter.numel() ** 0.5
            assert abs(float(parameter.mean())) < 5 * error and abs(float(parameter.std()) - std) < 5 * error, name


def test_the_start_depends_on_the_initialisation_stream_alone() -> None:
    torch.manual_seed(1)
    first = built(init=7, drop=1).state_dict()
    torch.manual_seed(2)
    second = built(init=7, drop=2).state_dict()
    other = built(init=8, drop=1).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["head.weight"], other["head.weight"])


def test_only_the_256_features_are_dropped_and_only_in_training() -> None:
    model = built(dropout=0.75)
    assert [module for module in model.modules() if isinstance(module, nn.Dropout | Dropout)] == [model.dropout]
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    model.dropout.register_forward_hook(lambda _, before, after: seen.append((before[0], after)))
    x = torch.randn(64, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    model.train()(x)
    model.eval()(x)
    (before, dropped), (_, whole) = seen
    assert before.shape == (64, 256) and torch.equal(whole, before)
    kept = dropped != 0
    torch.testing.assert_close(dropped[kept], before[kept] / 0.25)
    active = before != 0
    assert 0.2 < float(kept.sum() / active.sum()) < 0.3
