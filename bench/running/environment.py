"""The environment of a record: what it ran on and with. It explains differences and is never part of an identity."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from bench.training.device import Device, has_cuda, processor

PACKAGES = ("torch", "torchvision", "numpy", "scikit-learn", "imbalanced-learn", "pillow")


def environment(device: Device) -> dict[str, str]:
    """Return versions, operating system, processor and device; no host name, no path."""
    return _fixed() | {"device": device.torch.type, "device_name": device.name}


def device_name() -> str:
    """Return what computes here, as records tell it; torch is loaded only where there may be a GPU."""
    return Device.best().name if has_cuda() else processor()


@cache
def _fixed() -> dict[str, str]:
    versions = {package: _version(package) for package in PACKAGES}
    return versions | {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
