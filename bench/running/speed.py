"""Calibration: how fast this machine computes, measured for a second and remembered; the time left begins with it."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from bench.errors import StoreError
from bench.networks.network import network_of, step_operations
from bench.protocol import Protocol
from bench.running.environment import device_name
from bench.store.atomic import write_atomically
from bench.store.regular import MIB, read_regular
from bench.training.device import Device, has_cuda

SECONDS = 1.0
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
    key = _machine(protocol)
    known = _read(file)
    if key not in known and measure:
        known[key] = _measured(protocol)
        with suppress(StoreError):  # a cache that cannot be written stops nobody
            write_atomically(file, json.dumps(known, indent=1).encode(), durable=False)
    return known.get(key)


def _machine(protocol: Protocol) -> str:
    try:
        torch_version = version("torch")
    except PackageNotFoundError:
        torch_version = "absent"
    name = device_name()
    work = f"{protocol.backbone} at {protocol.image_size}, batch {protocol.batch_size}"
    return f"{name}, {protocol.threads} threads, {protocol.precision}, torch {torch_version}, {work}"


def _measured(protocol: Protocol) -> float:
    """Take training steps of the protocol's own network: small layers are far from what large ones reach."""
    from bench.training.optimisers import optimiser  # loads torch

    device, network = Device.best(), network_of(protocol.backbone)
    with device.session(protocol), torch.random.fork_rng(devices=[]):
        blank = network.blank(protocol.image_size, CLASSES, torch.nn.Linear, torch.Generator(device.torch))
        side, model = protocol.image_size, device.model(blank)
        shape = (int(str(blank.head.in_features)),) if network.views else (3, side, side)
        images = torch.zeros(protocol.batch_size, *shape, device=device.torch)
        chosen = [parameter for parameter in model.parameters() if parameter.requires_grad]
        rule = optimiser(protocol, chosen)
        # Time on cores, which no other work on the machine spoils; a GPU's is by the wall.
        clock = time.perf_counter if has_cuda() else time.process_time
        steps, started = -1, clock()
        while steps < 1 or clock() - started < SECONDS * protocol.threads:
            if steps == 0:
                started = clock()  # the first is slow
            with device.autocast(protocol):
                loss = model(images).float().square().mean()
            rule.zero_grad(set_to_none=True)
            loss.backward()
            rule.step()
            loss.item()  # a GPU works on after the call has returned
            steps += 1
        seconds = (clock() - started) / (1 if has_cuda() else protocol.threads)
    each = step_operations(protocol.backbone, protocol.image_size, CLASSES)
    return steps * protocol.batch_size * each / seconds


def _read(file: Path) -> dict[str, float]:
    try:
        return {str(key): float(value) for key, value in json.loads(read_regular(file, 64 * MIB)).items() if value > 0}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}  # it can be measured again
