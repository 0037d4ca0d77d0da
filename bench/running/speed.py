"""Calibration: how fast this machine computes, measured for a second and remembered; the time left begins with it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from bench.errors import StoreError
from bench.networks.network import network_of, step_operations
from bench.protocol import Protocol
from bench.running.environment import device_name
from bench.store.leftovers import write_anew
from bench.store.regular import MIB, read_regular
from bench.training.device import Device, has_cuda

SECONDS = 1.0
LONG = 5.0  # of a step: one is enough
MOST_A_STEP = 1e11  # operations; of a larger step a part of its batch tells as much
SLOWEST, FASTEST = 1e3, 1e18  # operations a second
CLASSES = 2  # their number hardly matters


def speed(file: Path, protocol: Protocol, measure: bool = True) -> float | None:
    """Return the floating-point operations a second that one worker does in training.

    Parameters
    ----------
    file
        Where measured speeds are remembered, by processor or GPU, threads, precision, version of torch, and network.
    measure
        Whether to measure what is not remembered; that loads torch. Otherwise None.
    """
    work = f"{protocol.precision}, {protocol.backbone} at {protocol.image_size}, batch {protocol.batch_size}"
    key, known = f"{machine(protocol)}, {work}", read_speeds(file)
    if key not in known and measure:
        known[key] = _measured(protocol)
        write_speeds(file, known)
    return known.get(key)


def machine(protocol: Protocol) -> str:
    """Return what a speed depends on beside the work: processor or GPU, threads, version of torch."""
    try:
        torch_version = version("torch")
    except PackageNotFoundError:
        torch_version = "absent"
    return f"{device_name()}, {protocol.threads} threads, torch {torch_version}"


def clock_of(protocol: Protocol) -> Callable[[], float]:
    """Return a clock of one worker's seconds: of time on cores, which no other work spoils; a GPU's is by the wall."""
    return time.perf_counter if has_cuda() else lambda: time.process_time() / protocol.threads


def _measured(protocol: Protocol) -> float:
    """Take training steps of the protocol's own network: small layers are far from what large ones reach."""
    from bench.training.optimisers import optimiser  # loads torch

    device, network = Device.best(), network_of(protocol.backbone)
    each = step_operations(protocol.backbone, protocol.image_size, CLASSES)
    with device.session(protocol), torch.random.fork_rng(devices=[]):
        blank = network.blank(protocol.image_size, CLASSES, torch.nn.Linear, torch.Generator(device.torch))
        side, model = protocol.image_size, device.model(blank)
        shape = (int(str(blank.head.in_features)),) if network.views else (3, side, side)
        batch = min(protocol.batch_size, max(1, int(MOST_A_STEP / each)))
        images = torch.zeros(batch, *shape, device=device.torch)
        chosen = [parameter for parameter in model.parameters() if parameter.requires_grad]
        rule = optimiser(protocol, chosen)
        clock = clock_of(protocol)
        steps, started = -1, clock()
        while steps < 1 or clock() - started < SECONDS:
            if steps == 0:
                if clock() - started > LONG:  # the first is slow, but not by as much
                    steps = 1
                    break
                started = clock()
            with device.autocast(protocol):
                loss = model(images).float().square().mean()
            rule.zero_grad(set_to_none=True)
            loss.backward()
            rule.step()
            loss.item()  # a GPU works on after the call has returned
            steps += 1
        seconds = clock() - started
    return steps * batch * each / seconds


def is_possible(speed: float) -> bool:
    """Return whether a machine can do so many operations a second."""
    return SLOWEST <= speed <= FASTEST


def read_speeds(file: Path) -> dict[str, float]:
    """Return the speeds that are remembered, operations a second; what cannot be can be measured again."""
    try:
        found = json.loads(read_regular(file, 64 * MIB))
        return {str(key): float(value) for key, value in found.items() if is_possible(value)}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def write_speeds(file: Path, known: Mapping[str, float]) -> None:
    """Remember speeds; a cache that cannot be written stops nobody."""
    with suppress(StoreError):
        write_anew(file, json.dumps(known, indent=1).encode(), durable=False)
