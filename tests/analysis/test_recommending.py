"""What to take follows from the records, at every level that they vary; what they do not vary is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_trials import made_up, origin, records

from bench.analysis.origins import Origin
from bench.analysis.recommending import Advised, recommendations
from bench.errors import UserError
from bench.plan.grid import Grid
from bench.plan.job import Job
from bench.record import Predictions, digest

CLEAR = {"Vanilla": 0.6, "CS": 0.7, "OS": 1.6}
SAME = {"Vanilla": 1.2, "CS": 1.2, "OS": 1.2}


def advised(found: Origin, **how: object) -> Advised:
    return recommendations(found, "digits", **how)  # type: ignore[arg-type]


def test_a_clear_winner_is_taken_at_every_place_and_losers_are_named(tmp_path: Path) -> None:
    found = advised(origin(tmp_path, CLEAR))
    assert [it.place.place for it in found.advice] == ["12:6", "12:10"]
    for it in found.advice:
        assert it.found.outcome == "take" and it.choice.method == "OS" and it.choice.best > 0.9
        assert it.methods[0].method == "OS" and {m.method for m in it.methods} == {"Vanilla", "TS", "CS", "OS"}
        assert all(m.loses > 0.01 for m in it.methods[1:]), "so many images and seeds leave no doubt"


def test_figures_beside_the_deciding_one_are_roc_auc_and_acsa_and_a_scale_to_read_them_by(tmp_path: Path) -> None:
    (first, _) = advised(origin(tmp_path, CLEAR)).advice
    for each in first.methods:
        assert set(each.beliefs) == {"f1_minority", "roc_auc", "acsa"}
        assert all(0 <= it.low <= it.mean <= it.high <= 1 for it in each.beliefs.values())
    assert first.scale == pytest.approx({"f1_minority": 2 / 3, "roc_auc": 0.5, "acsa": 0.5})
    best = first.choice.beliefs["f1_minority"].mean + first.choice.regret
    assert first.always.low < first.always.mean < first.always.high
    assert first.always.mean == pytest.approx(best - 2 / 3), "what the best of all is expected to have more"


def test_equal_and_steady_methods_are_equivalent_and_wild_ones_are_not_known(tmp_path: Path) -> None:
    steady = advised(origin(tmp_path, SAME, sd=0.005), delta=0.03).advice[0]
    assert steady.found.outcome == "equivalent" and steady.settle is None and len(steady.among) > 1
    wild = advised(origin(tmp_path, SAME, sd=0.7, seeds=3)).advice[0]
    assert wild.found.outcome == "unknown" and wild.settle is not None, "ignorance is never sold as equivalence"
    assert wild.settle.seeds is None or wild.settle.seeds > 3


def of_subset(job: Job) -> float:
    """Return luck with the subset that each method has for itself: nothing on the first."""
    return (
        0.4 * np.random.default_rng([job.streams.subset, len(job.method)]).standard_normal() * bool(job.streams.subset)
    )


def test_the_luck_of_subsets_enters_every_posterior_and_is_said_where_nothing_varied_it(tmp_path: Path) -> None:
    once = advised(origin(tmp_path, CLEAR))
    varied = {"subsets": 4, "subset_methods": ["Vanilla", "TS", "OS"]}
    several = advised(origin(tmp_path, CLEAR, luck=of_subset, **varied))
    assert any("one draw of the training images" in line for line in once.conditions)
    assert any("was seen at 12:6 on Vanilla, TS and OS" in line for line in several.conditions)
    width = [np.ptp([m.loses, m.most]) for it in (once, several) for m in it.advice[0].methods if m.method == "CS"]
    assert width[1] > width[0], "of CS nothing varied it, and it is doubted all the same"
    runs = {m.method: m.runs for m in several.advice[0].methods}
    assert runs == {"Vanilla": 20, "TS": 20, "OS": 20, "CS": 5}


def test_the_luck_of_subsets_is_said_to_be_seen_where_most_rows_varied_it(tmp_path: Path) -> None:
    most = origin(tmp_path, CLEAR, luck=of_subset, minority=[10], subsets=4, subset_methods=["Vanilla", "TS", "OS"])
    some = origin(tmp_path, CLEAR, luck=of_subset, subsets=3, subset_methods=["Vanilla"])
    found = advised(Origin(some.grid, some.store, some.records | most.records))
    (line,) = [it for it in found.conditions if "drawn training images" in it]
    assert "was seen at 12:10 on Vanilla, TS and OS" in line


@pytest.mark.parametrize("places", [(10,), (6, 10)])
def test_the_luck_of_stages_is_said_to_be_seen_where_they_were_varied(tmp_path: Path, places: tuple[int, ...]) -> None:
    once = origin(tmp_path, CLEAR)
    again = {}
    for job in once.grid.jobs:
        if job.kind == "fit" and job.method == "OS" and min(job.task.counts) in places:
            identity = job.identity | {"streams": job.identity["streams"] | {"stage": 1}}
            again[digest(identity)] = made_up(replace(job, id=digest(identity), identity=identity), 1.6, 0.1)
    found = advised(Origin(once.grid, once.store, once.records | again))
    (line,) = [it for it in found.conditions if "trained translator" in it]
    assert f"was seen at {' and '.join(f'12:{n}' for n in places)} on OS." in line


def test_further_seeds_that_no_table_shows_are_used(tmp_path: Path) -> None:
    few, many = (origin(tmp_path, CLEAR, seeds=seeds) for seeds in (2, 6))
    found = advised(Origin(few.grid, few.store, many.records))
    assert {m.runs for m in found.advice[0].methods} == {6}


def test_methods_without_runs_and_with_fewer_seeds_are_said(tmp_path: Path) -> None:
    lacking = origin(tmp_path, {"Vanilla": 0.6, "OS": 1.6})
    gone = next(job.id for job in lacking.grid.jobs if job.method == "OS" and min(job.task.counts) == 6)
    found = advised(Origin(lacking.grid, lacking.store, {k: v for k, v in lacking.records.items() if k != gone}))
    assert found.lacking["12:6"] == ("CS: not run here", "OS: 4 of 5 seeds")
    assert found.lacking["12:10"] == ("CS: not run here",) and found.advice[0].choice.method == "OS"


def test_a_method_run_at_one_place_alone_competes_there_only(tmp_path: Path) -> None:
    whole = origin(tmp_path, CLEAR)
    elsewhere = {job.id for job in whole.grid.jobs if job.method == "OS" and min(job.task.counts) == 10}
    found = advised(Origin(whole.grid, whole.store, {k: v for k, v in whole.records.items() if k not in elsewhere}))
    assert found.advice[0].choice.method == "OS"
    assert "OS" not in {m.method for m in found.advice[1].methods}


@pytest.mark.parametrize("metric", ["acsa", "roc_auc", "log_loss", "g_mean", "average_precision"])
def test_any_metric_decides_also_one_that_is_better_when_lower(tmp_path: Path, metric: str) -> None:
    it = advised(origin(tmp_path, CLEAR, minority=[6]), metric=metric).advice[0]
    assert it.choice.method == "OS" and it.metric == metric and "acsa" in it.choice.beliefs
    means = {m.method: m.beliefs[metric].mean for m in it.methods}
    best = min if metric == "log_loss" else max
    assert best(means, key=means.__getitem__) == "OS"


@pytest.mark.parametrize(
    ("metric", "says"), [("acas", "did you mean 'acsa'"), ("macro_f1", "is of more than two classes")]
)
def test_a_metric_that_says_nothing_is_refused(tmp_path: Path, metric: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        advised(origin(tmp_path, CLEAR), metric=metric)


def test_nothing_to_choose_between_and_single_seeds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing to choose between: 1 method"):
        advised(origin(tmp_path, {"OS": 1.0}))
    with pytest.raises(UserError, match="no method has two seeds"):
        advised(origin(tmp_path, CLEAR, seeds=1))


def test_the_same_records_give_the_same_numbers(tmp_path: Path) -> None:
    first, again = (advised(origin(tmp_path, CLEAR)) for _ in range(2))
    assert first.advice[0].methods == again.advice[0].methods


def test_a_further_test_part_counts_where_every_run_has_it(tmp_path: Path) -> None:
    plain = origin(tmp_path, CLEAR)
    jobs = {job.id: job for job in plain.grid.jobs}
    both = {
        id: it.model_copy(update={"extended": made_up(jobs[id], CLEAR[jobs[id].method], 0.0, images=150).test})
        for id, it in plain.records.items()
    }
    found = advised(Origin(plain.grid, plain.store, both))
    assert found.extended and found.images == (250, 250)
    one = next(iter(both))
    assert not advised(Origin(plain.grid, plain.store, both | {one: plain.records[one]})).extended


def test_records_of_another_protocol_or_of_one_varied_source_are_no_runs(tmp_path: Path) -> None:
    whole = origin(tmp_path, CLEAR)
    job = next(job for job in whole.grid.jobs if job.method == "OS")
    other = dict(job.identity) | {"protocol": dict(job.identity["protocol"]) | {"epochs": 99}}
    single = dict(job.identity) | {"streams": dict(job.identity["streams"]) | {"dropout": 3}}
    record = whole.records[job.id]
    more = {name: record.model_copy(update={"id": name, "identity": it}) for name, it in (("a", other), ("b", single))}
    found = advised(Origin(whole.grid, whole.store, whole.records | more))
    assert {m.runs for m in found.advice[0].methods} == {5} and not {"a", "b"} & set(found.records)
    assert records(whole.grid, {"OS": 1.6}, 0.05).keys() < whole.records.keys()


def test_seeds_that_draw_the_subset_are_compared_in_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a subset does to all methods is no difference between them, where each seed has drawn one for all."""
    whole = origin(tmp_path, {"Vanilla": 1.0, "CS": 1.0, "OS": 1.3}, minority=[6], seeds=12)
    jobs = {job.id: job for job in whole.grid.jobs}
    drawn = {}
    for id, record in whole.records.items():
        seed, method = jobs[id].streams.order, jobs[id].method
        luck = 0.5 * np.random.default_rng(seed).standard_normal()
        made = made_up(jobs[id], 1.3 if method == "OS" else 1.0, luck)
        streams = dict(record.identity["streams"]) | {"subset": seed}
        drawn[id] = made.model_copy(update={"identity": dict(record.identity) | {"streams": streams}})
    with pytest.raises(UserError, match="no method has two seeds"):
        advised(
            Origin(whole.grid, whole.store, drawn)
        )  # where a subset is not the seed's, one run says nothing of seeds
    own = tuple(
        replace(job, streams=job.streams.model_copy(update={"subset": job.streams.order})) for job in jobs.values()
    )
    found = advised(Origin(Grid(whole.grid.cells, own), whole.store, drawn))
    it, said = found.advice[0], found.conditions
    assert it.choice.method == "OS" and it.found.outcome == "take" and it.choice.best > 0.9
    assert not any("draw of the training images" in line for line in said), "each seed had its own"
    lost = {id: it for id, it in drawn.items() if not (jobs[id].method == "CS" and jobs[id].streams.order == 0)}
    fewer = advised(Origin(Grid(whole.grid.cells, own), whole.store, lost)).advice[0]
    assert fewer.choice.regret < 1.5 * it.choice.regret, "a seed that one method lacks does not unpair the others"
    monkeypatch.setattr("bench.analysis.known._alike_by_seed", lambda groups, places: np.zeros(places))
    unpaired = advised(Origin(Grid(whole.grid.cells, own), whole.store, drawn)).advice[0]
    assert unpaired.choice.regret > 1.5 * it.choice.regret


def test_a_run_that_was_judged_on_other_images_is_named(tmp_path: Path) -> None:
    found = origin(tmp_path, CLEAR)
    id = next(iter(found.records))
    test = found.records[id].test
    assert test is not None
    fewer = Predictions.of(test.labels[1:], test.probabilities.array()[1:])
    records = {**found.records, id: found.records[id].model_copy(update={"test": fewer})}
    with pytest.raises(UserError, match="its test images are not those of the others of digits 12:"):
        advised(replace(found, records=records))


def test_rows_that_decided_alike_in_every_run_are_one(tmp_path: Path) -> None:
    made = origin(tmp_path, {"Vanilla": 1.2, "CS": 0.6, "OS": 1.21}, sd=0.1)
    vanilla = {(job.task.place, str(job.streams)): job.id for job in made.grid.jobs if job.method == "Vanilla"}
    equal = {
        job.id: made.records[job.id].model_copy(
            update={"test": made.records[vanilla[job.task.place, str(job.streams)]].test}
        )
        for job in made.grid.jobs
        if job.method == "CS" and job.id in made.records
    }
    for it in advised(Origin(made.grid, made.store, made.records | equal)).advice:
        one, other = ({m.method: m for m in it.methods}[name] for name in ("Vanilla", "CS"))
        assert (one.regret, one.near, one.beliefs["f1_minority"]) == (
            other.regret,
            other.near,
            other.beliefs["f1_minority"],
        )
        assert {"Vanilla", "CS"} - {m.method for m in it.among} in (set(), {"Vanilla", "CS"})
        assert it.choice.method != "CS", "the first of them is named"
