"""Conditions: what a recommendation is conditional on, because no run varied it or too few images show it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from bench.analysis.known import Known
from bench.dataset import Task
from bench.plan.places import NATURAL

FEW = 30  # test images of a class: all of fewer right leave a recall below 0.9 possible


def conditions(it: Known, labels: np.ndarray) -> Iterator[str]:
    """Give the lines of a belief that rests on test images with these labels, int (I,)."""
    if it.subset:
        yield (
            f"The luck of the drawn training images was seen at {listed(it.subset_at)} on {listed(it.subset)}, and is "
            "taken to be as large for the other methods, and elsewhere in proportion to the scatter of seeds."
        )
    elif not it.drawn_by_seed:
        yield "All runs are on one draw of the training images: what another draw would change is in no interval."
    elif any(place.place == NATURAL for place in it.places):
        yield "At natural no image is left out: what other training images would change is in no interval there."
    staged = [row.method for row in it.rows if row.staged]
    rest = [method for method in staged if method not in it.stage]
    if it.stage:
        taken = f", and is taken to be as large for {listed(rest)}" if rest else ""
        seen = f"at {listed(it.stage_at)} on {listed(it.stage)}"
        yield f"The luck of a trained translator or generator was seen {seen}{taken}."
    elif staged:
        yield f"{listed(staged)}: on one translator or generator a place, whose luck is in no interval."
    yield from _few_images(it.places[0], labels)
    yield "And on this protocol, these validation images, and test images like these."


def _few_images(place: Task, labels: np.ndarray) -> Iterator[str]:
    """Say of a class with few test images what no interval says, by the exact bound of its recall (95 %, one-sided)."""
    images = np.bincount(labels, minlength=len(place.classes))
    fewest = int(images.argmin())
    if 0 < images[fewest] < FEW:
        bound = 0.05 ** (1 / images[fewest])
        there = "is 1 image" if images[fewest] == 1 else f"are {images[fewest]} images"
        yield (
            f"Of {place.classes[fewest]} there {there} to test on: were all decided right, its recall could still be "
            f"{bound:.2f}, and no comparison knows that."
        )


def listed(names: Sequence[str], word: str = "and") -> str:
    """Return names in a row; there is one at least."""
    *others, last = names
    return f"{', '.join(others)} {word} {last}" if others else last
