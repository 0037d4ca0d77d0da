"""New images through a model: decoded as the training images were, batch by batch; what cannot be is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from bench.data.colours import Colours
from bench.data.decoding import Shape, decoded, fitted
from bench.data.folders import counted, images_below
from bench.errors import DataError, UserError
from bench.model.saved import BATCH


class Decider(Protocol):
    """What decides about images: a model of ours, or one that was exported."""

    @property
    def classes(self) -> tuple[str, ...]: ...
    @property
    def shape(self) -> Shape: ...
    @property
    def colours(self) -> Colours: ...
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


def image_files(places: Sequence[Path], besides: Iterable[Path] = ()) -> tuple[list[Path], str]:
    """Return the files that are named and the images below the folders that are, in order, and what else is there.

    Folders are read as those of training images are.

    Parameters
    ----------
    besides
        Folders whose images are not meant: those that copies go to.

    Raises
    ------
    UserError
        A place does not exist, a folder cannot be listed, or there is no image at all.
    """
    found: list[Path] = []
    other: Counter[str] = Counter()
    for place in places:
        if not place.exists():
            raise UserError(f"{place}: no such file or folder")
        found += sorted(images_below(place, place, other)) if place.is_dir() else [place]
    copies = [it.resolve() for it in besides]
    once = {path.resolve(): path for path in reversed(found)}  # by the first of its names
    meant = {real for real in once if not any(map(real.is_relative_to, copies))}
    if sorted_before := len(once) - len(meant):
        other[f"{'image' if sorted_before == 1 else 'images'} where copies go"] += sorted_before
    if not meant:
        left_out = f"; left out: {counted(other)}" if other else ""
        raise UserError(f"no image in {', '.join(map(str, places))}{left_out}")
    return [
        path for path in dict.fromkeys(found) if once.get(path.resolve()) == path and path.resolve() in meant
    ], counted(other)


def predictions(
    model: Decider, files: Sequence[Path], progress: Callable[[int, int], None] | None = None
) -> Iterator[Prediction]:
    """Yield what the model says of each file, in order."""
    for start in range(0, len(files), BATCH):
        yield from _batch(model, files[start : start + BATCH])
        if progress:
            progress(min(start + BATCH, len(files)), len(files))


def _batch(model: Decider, files: Iterable[Path]) -> list[Prediction]:
    said: dict[Path, Prediction] = {}
    pixels: dict[Path, np.ndarray] = {}
    for path in files:
        try:
            picture = fitted(decoded(path, colours=model.colours), model.shape, model.image_size)
            pixels[path] = np.asarray(picture).transpose(2, 0, 1)
        except (DataError, OSError) as error:
            said[path] = Prediction(path, error=" ".join(str(error).split()))
    if pixels:
        probabilities, labels = model.decided(torch.from_numpy(np.stack(list(pixels.values()))))
        for path, row, label in zip(pixels, probabilities, labels, strict=True):
            said[path] = Prediction(path, model.classes[label], tuple(float(p) for p in row))
    return [said[path] for path in files]
