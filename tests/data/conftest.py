"""Fixtures of the tests on datasets."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.dataset import Dataset


@pytest.fixture
def real() -> Callable[[type[Dataset]], Dataset]:
    """Return what makes a dataset over its real images, and skips the test where they are not here."""
    root = os.environ.get("IMBENCH_DATA")

    def at(cls: type[Dataset]) -> Dataset:
        if not root or not (Path(root) / cls.name).is_dir():
            pytest.skip("IMBENCH_DATA does not name a folder with these images")
        return cls(Path(root) / cls.name)

    return at
