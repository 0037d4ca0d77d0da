"""Grad-CAM agrees with an independent implementation, and hooks the one place where its weights mean something."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from pytorch_grad_cam import GradCAM
from small_networks import classifier, spelled
from torch import Tensor, nn

from bench.errors import UserError
from bench.explain.gradcam import grad_cam
from bench.networks.layers.body import BodyAndHead
from bench.networks.layers.patchgan import Backbone

FOURTH = 3

PLAIN = [{}, {"head": "gap"}, {"norm": "none"}]


def built(seed: int = 0, **fields: Any) -> Backbone:
    # Weights large enough for logits that differ between images.
    made: Backbone = classifier(spelled("paper_cnn", width=8, init_std=0.2, **fields), 64, init=seed, dropout=1)
    return made.eval()


def pictures(count: int = 6, side: int = 64) -> Tensor:
    coarse = torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(3)) * 2 - 1
    return torch.nn.functional.interpolate(coarse, size=side, mode="bicubic").clamp(-1, 1)


def layer_by_layer(model: Backbone) -> tuple[nn.Sequential, nn.Module]:
    """Return the same classifier as a chain of modules, and the one whose output enters the 5th convolution."""
    layers: list[nn.Module] = []
    for k, (convolution, norm) in enumerate(zip(model.convolutions, model.norms, strict=False)):
        layers += [convolution, norm, *([nn.LeakyReLU(0.2)] if k < 4 else [])]
    entering = [layer for layer in layers if isinstance(layer, nn.LeakyReLU)][3]
    pooling = [nn.AdaptiveAvgPool2d(1)] if model.pooled else []
    layers += [*pooling, nn.Flatten(), model.hidden, nn.ReLU(), model.features_layer, nn.ReLU(), model.head]
    return nn.Sequential(*layers).eval(), entering


@pytest.mark.parametrize("fields", PLAIN)
def test_maps_are_those_of_the_grad_cam_package(fields: dict[str, Any]) -> None:
    model, images = built(**fields), pictures()
    chain, entering = layer_by_layer(model)
    torch.testing.assert_close(chain(images), model(images))
    with GradCAM(model=chain, target_layers=[entering]) as oracle:
        expected = oracle(input_tensor=images, targets=None)  # the predicted class, as here
    assert float(expected.max(axis=(1, 2)).min()) > 0.9  # every map has something to compare
    np.testing.assert_allclose(grad_cam(model, images).numpy(), expected, atol=1e-4)


def test_before_the_norm_every_weight_would_be_zero() -> None:
    model, images, seen = built(), pictures(), []
    model.convolutions[FOURTH].register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    model.norms[FOURTH].register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    logits = model(images)
    raw, normed = torch.autograd.grad(logits[:, 0].sum(), seen)
    assert float(raw.mean(dim=(2, 3)).abs().max()) < 1e-6 * float(raw.abs().max())
    assert float(normed.mean(dim=(2, 3)).abs().max()) > 1e-2 * float(normed.abs().max())


def test_maps_span_zero_to_one_at_the_images_size() -> None:
    maps = grad_cam(built(), pictures())
    assert maps.shape == (6, 64, 64) and maps.dtype == torch.float32
    assert torch.equal(maps.amin(dim=(1, 2)), torch.zeros(6)) and torch.equal(maps.amax(dim=(1, 2)), torch.ones(6))


def test_a_map_without_evidence_is_zero_not_nan() -> None:
    model = built()
    nn.init.zeros_(model.head.weight)
    assert not grad_cam(model, pictures()).any()


def test_any_class_can_be_asked_for_and_the_predicted_one_is_the_default() -> None:
    model, images = built(), pictures()
    predicted = model(images).argmax(dim=1)
    assert torch.equal(grad_cam(model, images), grad_cam(model, images, predicted))
    assert not torch.allclose(grad_cam(model, images, 1 - predicted), grad_cam(model, images))


def test_an_image_is_explained_alike_in_any_company() -> None:
    model, images = built(), pictures()
    torch.testing.assert_close(grad_cam(model, images, batch_size=4), grad_cam(model, images, batch_size=1))


def test_the_model_is_left_as_it_was() -> None:
    model = built(dropout=0.75).train()
    drawn = model.dropout.rng.get_state()
    first, second = grad_cam(model, pictures()), grad_cam(model, pictures())
    assert torch.equal(first, second) and torch.equal(drawn, model.dropout.rng.get_state())
    assert model.training and model.dropout.training
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not model.norms[FOURTH]._forward_hooks


def test_frozen_weights_can_be_explained() -> None:
    model = built()
    free = grad_cam(model, pictures())
    assert torch.equal(grad_cam(model.requires_grad_(False), pictures()), free)


def pretrained() -> BodyAndHead:
    made: BodyAndHead = classifier("small(init_std=0.2)", 64)
    return made.eval()


def test_of_a_pretrained_network_the_last_maps_are_explained() -> None:
    model, images = pretrained(), pictures()
    layer, slope = model.explained()
    assert layer is model.body.layers[2] and slope == 1.0
    with GradCAM(model=model, target_layers=[layer]) as oracle:
        expected = oracle(input_tensor=images, targets=None)
    assert float(expected.max(axis=(1, 2)).min()) > 0.9
    np.testing.assert_allclose(grad_cam(model, images).numpy(), expected, atol=1e-4)


def test_an_activation_that_stands_in_many_places_is_explained_at_its_last() -> None:
    model, images = pretrained(), pictures()
    expected = grad_cam(model, images)
    first, second, third = (model.body.layers[k] for k in range(3))
    shared = nn.ReLU()
    first[2] = second[2] = third[2] = shared
    model.body.layers = nn.Sequential(*first, *second, *third, *list(model.body.layers)[3:])
    model._explained = ""
    assert model.explained()[0] is shared
    torch.testing.assert_close(grad_cam(model, images), expected)


@pytest.mark.parametrize(
    "layers",
    [
        (nn.Flatten(), nn.Linear(3 * 32 * 32, 64)),
        (nn.Conv2d(3, 64, 8, stride=8), nn.Flatten(2), nn.AdaptiveAvgPool1d(1), nn.Flatten()),  # tokens
    ],
)
def test_a_body_without_maps_says_so(layers: tuple[nn.Module, ...]) -> None:
    model = pretrained()
    model.body.layers = nn.Sequential(*layers)
    with pytest.raises(UserError, match="no layer gives maps"):
        grad_cam(model, pictures())
