"""Cut: the imbalance behind a record's counts, so that a place is called as the command that made it did."""

from __future__ import annotations

from collections.abc import Iterable

from bench.dataset import Imbalance, one, rare, vector

DECIMALS = 3  # fewer than so many has a percentage that a place is called by


def cut_to(counts: tuple[int, ...], asked: Iterable[tuple[int, ...]], whole: tuple[int, ...]) -> Imbalance:
    """Return the imbalance that makes these training images of each class, (K,).

    It is one rare class where all others are as in counts that are asked for. Where one class of several is cut, it is
    the reduction to a share that is spelled with the fewest decimals.

    Parameters
    ----------
    asked
        Counts of the places that a configuration names.
    whole
        Images that the training part has of each class.
    """
    if any(counts[:-1] == other[:-1] for other in asked):
        return rare(counts[-1])
    cut = [k for k, n in enumerate(counts) if n < whole[k]]
    if len(cut) == 1 and len(counts) > 2:
        exact = 100 * counts[cut[0]] / max(n for k, n in enumerate(counts) if k != cut[0])
        reductions = (one(cut[0], round(exact, decimals)) for decimals in range(DECIMALS))
        return next((it for it in reductions if it.value and it.counts(whole) == counts), vector(counts))
    return vector(counts)
