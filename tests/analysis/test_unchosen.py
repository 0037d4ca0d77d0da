"""Where nothing can be taken it is said why, and what to run; such a place takes nothing from the others."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from small_trials import origin

from bench.analysis.believed import believed
from bench.analysis.origins import Origin
from bench.analysis.recommending import Advised, recommendations
from bench.errors import UserError
from bench.report.charts import critical_difference

CLEAR = {"Vanilla": 0.6, "CS": 0.7, "OS": 1.6}


def advised(found: Origin) -> Advised:
    return recommendations(found, "digits")


@pytest.mark.parametrize("others", [(), ("CS",)], ids=["one at each place", "one at one place"])
def test_a_place_with_one_method_has_no_outcome(tmp_path: Path, others: tuple[str, ...]) -> None:
    whole = origin(tmp_path, {"OS": 1.6, "CS": 0.7})
    at = {"OS": (10,), "CS": (6,)} | dict.fromkeys(others, (6, 10))
    kept = {job.id for job in whole.grid.jobs if min(job.task.counts) in at.get(job.method, ())}
    found = Origin(whole.grid, whole.store, {k: v for k, v in whole.records.items() if k in kept})
    if not others:
        with pytest.raises(
            UserError, match=r"12:6: there is nothing .* CS alone has runs.*12:10: .* OS alone has runs"
        ):
            advised(found)
        return
    told = advised(found)
    assert [it.place.place for it in told.advice] == ["12:10"]
    assert [(place.place, "CS alone has runs" in why) for place, why in told.alone.items()] == [("12:6", True)]


def test_where_no_method_has_two_runs_nothing_is_taken_and_it_is_said_what_to_run(tmp_path: Path) -> None:
    whole = origin(tmp_path, CLEAR)
    again = {job.id for job in whole.grid.jobs if min(job.task.counts) == 10 and job.streams.order}
    found = Origin(whole.grid, whole.store, {k: v for k, v in whole.records.items() if k not in again})
    told = advised(found)
    assert [it.place.place for it in told.advice] == ["12:6"] and told.advice[0].choice.method == "OS"
    ((place, why),) = told.alone.items()
    assert (
        place.place == "12:10" and "no method has two runs" in why and "imbench run --dataset digits --at 12:10" in why
    )
    assert [it.place for it in believed(found, "digits", lambda _: "").places] == ["12:6"]
    there = {id: it for id, it in found.records.items() if id in {job.id for job in found.grid.jobs}}
    assert not {id for id in told.records if 10 in there[id].identity["counts"]}  # type: ignore[operator]


def column(**means: float) -> SimpleNamespace:
    """Return a place's decisions as far as ranks are of them: methods with all their seeds, and means."""
    figures = np.array([[[mean, mean] for mean in means.values()]])
    found = SimpleNamespace(methods=tuple(means), metrics=(SimpleNamespace(name="acsa"),), figures=lambda: figures)
    found.complete = lambda: found
    return found


def test_a_place_where_hardly_any_row_is_whole_takes_the_ranks_from_no_other() -> None:
    subjects = [
        SimpleNamespace(task=name, headline="acsa", outcomes={"exp 100": column(OS=0.4, TS=0.3)}) for name in "abc"
    ]
    (drawn,) = critical_difference(subjects)  # type: ignore[arg-type]
    subjects[0].outcomes |= {"exp 1": column(), "exp 10": column(OS=0.5)}
    (again,) = critical_difference(subjects)  # type: ignore[arg-type]
    assert again.args == drawn.args  # type: ignore[attr-defined]
    subjects[1].outcomes = subjects[2].outcomes = {"exp 1": column(OS=0.5)}
    assert not [*critical_difference(subjects)], "one dataset has no mean rank"  # type: ignore[arg-type]
