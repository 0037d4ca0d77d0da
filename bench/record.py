"""Records: the stored outcome of one fit or measurement, complete enough to recompute every figure without training."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

SCHEMA: Literal[2] = 2  # 1: probabilities as float32


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


class Ratios(BaseModel):
    """Probabilities (N, K) as text: their shape, and the base64 of logarithms of their ratios, little-endian float16.

    For two classes these are log(p1 / p0), (N,), for more log(p / max p), (N, K): a quarter or half of what float32
    takes. No probability moves by more than 0.0005, an image's likeliest class stays that, and of two classes images
    keep their order, though some become equal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shape: tuple[int, int]
    ratios: str

    @classmethod
    def of(cls, probabilities: np.ndarray) -> Ratios:
        """Pack probabilities (N, K) of any float type."""
        values = np.asarray(probabilities, dtype=np.float64)
        images, classes = values.shape
        with np.errstate(divide="ignore", invalid="ignore"):  # the logarithm of 0; of what is no probability it is NaN
            logarithms = np.log(values)
        ratios = (
            logarithms[:, 1] - logarithms[:, 0] if classes == 2 else logarithms - logarithms.max(axis=1, keepdims=True)
        )
        return cls(shape=(images, classes), ratios=base64.b64encode(ratios.astype("<f2").tobytes()).decode())

    def array(self) -> np.ndarray:
        """Unpack to float32 (N, K)."""
        ratios = np.frombuffer(base64.b64decode(self.ratios), dtype="<f2").astype(np.float64)
        if self.shape[1] == 2:
            with np.errstate(over="ignore"):  # infinite odds are a probability of 0
                shares = 1 / (1 + np.exp(np.stack([ratios, -ratios], axis=1)))
        else:
            shares = np.exp(ratios.reshape(self.shape))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float32)


class Predictions(BaseModel):
    """Probabilities of one part's images, which are stored class after class in the split's order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    counts: tuple[int, ...]
    probabilities: Ratios | Packed  # Packed: in records of schema 1

    @classmethod
    def of(cls, labels: np.ndarray, probabilities: np.ndarray) -> Predictions:
        """Pack probabilities (N, K) of images whose labels (N,) ascend."""
        return cls(
            counts=tuple(np.bincount(labels, minlength=probabilities.shape[1]).tolist()),
            probabilities=Ratios.of(probabilities),
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

    schema_version: Literal[1, 2] = SCHEMA
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
