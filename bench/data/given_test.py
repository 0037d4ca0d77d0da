"""Splits around a test part that others have fixed: what resembles it trains nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from bench.data.carving import Parts, SplitError


def carve_beside(
    test: Mapping[str, Sequence[str]],
    names: Mapping[str, Sequence[str]],
    sizes: Mapping[str, int],
    together: Iterable[Sequence[str]] = (),
    seed: int = 0,
) -> Parts:
    """Draw the other parts of a split whose test part is given.

    Parameters
    ----------
    test
        The given test images of each class.
    names
        The images of each class that other parts are made of.
    sizes
        How many images of every class go to each part; `train` comes last. What is left over is `spare`.
    together
        Groups of near duplicates among all of these.

    Notes
    -----
    What is in a group with a test image is in no part at all; other groups train; all other parts are drawn from images
    that have no near duplicate. Order within a part is by chance.

    Raises
    ------
    SplitError
        A class has too few images; for other parts than `train`, too few without a near duplicate.
    """
    rng = np.random.default_rng(seed)
    fixed = {name for found in test.values() for name in found}
    left_out, grouped = set[str](), set[str]()
    for group in together:
        (grouped if fixed.isdisjoint(group) else left_out).update(group)
    parts: Parts = {
        "test": {label: tuple(found) for label, found in test.items()},
        **{p: {} for p in sizes},
        "spare": {},
    }
    for label, found in names.items():
        order = [sorted(found)[i] for i in rng.permutation(len(found))]
        usable = [name for name in order if name not in left_out]
        # Those that may be nowhere else come first in what trains.
        pool = sorted(usable, key=lambda name: name in grouped)
        for part, size in sizes.items():
            # A double in another part than `train` would leave its fellow to be trained on.
            fit = pool if part == "train" else [name for name in pool if name not in grouped]
            taken = fit[max(0, len(fit) - size) :] if part == "train" else fit[:size]
            if len(taken) < size:
                raise SplitError(f"class {label}: {len(taken)} images for the part {part!r}, which needs {size}", label)
            chosen = set(taken)
            pool = [name for name in pool if name not in chosen]
            parts[part][label] = tuple(name for name in order if name in chosen)
        kept = {name for part in sizes for name in parts[part][label]}
        parts["spare"][label] = tuple(name for name in usable if name not in kept)
    return parts
