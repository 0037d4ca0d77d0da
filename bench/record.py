"""Records: the stored outcome of one fit or measurement, complete enough to recompute every figure without training."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

SCHEMA: Literal[1] = 1


class Packed(BaseModel):
    """A float32 array as text: its shape and the base64 of its little-endian bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shape: tuple[int, ...]
    base64: str

    @classmethod
    def of(cls, array: np.ndarray) -> Packed:
        """Pack an array of any float type."""
        values = np.ascontiguousarray(array, dtype="<f4")
        return cls(shape=values.shape, base64=base64.b64encode(values.tobytes()).decode())

    def array(self) -> np.ndarray:
        """Unpack to float32."""
        return np.frombuffer(base64.b64decode(self.base64), dtype="<f4").reshape(self.shape)


class Predictions(BaseModel):
    """Probabilities of one part's images, which are stored class after class in the split's order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    counts: tuple[int, ...]
    probabilities: Packed

    @classmethod
    def of(cls, labels: np.ndarray, probabilities: np.ndarray) -> Predictions:
        """Pack probabilities (N, K) of images whose labels (N,) ascend."""
        return cls(
            counts=tuple(np.bincount(labels, minlength=probabilities.shape[1]).tolist()),
            probabilities=Packed.of(probabilities),
        )

    @property
    def labels(self) -> np.ndarray:
        """True classes, int64 (N,)."""
        return np.repeat(np.arange(len(self.counts)), self.counts)


class Cost(BaseModel):
    """What a fit took. `flops` are counted, not timed; `peak_memory_bytes` is the worker process's peak.

    `seconds` is by the wall clock, which other work on the machine slows; `processor_seconds` is the time on cores, 0
    where nobody measured it or an earlier sitting did a part.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: float = 0.0
    processor_seconds: float = 0.0
    train_images: int = 0
    flops: float = 0.0
    peak_memory_bytes: int = 0


class Record(BaseModel):
    """One outcome. `id` is the digest of `identity`; `code` maps each module that the work used to a digest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = SCHEMA
    id: str
    identity: dict[str, Any]
    code: dict[str, str] = Field(default_factory=dict)
    status: Literal["done", "failed"]
    error: str = ""
    failed_epoch: int | None = None
    validation: Predictions | None = None
    test: Predictions | None = None
    extended: Predictions | None = None  # of further test images, where the split has such a part
    selected_epoch: int | None = None
    chosen: dict[str, float] = Field(default_factory=dict)  # numbers that training chose on validation data
    history: list[dict[str, float]] = Field(default_factory=list)
    figures: dict[str, float] = Field(default_factory=dict)
    answers: dict[str, Packed] = Field(default_factory=dict)  # of a measurement: what judges say, image by image
    cost: Cost = Field(default_factory=Cost)
    environment: dict[str, str] = Field(default_factory=dict)
    finished: str = ""

    @property
    def code_digest(self) -> str:
        """One digest of all code digests."""
        return digest(self.code)

    @property
    def kind(self) -> str:
        """`fit` or `measurement`."""
        return str(self.identity.get("kind", "fit"))


def canonical(value: object) -> str:
    """Return the one JSON text of a value: sorted keys, no blanks, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def digest(value: object) -> str:
    """Return the identity of a JSON value: 20 hex digits of the SHA-256 of its canonical text."""
    return sha256(canonical(value).encode()).hexdigest()[:20]
