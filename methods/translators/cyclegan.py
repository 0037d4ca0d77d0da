"""CycleGAN's training: two generators, two discriminators, their losses, and a state that can be kept and restored."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from bench.errors import TrainingDiverged
from bench.methods.translators.networks import Discriminator, Generator, initialised
from bench.methods.translators.pool import ImagePool
from bench.methods.translators.settings import CycleGANSettings
from bench.streams import Streams
from bench.training.device import Device

LOSSES = ("generator_loss", "discriminator_loss", "cycle_loss", "identity_loss")
Extra = Callable[[Tensor, Tensor], Tensor]  # a further loss of the generators, of the fakes (of B, of A)


class CycleGAN:
    """Translators between class A and class B and what trains them (Zhu et al. 2017, arXiv:1703.10593).

    A is the majority class and B the minority class in the suite; nothing here knows.
    """

    def __init__(self, settings: CycleGANSettings, streams: Streams, device: Device) -> None:
        self.settings, self.device = settings, device
        rng = streams.torch("stage", use="initialisation")
        self.networks = nn.ModuleDict(
            {
                "AB": initialised(Generator(settings.width, settings.blocks), rng),
                "BA": initialised(Generator(settings.width, settings.blocks), rng),
                "A": initialised(Discriminator(settings.width), rng),
                "B": initialised(Discriminator(settings.width), rng),
            }
        )
        device.model(self.networks)
        self.optimisers = {"generators": self._adam("AB", "BA"), "discriminators": self._adam("A", "B")}
        self.pools = {
            kind: ImagePool(settings.pool_size, streams.torch("stage", use=f"pool {kind}")) for kind in ("A", "B")
        }

    @property
    def dtype(self) -> torch.dtype:
        """What the layers compute in."""
        return torch.bfloat16 if self.settings.precision == "bfloat16" else torch.float32

    def set_rate(self, rate: float) -> None:
        """Set the learning rate of both optimisers."""
        for optimiser in self.optimisers.values():
            for group in optimiser.param_groups:
                group["lr"] = rate

    def step(self, a: Tensor, b: Tensor, extra: Extra | None = None) -> Tensor:
        """Update the generators, then the discriminators.

        Parameters
        ----------
        a, b
            Images (N, 3, H, W) of class A and of class B, float32 in [-1, 1].
        extra
            A further loss of the generators, given the fakes of class B and those of class A.

        Returns
        -------
        Tensor
            The losses that `LOSSES` names, float32 (4,), on the device.
        """
        a, b = a.to(self.dtype), b.to(self.dtype)
        fakes, generator_losses = self._update_generators(a, b, extra)
        loss = self._update_discriminators(a, b, *fakes)
        total, cycle, identity = generator_losses
        return torch.stack([total, loss, cycle, identity])

    def _update_generators(
        self, a: Tensor, b: Tensor, extra: Extra | None
    ) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]:
        nets, weights, n = self.networks, self.settings, len(a)
        _require_grad([nets["A"], nets["B"]], False)
        # One pass translates the one class and keeps the other: G_AB of (a, b) is the fake of a and b's identity.
        fake_b, same_b = nets["AB"](torch.cat([a, b])).split(n)
        fake_a, same_a = nets["BA"](torch.cat([b, a])).split(n)
        cycle = distance(nets["BA"](fake_b), a) + distance(nets["AB"](fake_a), b)
        identity = distance(same_b, b) + distance(same_a, a)
        fooled = self._judged(nets["B"](fake_b), real=True) + self._judged(nets["A"](fake_a), real=True)
        loss = fooled + weights.lambda_cycle * cycle + weights.lambda_identity * identity
        if extra is not None:
            loss = loss + extra(fake_b, fake_a)
        self._descend("generators", loss)
        return (fake_b.detach(), fake_a.detach()), (loss.detach(), cycle.detach(), identity.detach())

    def _update_discriminators(self, a: Tensor, b: Tensor, fake_b: Tensor, fake_a: Tensor) -> Tensor:
        nets = self.networks
        _require_grad([nets["A"], nets["B"]], True)
        loss = torch.zeros((), device=a.device)
        for kind, real, fake in (("A", a, fake_a), ("B", b, fake_b)):
            logits_real, logits_fake = nets[kind](torch.cat([real, self.pools[kind].query(fake)])).split(len(real))
            loss = loss + (self._judged(logits_real, real=True) + self._judged(logits_fake, real=False)) / 2
        self._descend("discriminators", loss)
        return loss.detach()

    def _judged(self, logits: Tensor, real: bool) -> Tensor:
        """Return the mean loss over patches of calling them real, or fake."""
        logits = logits.float()
        target = torch.full_like(logits, float(real))
        if self.settings.gan_loss == "lsgan":
            return F.mse_loss(logits, target)
        return F.binary_cross_entropy_with_logits(logits, target)

    def _descend(self, which: str, loss: Tensor) -> None:
        self.optimisers[which].zero_grad(set_to_none=True)
        loss.backward()
        self.optimisers[which].step()

    def _adam(self, *names: str) -> torch.optim.Adam:
        parameters = [parameter for name in names for parameter in self.networks[name].parameters()]
        s = self.settings
        return torch.optim.Adam(parameters, lr=s.learning_rate, betas=(s.beta1, s.beta2), fused=True)

    def check(self, epoch: int, losses: Sequence[float]) -> None:
        """Stop if the training has collapsed.

        Raises
        ------
        TrainingDiverged
            A loss or a weight is NaN or infinite.
        """
        finite = all(bool(parameter.isfinite().all()) for parameter in self.networks.parameters())
        if not finite or not all(map(math.isfinite, losses)):
            raise TrainingDiverged(epoch, float("nan") if not finite else float(sum(losses)))

    def state(self) -> dict[str, Tensor]:
        """Return weights, moments and pools as tensors on the CPU: all that the next step depends on."""
        kept = {f"weights.{name}": value for name, value in self.networks.state_dict().items()}
        for which, optimiser in self.optimisers.items():
            for index, moments in optimiser.state_dict()["state"].items():
                kept |= {f"adam.{which}.{index}.{name}": value for name, value in moments.items()}
        for kind, pool in self.pools.items():
            kept |= {f"pool.{kind}.{name}": value for name, value in pool.state().items()}
        return {name: value.detach().cpu().contiguous().clone() for name, value in kept.items()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state, bit for bit."""
        self.networks.load_state_dict(part(state, "weights"))
        for which, optimiser in self.optimisers.items():
            parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
            moments: dict[int, dict[str, Tensor]] = {}
            for name, value in part(state, f"adam.{which}").items():
                index, _, moment = name.partition(".")
                # The fused step reads moments in the layout of the weights, whatever their own.
                kept = torch.empty_like(parameters[int(index)]) if value.ndim else torch.empty_like(value)
                moments.setdefault(int(index), {})[moment] = kept.copy_(value)
            optimiser.load_state_dict(optimiser.state_dict() | {"state": moments})
        for kind, pool in self.pools.items():
            pool.restore(part(state, f"pool.{kind}"), self.device)


def part(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors whose names start with `prefix.`, without it."""
    return {name.removeprefix(f"{prefix}."): value for name, value in state.items() if name.startswith(f"{prefix}.")}


def distance(images: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean absolute difference of pixels, float32."""
    return F.l1_loss(images.float(), wanted.float())


@lru_cache
def step_operations(settings: CycleGANSettings) -> float:
    """Count the floating-point operations of one training step, normalisation and the like left out.

    Of each pair, generators see six images forward and backward (three times a forward pass); discriminators see two
    forward and back to the image (twice), and four forward and backward.
    """
    with torch.device("meta"):
        discriminator = Discriminator(settings.width)
    generated = translation_operations(settings.width, settings.blocks, settings.crop_size)
    return settings.batch_size * (6 * 3 * generated + (2 * 2 + 4 * 3) * _forward(discriminator, settings.crop_size))


@lru_cache
def translation_operations(width: int, blocks: int, size: int) -> float:
    """Count the floating-point operations of translating one image of a side."""
    with torch.device("meta"):
        generator = Generator(width, blocks)
    return _forward(generator, size + -size % 4)


def _forward(network: nn.Module, size: int) -> float:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.empty(1, 3, size, size, device="meta"))
    return float(counter.get_total_flops())


def _require_grad(networks: Iterable[nn.Module], wanted: bool) -> None:
    for network in networks:
        network.requires_grad_(wanted)
