"""Seconds of one training step of every generator at its published size, and what its whole training would take.

The step is the stage's own, with its settings in a profile, on made-up images. Ends with one line per figure,
`name=value`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from bench import registry
from bench.images import ImageSet
from bench.networks.layers.classifier import Draws
from bench.networks.network import network_of
from bench.plan.config import Config, load_config
from bench.plan.grid import stage_settings
from bench.protocol import Protocol
from bench.registry import STAGES
from bench.stage import Made, Material, Reads, Request, Stage, StageRequest
from bench.streams import Streams
from bench.training.device import Device

DATASET = "digits"  # whose exceptions of the profile hold: small images, as the generators were published on
GENERATORS = ("BAGAN", "BAGAN-GP", "GAN", "ACGAN", "cGAN", "CBGAN", "GAMO")
COUNTS = (200, 60, 20)
PUBLISHED = 12_406  # images of CIFAR-10's tail at a ratio of 100


class NoCheckpoint:
    """A checkpoint that is never due."""

    due = False

    def load(self) -> dict[str, torch.Tensor] | None:
        """Return nothing: every training starts."""
        return None

    def save(self, state: Mapping[str, torch.Tensor]) -> None:
        """Keep nothing."""


def main() -> None:
    """Take a step of each generator and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", default="paper")
    parser.add_argument("--generator", action="append", help="only this one; can be given again")
    options = parser.parse_args()
    registry.load()
    config = load_config(profile=options.profile)
    figures = {}
    for name in options.generator or GENERATORS:
        for each, seconds, hours in steps(name, config):
            print(f"{each}: {seconds:.3f} s a step, about {hours:.1f} h in all on {PUBLISHED} images", flush=True)
            figures[re.sub(r"[^a-z0-9]+", "_", each.lower())] = seconds
    for each, seconds in figures.items():
        print(f"generator_step_seconds_{each}={seconds:.4g}")


def steps(name: str, config: Config) -> list[tuple[str, float, float]]:
    """Return name, seconds of a step and hours of a stage, those that it needs before it."""
    device, protocol = Device.best(), config.profile.protocol(DATASET)
    images, found, needed = made_up(protocol.load_size), [], dict[Request, Any]()
    stage, length = one_step(name, {}, config)
    with device.session(protocol):
        for request in stage.requires(COUNTS):
            if isinstance(request, StageRequest):
                before, its_length = one_step(request.name, dict(request.parameters), config)
                made = make(before, images, protocol, device, {})
                found.append((request.name, *cost(made, its_length)))
                needed[request] = before.open(made.tensors, COUNTS, device)
            else:
                needed[request] = classifier(protocol, device)
        found.append((name, *cost(make(stage, images, protocol, device, needed), length)))
    return found


def one_step(name: str, parameters: Mapping[str, object], config: Config) -> tuple[Stage, int]:
    """Return a stage as a profile has it but for its length, one step, and the steps that it would take."""
    cls = STAGES[name].cls
    values = dict(stage_settings(config.profile, DATASET, name))
    few = {"latents_per_class": 1, "latents_searched": 1} if "latents_per_class" in values else {}
    whole: Any = cls.Settings(**values)
    return cls(cls.Settings(**(values | few | {"steps": 1, "epochs": None})), parameters), whole.length(PUBLISHED)


def make(stage: Stage, images: ImageSet, protocol: Protocol, device: Device, needed: Mapping[Request, Any]) -> Made:
    """Make a stage's artifact of made-up images."""
    seen = Reads(protocol, stage.reads, type(stage).__name__)
    return stage.make(Material(images, images, seen, Streams(), device, needed, NoCheckpoint()))


def cost(made: Made, length: int) -> tuple[float, float]:
    """Return the seconds of a step, and the hours of so many."""
    seconds = made.history[-1]["seconds"]
    return seconds, seconds * length / 3600


def classifier(protocol: Protocol, device: Device, n_classes: int = len(COUNTS)) -> nn.Module:
    """Return the profile's classifier as it starts, held still."""
    draws = Draws(torch.Generator().manual_seed(0), torch.Generator())
    network = network_of(protocol.backbone).classifier(protocol.image_size, n_classes, nn.Linear, draws)
    return device.model(network.requires_grad_(False).eval())


def made_up(size: int) -> ImageSet:
    """Return images of random pixels."""
    rng = torch.Generator().manual_seed(0)
    labels = torch.arange(len(COUNTS)).repeat_interleave(torch.tensor(COUNTS))
    pixels = torch.randint(256, (len(labels), 3, size, size), dtype=torch.uint8, generator=rng)
    return ImageSet.of(pixels, labels, len(COUNTS))


if __name__ == "__main__":
    main()
