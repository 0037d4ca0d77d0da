"""Where a model comes from: the licence of the body that it stands on, and how its method was chosen."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, metadata, packages_distributions
from typing import Any

from pydantic import BaseModel, ConfigDict

from bench.networks.network import Network


class Choice(BaseModel):
    """Why this method: it was chosen among so many, by what is believed of its true mean on these test images.

    `mean`, `low` and `high` are of the posterior, the ends of an interval that holds the true mean with probability
    0.9; `outcome` is that of `imbench recommend`, and `instead` what it takes where this method was named, not chosen.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    among: int
    metric: str
    mean: float
    low: float
    high: float
    outcome: str
    instead: str = ""

    def __str__(self) -> str:
        how, advice = "Chosen among", self.outcome
        if self.instead:
            how, advice = "Named by hand, one of", f"{self.outcome}, {self.instead}"
        return (
            f"{how} {self.among} methods with runs on these test images (`imbench recommend`: {advice}): its true "
            f"mean {self.metric} is believed to be {self.mean:.4f}, with probability 0.9 between {self.low:.4f} and "
            f"{self.high:.4f}."
        )


def licences(network: Network) -> str:
    """Return the licences that the packages of a pretrained body state, "" for a network that is trained from nothing.

    What the weights were trained on has terms of its own, which no package states.
    """
    if not network.trained_on:
        return ""
    module = sys.modules[type(network).__module__]
    named = [getattr(module, name) for name in ("LAYERS", "WEIGHTS") if hasattr(module, name)]
    packages = named or [top for top in ("torchvision", "timm") if top in module.__name__]
    stated = "; ".join(map(_stated, packages)) or "no package states one"
    return f"{stated}; its weights were trained on {network.trained_on}, which has terms of its own"


def normalisation(network: Network) -> dict[str, Any]:
    """Return how pixels become what the network sees: scaled to [-1, 1], and by a pretrained body's own statistics."""
    inside = {name: list(getattr(network, name)) for name in ("mean", "std") if hasattr(network, name)}
    return {"pixels": "value / 127.5 - 1", **({"then inside, on a scale from 0 to 1": inside} if inside else {})}


def _stated(package: str) -> str:
    names = packages_distributions().get(package, [package])
    try:
        found = metadata(names[0])
    except PackageNotFoundError:
        return f"{package}: not installed"
    told = next(iter(found.get_all("License-Expression") or found.get_all("License") or [""]))
    classified = [it.rsplit(":", 1)[1].strip() for it in found.get_all("Classifier") or [] if it.startswith("License")]
    told = classified[0] if classified else " ".join(told.split())[:60]
    return f"{found['Name']} {found['Version']}: {told if told not in ('', 'UNKNOWN') else 'none stated'}"
