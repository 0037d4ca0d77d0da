"""The second opinion: a drawn sample of the grid's fits done again, on another machine or processor if there is one.

Its records are twins with a mark of their own and lie in a store of their own, below the one that they check.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from hashlib import sha256
from math import ceil
from typing import Any

from bench.errors import UserError
from bench.plan.controls import stages_of
from bench.plan.grid import Grid
from bench.plan.job import Job
from bench.plan.twins import twin
from bench.record import digest
from bench.store.store import Store

SECOND = "second"  # the folder, and the mark


def read_share(text: str) -> Fraction:
    """Return the share that `2%` or `0.02` says.

    Raises
    ------
    UserError
        It is no number above 0 and up to 1.
    """
    try:
        if "e" in text.lower():  # a power of ten that no memory holds, perhaps
            raise ValueError
        share = Fraction(text.strip().removesuffix("%")) / (100 if text.strip().endswith("%") else 1)
    except (ValueError, ZeroDivisionError):
        share = Fraction(0)
    if not 0 < share <= 1:
        raise UserError(f"--rerun {text}: give a share above 0 % and up to 100 %, such as 2%")
    return share


def drawn(ids: Collection[str], share: Fraction) -> list[str]:
    """Return so large a share of ids, at least one of any, by lot.

    The lot hangs on nothing but the ids: it falls alike everywhere, a larger share holds the smaller one, and records
    that come later change none of it but by their own lot.
    """
    lots = sorted(set(ids), key=lambda id: sha256(f"{SECOND} {id}".encode()).digest())
    return lots[: ceil(share * len(lots))]


def second(job: Job, processor: str) -> Job:
    """Return the job that does a fit again as a second opinion of it, on a processor."""
    again = twin(job, processor)
    identity = again.identity | {"for": SECOND}
    return replace(again, id=digest(identity), identity=identity)


def first_of(identity: Mapping[str, Any]) -> str | None:
    """Return the id of the fit that a record of this identity is a second opinion of, None if it is none."""
    if identity.get("for") != SECOND:
        return None
    return digest({name: it for name, it in identity.items() if name not in ("for", "processor")} | {"kind": "fit"})


def second_jobs(grid: Grid, ids: Iterable[str], processor: str) -> list[Job]:
    """Return the second opinions of fits of a grid, after the stages that they rest on, which are made again too."""
    jobs = {job.id: job for job in grid.jobs}
    wanted = [jobs[id] for id in ids]
    needed = {id for job in wanted for id in stages_of(job, jobs)}
    return [*(job for job in grid.jobs if job.id in needed), *(second(job, processor) for job in wanted)]


def beside(store: Store) -> Store:
    """Return the store of the second opinions of another's records."""
    return Store(store.root / SECOND, read_only=True)
