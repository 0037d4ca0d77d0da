"""What a report has compared in other processes is what it would have compared in its own."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from builders import bench_toml
from small_trials import METHODS, origin

from bench.analysis.experiments import costs
from bench.analysis.recommending import recommendations
from bench.plan.config import load_config
from bench.plan.grid import build_grid
from bench.report.ahead import ahead
from bench.report.recommended import answer
from bench.report.subject import _advised, others_know_methods


def test_recommendations_of_other_processes_are_those_made_here_doubts_and_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.report.ahead.cpu_count", lambda: 2)
    asked = []
    for name, skills in {"clear": {"Vanilla": 0.6, "OS": 1.6}, "doubtful": {"Vanilla": 1.2, "OS": 1.2}}.items():
        (tmp_path / name).mkdir()
        made = origin(tmp_path / name, skills, sd=0.7, seeds=3)
        asked.append(partial(_advised, "digits", made.slim(), costs(made.grid, made.records.get)))
    there, here = (list(ahead(asked, "compared methods", here=it)) for it in (False, True))
    assert [answer(it, "Digits") for it in there] == [answer(it, "Digits") for it in here]  # type: ignore[arg-type]
    assert any(each.settled for it in there for each in it.advice), "one of them is in doubt"  # type: ignore[union-attr]
    found = there[1]
    assert not isinstance(found, str) and all("settle" in vars(each) for each in found.advice), "found there already"


def test_a_dataset_of_which_nothing_can_be_said_is_told_by_its_reason(tmp_path: Path) -> None:
    made = origin(tmp_path, {"Vanilla": 1.0}, methods=["Vanilla"])
    told = _advised("digits", made.slim(), {})
    assert isinstance(told, str) and "there is nothing to choose between" in told


def test_a_slim_origin_recommends_the_same_by_runs_that_its_grid_does_not_plan_too(tmp_path: Path) -> None:
    """Further seeds and subsets are no cells, and what they tell of luck decides how sure a recommendation is."""
    run = {"seeds": 6, "subsets": 3, "subset_methods": ["Vanilla", "OS"]}
    made = origin(tmp_path, {"Vanilla": 1.0, "OS": 1.2}, sd=0.3, **run)
    fewer = build_grid(
        load_config(bench_toml(tmp_path, datasets=["digits"], methods=list(METHODS), minority=[6, 10], seeds=2))
    )
    foreign = next(iter(made.records.values())).model_copy(update={"id": "f", "identity": {"dataset": "stripes"}})
    whole = replace(made, grid=fewer, records={**made.records, "f": foreign})
    slim, planned = whole.slim(), {job.id for job in fewer.jobs}
    assert slim.records == made.records and slim.records.keys() - planned, "some are not planned"
    told = [answer(recommendations(it, "digits"), "Digits") for it in (whole, slim)]
    assert told[0] == told[1]
    less = replace(whole, records={id: it for id, it in made.records.items() if id in planned})
    assert answer(recommendations(less, "digits"), "Digits") != told[0], "they matter"


def test_methods_of_plugins_and_a_run_in_one_process_stay_in_it(tmp_path: Path) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text("")
    run = partial(load_config, bench_toml(tmp_path, executor="loky"))
    assert others_know_methods(run()) and not others_know_methods(run(executor="inline"))
    assert not others_know_methods(load_config(bench_toml(tmp_path, plugins=[plugin], executor="loky")))


def test_what_goes_wrong_elsewhere_is_raised_where_its_result_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.report.ahead.cpu_count", lambda: 2)
    made = ahead([partial(int, "1"), partial(int, "x"), partial(int, "3")], "counted")
    with pytest.raises(ValueError, match="invalid literal"):
        list(made)
