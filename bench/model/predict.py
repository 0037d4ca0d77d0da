"""New images through a model: decoded as the training images were, batch by batch; what cannot be is named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from bench.data.decoding import SUFFIXES, Shape, decoded, fitted
from bench.data.folders import passed_over
from bench.errors import DataError, UserError
from bench.model.saved import BATCH


class Decider(Protocol):
    """What decides about images: a model of ours, or one that was exported."""

    @property
    def classes(self) -> tuple[str, ...]: ...
    @property
    def shape(self) -> Shape: ...
    @property
    def image_size(self) -> int: ...
    def decided(self, pixels: torch.Tensor) -> tuple[np.ndarray, np.ndarray]: ...


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says of one file: the class by name with the probabilities of all, or why it could not be read."""

    path: Path
    decision: str = ""
    probabilities: tuple[float, ...] = ()
    error: str = ""


def image_files(places: Sequence[Path]) -> list[Path]:
    """Return the files that are named, and the images below the folders that are, in order.

    Raises
    ------
    UserError
        A place does not exist, or there is no image at all.
    """
    found: list[Path] = []
    for place in places:
        if not place.exists():
            raise UserError(f"{place}: no such file or folder")
        inside = (path for path in place.rglob("*") if _is_image(path, place))
        found += sorted(inside) if place.is_dir() else [place]
    if not found:
        raise UserError(f"no image in {', '.join(map(str, places))}")
    return list(dict.fromkeys(found))


def predictions(
    model: Decider, files: Sequence[Path], progress: Callable[[int, int], None] | None = None
) -> Iterator[Prediction]:
    """Yield what the model says of each file, in order."""
    for start in range(0, len(files), BATCH):
        yield from _batch(model, files[start : start + BATCH])
        if progress:
            progress(min(start + BATCH, len(files)), len(files))


def _is_image(path: Path, place: Path) -> bool:
    """Return whether a file below a place is an image; what training passes over is not meant."""
    hidden = any(passed_over(Path(piece)) for piece in path.relative_to(place).parts)
    return path.suffix.lower() in SUFFIXES and not hidden and path.is_file()


def _batch(model: Decider, files: Iterable[Path]) -> list[Prediction]:
    said: dict[Path, Prediction] = {}
    pixels: dict[Path, np.ndarray] = {}
    for path in files:
        try:
            picture = fitted(decoded(path), model.shape, model.image_size)
            pixels[path] = np.asarray(picture).transpose(2, 0, 1)
        except (DataError, OSError) as error:
            said[path] = Prediction(path, error=" ".join(str(error).split()))
    if pixels:
        probabilities, labels = model.decided(torch.from_numpy(np.stack(list(pixels.values()))))
        for path, row, label in zip(pixels, probabilities, labels, strict=True):
            said[path] = Prediction(path, model.classes[label], tuple(float(p) for p in row))
    return [said[path] for path in files]
