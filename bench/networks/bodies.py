"""The networks that can judge, by name; a judge's name is part of its identity and never chosen in silence."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from bench.errors import ConfigError, UserError, unknown
from bench.networks.body import Architecture, Body, Network
from bench.networks.efficientnet import EFFICIENTNET_LITE0, INSTALL
from bench.networks.inception import ADDRESS, INCEPTION_V3
from bench.networks.small import SMALL

# The first one whose weights are at hand is the best.
NETWORKS = {architecture.name: architecture for architecture in (INCEPTION_V3, EFFICIENTNET_LITE0, SMALL)}


def architecture(name: str) -> Architecture:
    """Return the network of that name.

    Raises
    ------
    ConfigError
        There is none.
    """
    if name not in NETWORKS:
        raise ConfigError(unknown("evaluator network", name, NETWORKS))
    return NETWORKS[name]


def available() -> tuple[str, ...]:
    """Return the names of the networks that need no download here, best first; `small` is always the last."""
    return tuple(name for name, network in NETWORKS.items() if network.at_hand())


def best_available() -> str:
    """Return the name of the best pretrained network at hand, to be written into the settings.

    Raises
    ------
    UserError
        There is none; the text says how to get one.
    """
    pretrained = [name for name in available() if name != SMALL.name]
    if not pretrained:
        raise UserError(f"no pretrained evaluator is at hand: `{INSTALL}`, or download {ADDRESS}")
    return pretrained[0]


def body(name: str, state: Mapping[str, Tensor] | None = None) -> Body:
    """Return a network's body with the weights in `state`, by default the published ones.

    Raises
    ------
    UserError
        There is no such network, or its packages or weights are missing.
    """
    chosen = architecture(name)
    made = Body(chosen)
    made.layers.load_state_dict(chosen.weights() if state is None else state, assign=True)
    return made


@lru_cache
def body_operations(name: str) -> float:
    """Count the floating-point operations of one image's way forward through a network's body."""
    chosen = architecture(name)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        chosen.layers().eval()(torch.empty(1, 3, chosen.input_size, chosen.input_size, device="meta"))
    return float(counter.get_total_flops())


def build(name: str, n_classes: int, rng: torch.Generator) -> Network:
    """Return a network with published weights and new heads for K classes, N(0, 0.01) from `rng` and zero biases.

    Raises
    ------
    UserError
        As in `body`.
    """
    return Network(body(name), n_classes, rng)
