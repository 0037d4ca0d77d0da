"""What a recipe of training is to the loop: networks and optimisers, a step, and a state that can be restored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from bench.methods.generators.layers import hand_over
from bench.methods.generators.settings import TrainingSettings
from bench.streams import Streams
from bench.training.device import Device


class Dice:
    """What one step draws: it depends on the stream and the step's number alone.

    Numbers are drawn on the CPU, so that they are the same on every device; masks of dropout where the layers are.
    """

    def __init__(self, streams: Streams, use: str, device: Device) -> None:
        self.device, self.cpu = device.torch, streams.torch("stage", use=use)
        self.masks = streams.torch("stage", device.torch, use=f"dropout {use}")

    def normal(self, *shape: int) -> Tensor:
        """Return numbers from N(0, 1)."""
        return torch.randn(shape, generator=self.cpu).to(self.device)

    def uniform(self, *shape: int) -> Tensor:
        """Return numbers from U(0, 1)."""
        return torch.rand(shape, generator=self.cpu).to(self.device)

    def labels(self, count: int, shares: Tensor) -> Tensor:
        """Return classes (count,) drawn by their shares (K,), int64."""
        return torch.multinomial(shares, count, replacement=True, generator=self.cpu).to(self.device)


class Recipe:
    """Base of the recipes: a subclass makes its networks and optimisers and says what a step is.

    Attributes
    ----------
    networks
        All that is trained, by name.
    losses
        Names of what `step` returns.
    """

    losses: ClassVar[tuple[str, ...]] = ("generator_loss", "discriminator_loss")

    def __init__(self, settings: TrainingSettings, networks: Mapping[str, nn.Module], device: Device) -> None:
        self.device, self.networks = device, nn.ModuleDict(networks)
        device.model(self.networks)
        self.networks.train()
        self.optimisers = {name: self._adam(settings, name) for name in self.networks}

    def step(self, images: Tensor, labels: Tensor, number: int, dice: Dice) -> Tensor:
        """Take the step of a number, counted from 1.

        Parameters
        ----------
        images, labels
            A batch of real images (N, 3, S, S) in [-1, 1] and their classes (N,), on the device.
        dice
            Where all that the step draws comes from.

        Returns
        -------
        Tensor
            The losses that `losses` names, float32, detached.
        """
        raise NotImplementedError

    def artifact(self) -> dict[str, Tensor]:
        """Return what is kept of it: the generator's weights, under names with `generator.` before them."""
        return prefixed("generator", self.networks["generator"].state_dict())

    def state(self) -> dict[str, Tensor]:
        """Return weights and moments, and what a subclass adds: all that the next step depends on."""
        kept = prefixed("weights", self.networks.state_dict())
        for which, optimiser in self.optimisers.items():
            for index, moments in optimiser.state_dict()["state"].items():
                kept |= prefixed(f"adam.{which}.{index}", moments)
        return kept

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state, bit for bit."""
        self.networks.load_state_dict(below(state, "weights"))
        for which, optimiser in self.optimisers.items():
            parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
            moments: dict[int, dict[str, Tensor]] = {}
            for name, value in below(state, f"adam.{which}").items():
                index, _, moment = name.partition(".")
                # The fused step reads moments in the layout of the weights, whatever their own.
                kept = torch.empty_like(parameters[int(index)]) if value.ndim else torch.empty_like(value)
                moments.setdefault(int(index), {})[moment] = kept.copy_(value)
            optimiser.load_state_dict(optimiser.state_dict() | {"state": moments})

    def descend(self, loss: Tensor, *names: str) -> Tensor:
        """Take a step down a loss with the optimisers of these networks; return the loss, detached."""
        for name in names:
            self.optimisers[name].zero_grad(set_to_none=True)
        loss.backward()
        for name in names:
            self.optimisers[name].step()
        return loss.detach()

    def free(self, *names: str) -> None:
        """Let the networks of these names be trained; the others are held still."""
        for name, network in self.networks.items():
            network.requires_grad_(name in names)

    def hand_over(self, dice: Dice) -> None:
        """Let dropout draw from a step's dice."""
        hand_over(self.networks, dice.masks)

    def _adam(self, settings: TrainingSettings, name: str) -> torch.optim.Adam:
        betas = (settings.beta1, settings.beta2)
        parameters = self.networks[name].parameters()
        return torch.optim.Adam(parameters, lr=settings.learning_rate, betas=betas, eps=settings.epsilon, fused=True)


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors under names with a prefix, copied to the CPU."""
    return {f"{prefix}.{name}": value.detach().cpu().contiguous().clone() for name, value in tensors.items()}


def below(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors whose names start with `prefix.`, without it."""
    return {name.removeprefix(f"{prefix}."): value for name, value in state.items() if name.startswith(f"{prefix}.")}
