"""The environment of a record: what it ran on and with. It explains differences and is never part of an identity."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.training.device import Device, has_cuda, processor

# Of x86, the widest first, as Linux names them.
WIDTHS = {"avx512f": "", "avx2": "AVX2", "avx": "AVX", "sse4_2": "SSE4.2"}
PACKAGES = ("torch", "torchvision", "numpy", "scikit-learn", "imbalanced-learn", "pillow")


def environment(device: Device) -> dict[str, str]:
    """Return versions, operating system, processor and device; no host name, no path."""
    return _fixed() | {"device": device.torch.type, "device_name": device.name if device.is_cuda else told_apart()}


def device_name() -> str:
    """Return what computes here, as records tell it; torch is loaded only where there may be a GPU."""
    return Device.best().name if has_cuda() else told_apart()


@cache
def told_apart(info: Path = Path("/proc/cpuinfo")) -> str:
    """Return the processor's name, and where it lacks AVX-512 the widest instructions that it has.

    Hosts give one name to machines that compute otherwise, and so give other bits.
    """
    flags = set(info.read_text().split()) if info.exists() else set()
    widest = next((name for name in WIDTHS if name in flags), "")
    return f"{processor()} ({WIDTHS[widest]})" if WIDTHS.get(widest) else processor()


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
