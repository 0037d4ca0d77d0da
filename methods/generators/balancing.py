"""What the class-balancing GAN adds: effective class frequencies that forget, and an average of the generator."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

import torch
from torch import Tensor, nn

from bench.methods.generators.recipe import below, prefixed

PUBLISHED_CYCLE = 512_000  # fakes of a published cycle: 2,000 steps of 256
PRIOR, FIRST, LEAST = 50.0, 512.0, 1.0  # counts at the start, added in the first cycle, and at least


class EffectiveFrequencies:
    """N_k, how often fakes were taken for class k, older cycles counting less (Rangwani et al. 2021, eq. 5).

    N <- (1 - alpha) N + alpha c at the end of a cycle, c its counts. Their code starts at N = 50, adds 512 to each c of
    the first cycle and never lets N fall below 1; these are for cycles of 512,000 fakes, so that the counts of shorter
    ones are scaled to as many.

    Parameters
    ----------
    fakes
        Images of one cycle.
    forgetting
        alpha.
    """

    def __init__(self, n_classes: int, fakes: int, forgetting: float) -> None:
        self.scale, self.forgetting = PUBLISHED_CYCLE / fakes, forgetting
        self.frequencies = torch.full((n_classes,), PRIOR, dtype=torch.float64)
        self.recent = torch.full((n_classes,), FIRST, dtype=torch.float64)

    def count(self, taken: Tensor) -> None:
        """Take in the classes (N,) that fakes were taken for."""
        found = torch.bincount(taken.cpu(), minlength=len(self.recent))
        self.recent += self.scale * found.double()

    def end_cycle(self) -> None:
        """Forget a share of what was, and count anew."""
        mixed = (1 - self.forgetting) * self.frequencies + self.forgetting * self.recent
        self.frequencies = mixed.clamp_min(LEAST)
        self.recent = torch.zeros_like(self.recent)

    @property
    def weights(self) -> Tensor:
        """1 / N_k, scaled to sum to K, float32 (K,): the published lambda is for this scale."""
        inverse = 1 / self.frequencies
        return (inverse * len(inverse) / inverse.sum()).float()

    def state(self) -> dict[str, Tensor]:
        """Return all that it knows."""
        return {"frequencies": self.frequencies.clone(), "recent": self.recent.clone()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state."""
        self.frequencies, self.recent = state["frequencies"].clone(), state["recent"].clone()


class MovingAverage:
    """The exponential moving average of a network's weights and of the statistics of its batch norms.

    Parameters
    ----------
    start
        Steps until which it is a plain copy.
    horizon
        Steps that it remembers: 1 / (1 - decay).
    """

    def __init__(self, network: nn.Module, start: int, horizon: float) -> None:
        self.network = deepcopy(network).requires_grad_(False).eval()
        self.start, self.decay = start, 1 - 1 / max(horizon, 1.0)

    @torch.no_grad()
    def follow(self, network: nn.Module, number: int) -> None:
        """Take in the network as it is after the step of a number."""
        decay = self.decay if number > self.start else 0.0
        for mine, theirs in zip(self.network.state_dict().values(), network.state_dict().values(), strict=True):
            if mine.is_floating_point() and decay:
                mine.mul_(decay).add_(theirs, alpha=1 - decay)
            else:
                mine.copy_(theirs)

    def state(self) -> dict[str, Tensor]:
        """Return its weights and statistics."""
        return prefixed("average", self.network.state_dict())

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state."""
        self.network.load_state_dict(below(state, "average"))
