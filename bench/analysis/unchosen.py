"""Unchosen: places where runs are, and nothing can be taken, with what to run so that something can."""

from __future__ import annotations

from shlex import quote

from bench.analysis.known import Known
from bench.dataset import Task


def unrivalled(deciding: Known) -> dict[Task, str]:
    """Return, for the places where one method alone has runs, a sentence that says so, and what to run."""
    found = {}
    for p, place in enumerate(deciding.places):
        if len(there := deciding.there(p)) == 1:
            found[place] = (
                f"{place.dataset} {place.place}: there is nothing to choose between: {deciding.rows[there[0]].method} "
                f"alone has runs; {_to_run(place)} makes those of others"
            )
    return found


def single_run(place: Task) -> str:
    """Return the sentence for a place where no method has two runs, with what to run."""
    luck = "no method has two runs, so that nothing is known of luck"
    return f"{place.dataset} {place.place}: there is nothing to choose by: {luck}; {_to_run(place)} makes more"


def _to_run(place: Task) -> str:
    where = ":".join(map(str, place.counts))
    return f"`imbench run --dataset {place.dataset} --at {quote(where)}`"
