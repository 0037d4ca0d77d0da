"""Stages that are damaged, collapsed or of other code: named, made again where they are needed, and never built on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from builders import as_on_a_fresh_machine, imbench, reported_cells
from small_stages import artifacts, jobs, run, toml

from bench.plan.config import load_config
from bench.plan.jobcode import code_of
from bench.record import digest
from bench.running.planning import make_plan
from bench.store import artifacts as weights
from bench.store.store import Store

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Return what the stages of a run that nothing has disturbed have made."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        as_on_a_fresh_machine(patch, folder)
        run(toml(folder, methods=["AUG"]))
        return artifacts(folder)


@pytest.mark.parametrize(
    ("executor", "damage"),
    [("inline", "bit"), ("inline", "tensor"), pytest.param("loky", "bit", marks=pytest.mark.long)],
)
def test_a_state_that_cannot_be_gone_on_from_is_named_and_the_training_begins_again(
    folder: Path, whole: dict[str, list[str]], executor: str, damage: str
) -> None:
    path = toml(folder, methods=["AUG"], executor=executor, workers=1)
    translator = next(job for job in jobs(path, "stage") if job.method == "CycleGAN")
    kept = weights.Weights(folder / "results").checkpoint(translator.id, digest(code_of(translator)))
    kept.save({"progress.done": torch.tensor([1, 0])})  # a state, but not one of this training
    if damage == "bit":
        kept.path.write_bytes(kept.path.read_bytes()[:-1] + b"?")
    said = run(path)
    assert f"set aside, begun again without it: {kept.path}" in said and "0 failed" in said
    assert (folder / "results" / "aside" / f"{translator.id}-{kept.path.name}").is_file()
    assert artifacts(folder) == whole, "bit for bit as one that began without it"


def test_a_damaged_translator_is_set_aside_named_and_trained_again(folder: Path) -> None:
    path = toml(folder, methods=["AUG"])
    run(path)
    before = artifacts(folder)
    translator = next(job for job in jobs(path, "stage") if job.method == "CycleGAN")
    file = next((folder / "results" / "stages" / translator.id).iterdir())
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    assert make_plan(load_config(path), Store(folder / "results")).todo == (), "no fit needs it any more"
    for record in (folder / "results" / "records").rglob("*.json"):
        if json.loads(record.read_text())["identity"]["kind"] == "fit":
            record.unlink()
    views = next(job for job in jobs(path, "stage") if job.method.startswith("Views"))
    shutil.rmtree(folder / "results" / "stages" / views.id)
    said = run(path)
    assert "set aside" in said and translator.id in said
    assert artifacts(folder)[translator.id] == before[translator.id]
    assert artifacts(folder)[views.id] == before[views.id]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the fit of a translator is lost, and what it has made of the images."""
    folder = tmp_path_factory.mktemp("done")
    with pytest.MonkeyPatch.context() as patch:
        as_on_a_fresh_machine(patch, folder)
        path = toml(folder, methods=["Vanilla", "AUG"])
        run(path)
        lost = next(job for job in jobs(path, "fit") if job.method == "AUG")
        next((folder / "results" / "records").rglob(f"{lost.id}.json")).unlink()
        views = next(job for job in jobs(path, "stage") if job.method.startswith("Views"))
        shutil.rmtree(folder / "results" / "stages" / views.id)
        one = '[[run]]\nname = "one"\ndatasets = ["stripes"]\nprofile = "tiny"\nmethods = ["AUG"]\nminority = [6]\n'
        (folder / "campaign.toml").write_text(one)
    return folder


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("run", "--dry-run"),
        ("run", "--first-look", "--seeds", "2"),
        ("fit", "stripes", "--method", "AUG", "--at", "12:6", "--out", "model"),
        ("campaign", "campaign.toml", "--dry-run"),
        ("report",),
    ],
)
def test_who_moves_a_damaged_translator_aside_names_it(folder: Path, done: Path, command: tuple[str, ...]) -> None:
    shutil.copytree(done / "results", folder / "results")
    shutil.copy(done / "campaign.toml", folder)
    path = toml(folder, methods=["Vanilla", "AUG"])
    translators = [job.id for job in jobs(path, "stage") if job.method.startswith("CycleGAN")]
    files = [next((folder / "results" / "stages" / id).iterdir()) for id in translators]
    for file in files:
        file.write_bytes(file.read_bytes()[:-1] + b"?")
    said = imbench(*command)
    named = {it.name for it in files if said.err.count(f"set aside, to be made again: {it}: ") == 1}
    assert named and named == {it.name[21:] for it in (folder / "results" / "aside").iterdir()}, said


def test_what_was_set_aside_is_named_where_the_work_fails_after_all(folder: Path) -> None:
    path = toml(folder, "learning_rate = 1e30", methods=["AUG"])
    translator = next(job for job in jobs(path, "stage") if job.method == "CycleGAN")
    kept = weights.Weights(folder / "results").checkpoint(translator.id, digest(code_of(translator)))
    kept.save({"progress.done": torch.tensor([1, 0])})
    kept.path.write_bytes(kept.path.read_bytes()[:-1] + b"?")
    said = run(path, status=1)
    assert f"{translator.label}: set aside: {kept.path}: its content" in said and f"failed: {translator.label}" in said


def test_a_translator_that_collapses_fails_with_its_epoch_and_only_what_needs_it(folder: Path) -> None:
    path = toml(folder, "learning_rate = 1e30")
    run(path, status=1)
    store = Store(folder / "results")
    translator = next(job for job in jobs(path, "stage") if job.method == "CycleGAN")
    record = store.get(translator.id)
    assert record and record.status == "failed" and record.failed_epoch in (1, 2) and "epoch" in record.error
    assert [job.method for job in jobs(path, "fit") if store.get(job.id)] == ["Vanilla"]
    imbench("report", "--config", path, "--results", folder / "results")
    states = {row["method"]: row["status"] for row in reported_cells(folder)}
    assert states == {"Vanilla": "done", "AUG": "failed", "ALT": "failed"}


def test_a_record_without_its_artifact_is_enough_for_a_table_but_not_for_a_new_fit(folder: Path) -> None:
    path = toml(folder, methods=["AUG"])
    run(path)
    shutil.rmtree(folder / "results" / "stages")
    config, store = load_config(path), Store(folder / "results")
    assert make_plan(config, store).todo == ()
    more = load_config(toml(folder, methods=["AUG", "AUG(class_weight=off)"]))
    todo = [job.method for job in make_plan(more, store).todo]
    assert todo == ["CycleGAN", "Views(views=1)", "AUG(class_weight=off)"]


def test_what_is_new_does_not_rest_on_a_stage_of_other_code(folder: Path) -> None:
    path = toml(folder, methods=["AUG"], seeds=1)
    run(path)
    store = Store(folder / "results")
    translator = next(job for job in jobs(path, "stage") if job.method == "CycleGAN")
    record = store.get(translator.id)
    assert record is not None
    store.save(record.model_copy(update={"code": record.code | {"methods/translators/cyclegan.py": "0" * 64}}))

    def to_do(seeds: int) -> list[str]:
        config = load_config(path, seeds=seeds)
        return [job.label for job in make_plan(config, Store(folder / "results")).todo if job.kind == "stage"]

    assert to_do(1) == [], "what is done stays as it is, marked stale"
    assert any("CycleGAN" in label for label in to_do(2))
