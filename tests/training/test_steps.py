"""A step is what a plain script would do: crops, the loss divided by images, operations, and the same weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import CPU, alone, fitted, images, parts, tiny, trainer
from torch import Tensor
from torch.nn import functional as F

from bench import registry
from bench.images import ImageSet
from bench.method import Method
from bench.networks.layers.patchgan import map_side
from bench.networks.network import step_operations
from bench.plan.compose import compose
from bench.protocol import Protocol
from bench.streams import Streams
from bench.training.fit import Parts, fit
from bench.training.inputs import random_crops

registry.load()


def test_crops_are_whole_windows_and_half_of_them_are_mirrored() -> None:
    side = 36
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    picture = torch.stack([rows, columns, torch.zeros_like(rows)]).to(torch.uint8)
    single = ImageSet.of(picture[None], torch.zeros(1, dtype=torch.int64), 2)
    positions = torch.zeros(400, dtype=torch.int64)
    crops = random_crops(single, positions, 32, torch.Generator().manual_seed(0), mirror=True).int()
    mirrored = crops[:, 1, 0, 0] > crops[:, 1, 0, -1]
    straight = torch.where(mirrored[:, None, None, None], crops.flip(-1), crops)
    top, left = straight[:, 0, 0, 0], straight[:, 1, 0, 0]
    window = torch.arange(32)
    assert torch.equal(straight[:, 0], (top[:, None, None] + window[:, None]).expand(-1, 32, 32).int())
    assert torch.equal(straight[:, 1], (left[:, None, None] + window).expand(-1, 32, 32).int())
    assert len({*zip(top.tolist(), left.tolist(), strict=True)}) == 25, "every corner is drawn"
    assert 160 < int(mirrored.sum()) < 240
    unflipped = random_crops(single, positions, 32, torch.Generator().manual_seed(0), mirror=False).int()
    assert (unflipped[:, 1, 0, 0] < unflipped[:, 1, 0, -1]).all()


class Weighs(Method):
    """Weigh label 1 by a number that is not normalised."""

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def class_weights(self, counts: np.ndarray, progress: float) -> np.ndarray:
        return np.array([1.0, self.weight])


def test_the_loss_is_divided_by_the_images_not_by_their_weights() -> None:
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    losses, gradients = [], []
    for weight in (1.0, 18.0):
        trained = trainer(alone(Weighs(weight)), images((18, 1)), backbone="paper_cnn(width=2, dropout=0)")
        losses.append(trained.step(picture, torch.tensor([1])).detach())
        gradients.append(torch.cat([p.grad.flatten() for p in trained.model.parameters() if p.grad is not None]))
    torch.testing.assert_close(losses[1], 18 * losses[0])
    torch.testing.assert_close(gradients[1], 18 * gradients[0])
    assert gradients[0].any()


def test_operations_are_counted_not_timed() -> None:
    protocol = tiny()
    channels, sides = [3, 2, 4, 8, 16, 1], [16, 8, 4, 3, 2]
    forward = [2 * 16 * i * o * side**2 for i, o, side in zip(channels, channels[1:], sides, strict=False)]
    flat = map_side(32) ** 2
    forward += [2 * i * o for i, o in ((flat, 1024), (1024, 256), (256, 2))]
    # Backward is twice forward, but nobody needs the gradient of the images.
    assert step_operations(protocol.backbone, 32, 2) == 3 * sum(forward) - forward[0]


def test_methods_of_equal_length_cost_equal_operations() -> None:
    under, over = (fitted(compose(name)).cost for name in ("US", "OS"))
    assert under.flops == over.flops == 24 * step_operations(tiny().backbone, 32, 2) > 0


@pytest.mark.parametrize("selection", ["acsa", "last"])
def test_a_plain_loop_gives_the_same_weights(selection: str) -> None:
    fields = {"load_size": 32, "flip": False, "epochs": 3, "epoch": "dataset", "weight_decay": 1e-3}
    protocol = tiny(selection=selection, **fields)
    task, streams = parts(images((13, 6), side=32)), Streams.of(4)
    start = trainer(compose("Vanilla"), task.train, streams, **protocol.model_dump()).model.state_dict()
    expected = plain_training({k: v.clone() for k, v in start.items()}, task, protocol, streams)
    ours = fit(compose("Vanilla"), task, protocol, streams, CPU).weights
    # A norm cancels the bias before it: its gradient is rounding alone, which Adam makes as large as any.
    for name in expected.keys() - {f"convolutions.{k}.bias" for k in (1, 2, 3)}:
        torch.testing.assert_close(ours[name], expected[name], rtol=0, atol=1e-6)
        assert (ours[name] - start[name]).abs().max() > 1e-4, f"{name} was trained"


def plain_training(weights: dict[str, Tensor], task: Parts, protocol: Protocol, streams: Streams) -> dict[str, Tensor]:
    """Train the same network as one would in a script, without anything of the suite's trainer."""
    order, dropout = streams.torch("order"), streams.torch("dropout")

    def network(x: Tensor, training: bool) -> Tensor:
        for k, stride in enumerate((2, 2, 2, 1, 1)):
            x = F.conv2d(x, weights[f"convolutions.{k}.weight"], weights[f"convolutions.{k}.bias"], stride, 1)
            x = F.instance_norm(x) if k in (1, 2, 3) else x
            x = F.leaky_relu(x, 0.2) if k < 4 else x
        x = F.relu(F.linear(x.flatten(1), weights["hidden.weight"], weights["hidden.bias"]))
        x = F.relu(F.linear(x, weights["features_layer.weight"], weights["features_layer.bias"]))
        if training:
            x = 2 * x * torch.empty(x.shape).bernoulli_(0.5, generator=dropout)
        return F.linear(x, weights["head.weight"], weights["head.bias"])

    for value in weights.values():
        value.requires_grad_()
    adam = torch.optim.Adam(weights.values(), lr=2e-4, betas=(0.5, 0.999), weight_decay=1e-3)
    train, validation = ((part.pixels / 127.5 - 1, part.labels) for part in (task.train, task.validation))
    best, kept = (-1.0, 0.0), {}
    for _ in range(protocol.epochs):
        for batch in torch.randperm(len(train[1]), generator=order).split(protocol.batch_size):
            adam.zero_grad()
            F.cross_entropy(network(train[0][batch], True), train[1][batch]).backward()
            adam.step()
        with torch.no_grad():
            logits = network(validation[0], False)
        accuracy = float((logits.argmax(1) == validation[1]).float().mean())  # validation is balanced
        rank = (accuracy, -float(F.cross_entropy(logits, validation[1])))
        if rank > best or protocol.selection == "last":
            best, kept = rank, {name: value.detach().clone() for name, value in weights.items()}
    return kept
