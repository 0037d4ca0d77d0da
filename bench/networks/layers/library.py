"""Models of other libraries as bodies: without their last layer, without dropping, drawn from a stream of ours."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from bench.errors import UserError

DROPS_LAYERS = {"StochasticDepth": "p", "DropPath": "drop_prob"}  # of torchvision, of timm


def last_linear(model: nn.Module, name: str) -> tuple[str, nn.Linear]:
    """Return the last linear layer of a model and what it is called there.

    Raises
    ------
    UserError
        It ends in something else; the text calls it `name`.
    """
    layers = list(model.named_modules())
    place, last = next((it for it in reversed(layers) if isinstance(it[1], nn.Linear)), ("", None))
    if not isinstance(last, nn.Linear):
        raise UserError(f"{name}: its last layer is not linear, so a new one cannot be put in its place")
    return place, last


def without_last_layer(model: nn.Module, name: str) -> nn.Module:
    """Return a model that ends in what its last linear layer read."""
    model.set_submodule(last_linear(model, name)[0], nn.Identity())
    return without_dropping(model)


def without_dropping(model: nn.Module) -> nn.Module:
    """Return a model that drops neither features nor layers: that would draw from torch's global stream."""
    for layer in model.modules():
        if isinstance(layer, nn.modules.dropout._DropoutNd):
            layer.p = 0.0
        elif field := DROPS_LAYERS.get(type(layer).__name__):
            setattr(layer, field, 0.0)
    return model


def drawn(make: Callable[[], nn.Module], rng: torch.Generator | None) -> dict[str, Tensor]:
    """Return the state that a library starts a model with, drawn from `rng`; None draws the same one every time."""
    seed = 0 if rng is None else int(torch.randint(2**62, (), generator=rng))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return dict(make().state_dict())
