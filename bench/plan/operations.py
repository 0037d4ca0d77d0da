"""Counted operations of jobs, remembered on disk: to count them takes torch, to ask for them again does not."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from numbers import Real
from pathlib import Path
from typing import cast

from bench.errors import ConfigError, StoreError
from bench.networks.network import step_operations
from bench.plan.job import Job
from bench.plan.jobcode import code_of
from bench.protocol import Protocol
from bench.record import digest
from bench.store.leftovers import write_anew
from bench.store.regular import MIB, read_regular

MOST_OPERATIONS = 1e30  # as a record's cost may have
OF_CHANCE = ("streams", "stream")  # what of an identity changes no count


def operations(job: Job) -> float:
    """Count about how many floating-point operations a job takes; exact for plain fits where epochs are equal.

    It is 0 where no machine could do as many, or where a plugin tells of no possible number: how long such a job takes
    is learned from its own kind alone.

    Raises
    ------
    ConfigError
        A method or stage tells of something that is no number; the text names it.
    """
    found = job.counting() if job.counting else 0.0
    return found if 0 <= found <= MOST_OPERATIONS else 0.0


def as_told(count: object, whose: str) -> float:
    """Return the operations that a method or stage tells of, NaN where there cannot be as many.

    Raises
    ------
    ConfigError
        It is no number.
    """
    if isinstance(count, bool) or not isinstance(count, Real):
        raise ConfigError(f"{whose} must return a number of operations, not {type(count).__name__}")
    number = cast("float", count)  # an integer may be too large for one
    return float(number) if 0 <= number <= MOST_OPERATIONS else math.nan


def classifier_operations(protocol: Protocol, counts: tuple[int, ...]) -> float:
    """Count the floating-point operations of training a protocol's classifier on a task."""
    each = step_operations(protocol.backbone, protocol.image_size, len(counts))
    return protocol.epoch_images(counts, sum(counts)) * protocol.epochs * each


class Counted:
    """The operations of jobs, by what they compute and by which code.

    Parameters
    ----------
    file
        Where they are remembered; None: nowhere.
    counting
        Whether to count what is not known yet.
    """

    def __init__(self, file: Path | None = None, counting: bool = True) -> None:
        self._file, self._counting = file, counting
        self._known = _read(file) if file else {}
        self._codes: dict[int, str] = {}
        self._keys: dict[str, str] = {}
        self._new = False

    def of(self, job: Job) -> float | None:
        """Return the operations of a job, None where they are not known and nobody may count."""
        key = self._keys.get(job.id) or self._keys.setdefault(job.id, self._key(job))
        if key not in self._known and self._counting:
            self._known[key], self._new = operations(job), True
        return self._known.get(key)

    def own(self, job: Job) -> float:
        """Return the operations of a fit's classifier alone, without those of images that a stage makes for it."""
        key = f"{self._keys.get(job.id) or self._keys.setdefault(job.id, self._key(job))} own"
        if key not in self._known and self._counting:
            self._known[key], self._new = classifier_operations(job.protocol, job.task.counts), True
        return self._known.get(key, math.inf)

    def save(self) -> None:
        """Remember what was counted; a cache that cannot be written stops nobody."""
        if self._file and self._new:
            with suppress(StoreError):
                write_anew(self._file, json.dumps(self._known, indent=0).encode(), durable=False)
            self._new = False

    def _key(self, job: Job) -> str:
        code = code_of(job)
        if id(code) not in self._codes:  # many jobs share one, which stays for as long as this process
            self._codes[id(code)] = digest(code)
        kept = {name: value for name, value in job.identity.items() if name not in OF_CHANCE}
        return digest([kept, self._codes[id(code)]])


def _read(file: Path) -> dict[str, float]:
    try:
        found = json.loads(read_regular(file, 64 * MIB))
        return {str(key): float(value) for key, value in found.items() if 0 <= value <= MOST_OPERATIONS}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}  # it can be counted again
