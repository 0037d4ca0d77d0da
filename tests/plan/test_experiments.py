"""Controls, audits and repeats are fits of their own: they cost what they say and never enter a table."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, refused, reported_cells
from small_stages import STAGES

from bench.errors import ConfigError
from bench.plan.audit import audits
from bench.plan.config import Config, load_config
from bench.plan.controls import controls
from bench.plan.grid import build_grid
from bench.plan.operations import operations
from bench.plan.repeats import repeats
from bench.store.artifacts import CLASSIFIER, Weights
from bench.store.store import Store
from bench.streams import Streams

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    return tmp_path


def config(folder: Path, **run: object) -> Config:
    settings = {"methods": ["Vanilla", "AUG", "ALT"], "minority": [4, 6], "seeds": 2, "translators": 1} | run
    return load_config(bench_toml(folder, STAGES.format(more=""), **settings))


def test_a_control_spends_what_its_method_and_its_share_of_the_stages_spend(folder: Path) -> None:
    settings = config(folder)
    found = controls(settings)
    told = Counter((control.of.method, control.job.method) for control in found)
    cheap = {(costly, row): 2 for costly in ("AUG", "ALT") for row in ("Vanilla", "OS")}
    assert told == cheap | {("ALT", "AUG"): 2}, "nothing controls itself, nor what spends less"
    assert {min(control.of.task.counts) for control in found} == {4}
    each = found[0].spent / found[0].epochs
    for control in found:
        assert abs(control.spent - control.budget) <= each / 2 or control.epochs == 1
        assert control.job.protocol.epochs == control.epochs
        assert operations(control.job) == pytest.approx(control.epochs * each)
    jobs = {job.id: job for job in build_grid(settings).jobs}
    translator = next(job for job in jobs.values() if job.method == "CycleGAN" and min(job.task.counts) == 4)
    augmented = next(control for control in found if control.of.method == "AUG")
    shared_by = 4  # AUG and ALT, two seeds each
    views = next(job for job in jobs.values() if job.method.startswith("Views"))
    share = operations(translator) / shared_by + operations(views) / 2
    assert augmented.budget == pytest.approx(operations(augmented.of) + share)
    longer = next(control for control in found if control.job.method == "AUG")
    assert longer.spent == pytest.approx(operations(longer.job) + share), "it rests on its own translator, for longer"
    assert {need.id for need in longer.job.needs} <= {stage.id for stage in longer.stages}


def test_another_number_of_seeds_or_users_freezes_other_epochs_into_the_identity(folder: Path) -> None:
    few, many = (controls(config(folder, seeds=seeds)) for seeds in (1, 4))
    assert few[0].epochs > many[0].epochs and few[0].job.id != many[0].job.id


def test_a_fit_goes_by_the_row_whose_decision_is_its_own_whatever_the_order(folder: Path) -> None:
    for methods in (["TS", "Vanilla"], ["Vanilla", "TS"]):
        grid = build_grid(load_config(bench_toml(folder, methods=methods)))
        assert {job.method for job in grid.jobs} == {"Vanilla"} and {cell.method for cell in grid.cells} == {*methods}


def test_an_audit_picks_its_epoch_on_the_test_set_and_no_table_shows_it(folder: Path) -> None:
    path = bench_toml(folder, methods=["Vanilla"], seeds=2)
    assert imbench("run", "--config", path, "--oracle-audit").status == 0
    store, settings = Store(folder / "results"), load_config(path)
    for job in audits(settings):
        record, honest = (
            store.get(job.id),
            store.get(next(j.id for j in build_grid(settings).jobs if j.streams == job.streams)),
        )
        assert record and honest and record.kind == "audit" and record.validation == record.test
        assert [row["loss"] for row in record.history] == [row["loss"] for row in honest.history], "the same training"
    imbench("report", "--config", path, "--results", folder / "results")
    assert len(reported_cells(folder)) == 2


def test_repeats_vary_one_source_and_share_the_fit_of_seed_0(folder: Path) -> None:
    found = repeats(config(folder, methods=["Vanilla", "OS", "AUG"]), 3)
    by_method = {name: {r.source for r in found if r.method == name} for name in ("Vanilla", "OS", "AUG")}
    always = {"subset", "initialisation", "order", "augmentation", "dropout", "rounding"}
    assert by_method == {"Vanilla": always, "OS": always | {"resampling"}, "AUG": always | {"stage"}}
    for repeat in found:
        job = repeat.jobs[-1]
        varied = {} if repeat.source == "rounding" else {repeat.source: repeat.number}
        assert job.streams == Streams(**varied)
        assert job.protocol.threads == 1 + (repeat.number if repeat.source == "rounding" else 0)
    shared = {repeat.jobs[-1].id for repeat in found if repeat.number == 0}
    assert len(shared) == 3
    assert len({repeat.jobs[-1].id for repeat in found}) == 3 + 2 * sum(map(len, by_method.values()))
    assert shared <= {job.id for job in build_grid(config(folder, methods=["Vanilla", "OS", "AUG"])).jobs}
    many = repeats(config(folder, methods=["Vanilla"]), 9)
    assert Counter(it.source for it in many)["rounding"] == 3, "no more threads than a small machine has use for"


def test_the_noise_command_runs_the_experiment_and_goes_on_where_it_was(folder: Path) -> None:
    path = bench_toml(folder)
    assert imbench("noise", "--config", path, "--times", 2, "--method", "Vanilla").status == 0
    again = imbench("noise", "--config", path, "--times", 2, "--method", "Vanilla")
    assert again.status == 0 and "nothing left to do" in again.err


@pytest.mark.parametrize(
    ("row", "reason"),
    [("SMOTE", "SMOTE needs 6 images of every class, the smallest has 4"), ("AUG", "the profile tiny leaves rows out")],
)
def test_what_has_no_fit_in_a_profile_is_neither_repeated_nor_audited_and_noise_says_so(
    folder: Path, row: str, reason: str
) -> None:
    path = bench_toml(folder, STAGES.format(more=""), methods=[row], minority=[4])
    path.write_text(path.read_text().replace("[profiles.tiny]\n", "[profiles.tiny]\ntrained_generators = false\n"))
    assert audits(load_config(path)) == repeats(load_config(path), 2) == []
    refused(imbench("noise", "--config", path, "--method", row), f"stripes: {row} is not repeated: {reason}")
    said = imbench("noise", "--config", path, "--times", 2, "--method", row, "--method", "Vanilla")
    assert said.status == 1 and reason in said.err and "fits done now" in said.err
    campaign = '[[run]]\nname = "a"\ndatasets = ["stripes"]\nprofile = "tiny"\nmethods = ["Vanilla"]\nnoise = '
    (folder / "campaign.toml").write_text(f'{campaign}["{row}"]\n')
    assert reason in imbench("campaign", folder / "campaign.toml", "--config", path).err


def test_noise_without_a_method_to_repeat_says_what_to_name(folder: Path) -> None:
    path = bench_toml(folder, STAGES.format(more=""), methods=["Vanilla"], controls=["AUG"])
    refused(imbench("noise", "--config", path), "name one with --method")


def test_weights_are_kept_of_the_named_cells_and_made_where_they_are_missing(folder: Path) -> None:
    path = bench_toml(folder, methods=["Vanilla", "CS"], seeds=2, keep_weights=["stripes/6/CS/1"])
    assert imbench("run", "--config", path).status == 0
    settings, kept = load_config(path), Weights(folder / "results")
    jobs = build_grid(settings).jobs
    assert [(job.method, job.streams.order) for job in jobs if kept.find(job.id, CLASSIFIER)] == [("CS", 1)]
    path = bench_toml(folder, methods=["Vanilla", "CS"], seeds=2, keep_weights=["*/*/Vanilla/*"])
    assert "nothing left" in imbench("run", "--config", path).err
    before = {job.id: Store(folder / "results").get(job.id) for job in jobs}
    assert "2 fits to do" in imbench("run", "--config", path, "--weights").err
    for job in jobs:
        now, then = Store(folder / "results").get(job.id), before[job.id]
        assert now and then and now.test == then.test, "the same fit again"
        assert (kept.find(job.id, CLASSIFIER) is not None) == (job.method == "Vanilla" or job.streams.order == 1)


def test_some_rows_are_trained_on_further_subsets_at_the_smallest_count(folder: Path) -> None:
    plain = config(folder, methods=["Vanilla", "TS", "OS", "CS"])
    varied = config(folder, methods=["Vanilla", "TS", "OS", "CS"], subsets=3, subset_methods=["Vanilla", "TS", "OS"])
    before, after = build_grid(plain), build_grid(varied)
    assert after.cells == before.cells and after.jobs[: len(before.jobs)] == before.jobs, "no cell, no digest changes"
    more = after.jobs[len(before.jobs) :]
    assert Counter((job.method, job.streams.subset) for job in more) == {
        (m, s): 2 for m in ("Vanilla", "OS") for s in (1, 2)
    }
    assert {min(job.task.counts) for job in more} == {4} and "subset 1" in more[0].label
    assert [job.streams.order for job in more] == sorted(job.streams.order for job in more)


def test_a_row_on_a_stage_cannot_take_another_subset(folder: Path) -> None:
    with pytest.raises(ConfigError, match="AUG rests on a stage that saw the first subset"):
        build_grid(config(folder, subset_methods=["AUG"]))
