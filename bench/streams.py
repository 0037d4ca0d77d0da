"""Random streams: one number for each thing that chance decides, so that each can be varied alone."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict


class Streams(BaseModel):
    """The number of every random stream of a fit; all of them enter its identity.

    `Streams.of(s)` is the shorthand `seed = s`: all streams but `subset` and `stage`, which stay fixed as in the
    paper ("5 runs on fixed data with different initialisations").
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    subset: int = 0
    stage: int = 0
    initialisation: int = 0
    order: int = 0
    augmentation: int = 0
    dropout: int = 0
    resampling: int = 0

    @classmethod
    def of(cls, seed: int) -> Streams:
        """Return the streams of one of the harness's seeds."""
        return cls(initialisation=seed, order=seed, augmentation=seed, dropout=seed, resampling=seed)

    def seed(self, stream: str, use: str = "") -> int:
        """Return a 63-bit seed for one stream, or one use of it; equal numbers in different streams are unrelated."""
        text = f"{stream}:{getattr(self, stream)}:{use}"
        return int.from_bytes(sha256(text.encode()).digest()[:8], "little") >> 1

    def torch(self, stream: str, device: torch.device | str = "cpu", use: str = "") -> torch.Generator:
        """Return a fresh torch generator at the start of a stream, or of one use of it, on `device`."""
        return torch.Generator(device=device).manual_seed(self.seed(stream, use))

    def numpy(self, stream: str, use: str = "") -> np.random.Generator:
        """Return a fresh numpy generator at the start of a stream, or of one use of it."""
        return np.random.default_rng(self.seed(stream, use))
