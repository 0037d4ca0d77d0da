"""Measurements: what judges say about a translator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.device import Device
from bench.fit import Parts
from bench.stage import Translator


def measure(translator: Translator, judges: Sequence[Any], parts: Parts, device: Device) -> dict[str, float]:
    """Translate validation and test images in both directions and judge them."""
    raise NotImplementedError
