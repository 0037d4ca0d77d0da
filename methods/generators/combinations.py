"""GAMO: fakes are convex combinations of a class's images, where a classifier errs (Mullick et al. 2019)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.images import ImageSet
from bench.methods.generators.layers import initialised
from bench.methods.generators.recipe import Dice, Recipe
from bench.methods.generators.settings import GamoSettings
from bench.streams import Streams
from bench.training.device import Device

LATENT = 100
UNITS, LAST = (256, 128), 64  # of discriminator and classifier; of the generator's last common layer
LEAK = 0.1
EPSILON, MOMENTUM = 1e-3, 0.1  # Keras' batch norm with momentum 0.9


class CombiningGenerator(nn.Module):
    """Noise and class -> two layers for all classes -> weights of the class's images -> their weighted mean.

    Parameters
    ----------
    points : uint8 (n_k, 3, S, S), one tensor a class
        What is combined.
    """

    def __init__(self, points: Sequence[Tensor], width: float) -> None:
        super().__init__()
        first, last = _units(UNITS[0], width), _units(LAST, width)
        self.n_classes, self.side = len(points), points[0].shape[-1]
        self.layers = nn.ModuleList([nn.Linear(LATENT + self.n_classes, first), nn.Linear(first, last)])
        self.norms = nn.ModuleList(nn.BatchNorm1d(units, eps=EPSILON, momentum=MOMENTUM) for units in (first, last))
        self.heads = nn.ModuleList(nn.Linear(last, len(images)) for images in points)
        for k, images in enumerate(points):
            self.register_buffer(f"points_{k}", images)

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Return images (N, 3, S, S) in [-1, 1]."""
        x = torch.cat([noise, F.one_hot(labels, self.n_classes).to(noise.dtype)], dim=1)
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = norm(F.relu(layer(x)))
        where, made = [], []
        for k in labels.unique().tolist():
            (chosen,) = torch.nonzero(labels == k, as_tuple=True)
            points = getattr(self, f"points_{k}").flatten(1).float() / 127.5 - 1
            made.append(self.heads[k](x[chosen]).softmax(dim=1) @ points)
            where.append(chosen)
        images: Tensor = torch.cat(made)[torch.argsort(torch.cat(where))]
        return images.reshape(-1, 3, self.side, self.side)


class Combining(Recipe):
    """Generator, discriminator and classifier; all losses are squared errors, all outputs probabilities.

    A class is generated as often as it lacks images; classes that lack none are not trained on, unless none does.
    """

    losses = ("generator_loss", "discriminator_loss", "classifier_loss")

    def __init__(self, settings: GamoSettings, train: ImageSet, streams: Streams, device: Device) -> None:
        rng = streams.torch("stage", use="initialisation")
        classes = range(train.n_classes)
        points = [train.batch(train.positions(k)[: settings.points])[0] for k in classes]
        numbers = points[0][0].numel()
        networks = {
            "generator": CombiningGenerator(points, settings.width),
            "discriminator": _dense(numbers + train.n_classes, 1, settings.width),
            "classifier": _dense(numbers, train.n_classes, settings.width),
        }
        for network in networks.values():
            initialised(network, "glorot_uniform", "glorot_uniform", rng)
        lacking = torch.from_numpy(train.counts.max() - train.counts).float()
        self.shares = lacking if bool(lacking.any()) else torch.ones_like(lacking)
        self.generated = torch.nonzero(self.shares).flatten()
        self.noise, self.n_classes = settings.label_noise, train.n_classes
        super().__init__(settings, networks, device)

    def step(self, images: Tensor, labels: Tensor, number: int, dice: Dice) -> Tensor:
        wanted = dice.labels(max(2, len(images)), self.shares)  # batch norm needs two
        with torch.no_grad():
            fakes = self._made(wanted, dice)
        self.free("discriminator", "classifier")
        named = _squared(self._named(images), self._coded(labels)) + _squared(self._named(fakes), self._coded(wanted))
        named = self.descend(named, "classifier")
        off = [self.noise * dice.uniform(len(it), 1) for it in (images, fakes)]
        judged = _squared(self._judged(images, labels), 1 - off[0]) + _squared(self._judged(fakes, wanted), off[1])
        judged = self.descend(judged, "discriminator")
        self.free("generator")
        each = max(2, -(-len(images) // self.n_classes))
        wanted = self.generated.repeat_interleave(each).to(self.device.torch)
        made = self._made(wanted, dice)
        believed = self._judged(made, wanted)
        loss = _squared(believed, torch.ones_like(believed)) + _squared(self._named(made), 1 - self._coded(wanted))
        return torch.stack([self.descend(loss, "generator"), judged, named])

    def _made(self, wanted: Tensor, dice: Dice) -> Tensor:
        made: Tensor = self.networks["generator"](dice.normal(len(wanted), LATENT), wanted)
        return made

    def _judged(self, images: Tensor, labels: Tensor) -> Tensor:
        seen = torch.cat([images.contiguous().flatten(1), self._coded(labels)], dim=1)
        return torch.sigmoid(self.networks["discriminator"](seen))

    def _named(self, images: Tensor) -> Tensor:
        logits: Tensor = self.networks["classifier"](images.contiguous().flatten(1))
        return logits.softmax(dim=1)

    def _coded(self, labels: Tensor) -> Tensor:
        return F.one_hot(labels, self.n_classes).float()


def opened_combinations(tensors: Mapping[str, Tensor], n_classes: int, width: float) -> CombiningGenerator:
    """Return the generator of a state, with the images that it combines."""
    network = CombiningGenerator([tensors[f"points_{k}"] for k in range(n_classes)], width)
    network.load_state_dict(dict(tensors))
    return network


def dense_operations(numbers: int, n_classes: int, width: float) -> float:
    """Return about how many operations a forward pass of discriminator or classifier takes."""
    first, second = (_units(n, width) for n in UNITS)
    return 2.0 * ((numbers + n_classes) * first + first * second)


def _dense(inputs: int, outputs: int, width: float) -> nn.Sequential:
    first, second = (_units(n, width) for n in UNITS)
    layers = (nn.Linear(inputs, first), nn.Linear(first, second), nn.Linear(second, outputs))
    leak = nn.LeakyReLU(LEAK)
    return nn.Sequential(layers[0], leak, layers[1], leak, layers[2])


def _units(n: int, width: float) -> int:
    return max(1, round(n * width))


def _squared(given: Tensor, wanted: Tensor) -> Tensor:
    return F.mse_loss(given, wanted)
