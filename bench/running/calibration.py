"""Calibration: how fast this machine computes, measured for a second and remembered; the time left begins with it."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from bench.errors import StoreError
from bench.protocol import Protocol
from bench.store.atomic import write_atomically
from bench.training.device import Device, has_cuda, processor

SECONDS = 1.0
CHANNELS, SIDE, BATCH, KERNEL = 32, 64, 8, 3


def speed(file: Path, protocol: Protocol, measure: bool = True) -> float | None:
    """Return the floating-point operations a second that one worker does in training.

    Parameters
    ----------
    file
        Where measured speeds are remembered, by processor or GPU, threads, precision and version of torch.
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
    name = Device.best().name if has_cuda() else processor()
    return f"{name}, {protocol.threads} threads, {protocol.precision}, torch {torch_version}"


def _measured(protocol: Protocol) -> float:
    device = Device.best()
    with device.session(protocol):
        layer = device.model(torch.nn.Conv2d(CHANNELS, CHANNELS, KERNEL, padding=1))
        images = torch.zeros(BATCH, CHANNELS, SIDE, SIDE, device=device.torch)
        images = images.to(memory_format=torch.channels_last).requires_grad_()
        steps, started = -1, time.perf_counter()
        while steps < 1 or time.perf_counter() - started < SECONDS:
            if steps == 0:
                started = time.perf_counter()  # the first is slow
            with device.autocast(protocol):
                loss = layer(images).float().square().mean()
            loss.backward()
            loss.item()  # a GPU works on after the call has returned
            steps += 1
        each = 3 * 2 * BATCH * SIDE**2 * CHANNELS**2 * KERNEL**2  # forward, and back to inputs and weights
        return steps * each / (time.perf_counter() - started)


def _read(file: Path) -> dict[str, float]:
    try:
        return {str(key): float(value) for key, value in json.loads(file.read_bytes()).items() if value > 0}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}  # it can be measured again
