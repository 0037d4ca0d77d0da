"""Files of published weights, whose names end in the first eight hex digits of their SHA-256 as torch's hub has it."""

from __future__ import annotations

from hashlib import file_digest
from pathlib import Path

import torch
from torch import Tensor

from bench.errors import UserError


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a weights file `NAME-DIGEST.pth`; nothing else in it can run or be made.

    Raises
    ------
    UserError
        The file cannot be read, or its content has not the digest in its name.
    """
    expected = path.stem.rsplit("-", 1)[-1]
    try:
        with path.open("rb") as file:
            found = file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error
    if not found.startswith(expected):
        raise UserError(f"{path}: not the published weights (SHA-256 {found[:8]}, not {expected}); delete it")
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state
