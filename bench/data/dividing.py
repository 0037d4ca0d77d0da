"""Spare images divided once by published names: some for judges of made images, the others a second test part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bench.data.carving import Parts, SplitError


def divide_spare(
    spare: Mapping[str, Sequence[str]], together: Iterable[Sequence[str]], known: int, fewest: int
) -> Parts:
    """Divide a split's spare images into `judging` and `extended`, in their order; none is left spare.

    Parameters
    ----------
    spare
        The spare images of each class, in the split's order, which is one of chance.
    together
        Groups of near duplicates among all images of the dataset.
    known
        So many leading images of each class have been looked at already (by trials of translators, say): they judge.
    fewest
        So many images of each class judge at least.

    Notes
    -----
    `extended` has as many images of each class: the last ones of the split's order that have no near duplicate
    anywhere. All others judge, near duplicates among them.

    Raises
    ------
    SplitError
        A class has no image for `extended`.
    """
    grouped = {name for group in together for name in group}
    free = {
        label: [name for name in names[known:] if name not in grouped][-(len(names) - fewest) :]
        for label, names in spare.items()
        if len(names) > fewest
    }
    size = min((len(free.get(label, ())) for label in spare), default=0)
    if not size:
        label = next(label for label in spare if not free.get(label))
        raise SplitError(f"class {label}: no spare image is left over for a second test part", label)
    extended = {label: tuple(names[-size:]) for label, names in free.items()}
    tested = {name for names in extended.values() for name in names}
    judging = {label: tuple(name for name in names if name not in tested) for label, names in spare.items()}
    return {"judging": judging, "extended": extended, "spare": dict.fromkeys(spare, ())}
