"""Numbers that last: what is added later orphans no record, and a committed record is today's or says why not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench
from pydantic import Field
from small_stages import STAGES as SMALL

from bench import registry
from bench.dataset import Task
from bench.errors import StoreError
from bench.plan.compose import compose
from bench.plan.identity import fit_identity, protocol_identity
from bench.plan.lasting import LIST, changed_since, listed
from bench.plan.needs import Workshop
from bench.protocol import IMPLICIT, Protocol
from bench.record import Record, digest
from bench.registry import NETWORKS, STAGES
from bench.stage import StageRequest
from bench.store.store import Store
from bench.streams import Streams

REFERENCE = Path(__file__).resolve().parents[2] / "results" / "reference"
TASK = Task("digits", "edition", "split", ("one", "eight"), (100, 8))
LATER: Any = Field(0.0, json_schema_extra={IMPLICIT: 0.0})
registry.load()


class Grown(Protocol):
    """A protocol with a field that nobody could set before."""

    label_smoothing: float = LATER


def test_a_field_of_the_protocol_that_comes_later_leaves_old_identities_alone() -> None:
    old = fit_identity(TASK, compose("CS"), Streams(), Protocol())
    assert digest(fit_identity(TASK, compose("CS"), Streams(), Grown())) == digest(old)
    assert digest(fit_identity(TASK, compose("CS"), Streams(), Grown(label_smoothing=0.1))) != digest(old)


def test_a_setting_of_a_network_that_comes_later_leaves_old_identities_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    before = protocol_identity(Protocol())
    network = NETWORKS["paper_cnn"].cls
    grown = type("Grown", (network.Settings,), {"__annotations__": {"slope": "float"}, "slope": LATER})
    monkeypatch.setattr(network, "Settings", grown)
    assert protocol_identity(Protocol()) == before
    other = Protocol(backbone="paper_cnn(slope=0.1)")  # type: ignore[arg-type]
    assert protocol_identity(other)["backbone"] == before["backbone"] | {"slope": 0.1}


def test_a_setting_of_a_stage_that_comes_later_leaves_old_identities_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = STAGES["CycleGAN"].cls

    def id_with(**settings: object) -> str:
        values = stage.Settings(**settings).model_dump(mode="json")
        workshop = Workshop(TASK, TASK, Protocol(), lambda name: values, {})
        return workshop.needs([StageRequest("CycleGAN")], 0, TASK)[0][0].id

    before = id_with()
    grown = type("Grown", (stage.Settings,), {"__annotations__": {"noise": "float"}, "noise": LATER})
    monkeypatch.setattr(stage, "Settings", grown)
    assert id_with() == before != id_with(noise=0.5)


def like(record: Record) -> str:
    """Return all that a change since is looked for in: thousands of records differ in counts and streams alone."""
    looked_at = ("kind", "preparation", "protocol", "method", "stage", "settings")
    identity = {name: value for name, value in record.identity.items() if name in looked_at}
    return json.dumps([dict(record.code), identity, sorted(record.identity.get("streams", {}))], sort_keys=True)


def test_every_committed_record_is_todays_or_listed_with_commit_and_reason() -> None:
    known = listed(REFERENCE)
    files, ids = {entry.file for entry in known if entry.file}, {entry.id for entry in known if entry.id}
    packed = {path.relative_to(REFERENCE).as_posix(): path for path in REFERENCE.rglob("*.jsonl")}
    assert files <= packed.keys(), "the list names a file that is gone"
    for name in files:
        assert packed[name].parent != REFERENCE, f"{name} would be read as today's"
    # All files of a folder are one store, which is read once.
    for folder in {path.parent for name, path in packed.items() if name not in files}:
        store = Store(folder, read_only=True)
        of_one_kind = {like(record): record for record in store.records() if record.id not in ids}
        other = {record.id: changed_since(record) for record in of_one_kind.values()}
        assert {id: changed for id, changed in other.items() if changed} == {}, folder
        assert store.set_aside == []


def test_what_was_made_by_todays_code_is_todays_and_what_changed_since_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    path = bench_toml(tmp_path, SMALL.format(more=""), methods=["CBL", "AUG"], translators=1)
    assert imbench("run", "--config", path).status == 0
    records = [*Store(tmp_path / "results").records()]
    assert {record.kind for record in records} == {"fit", "stage", "measurement"}
    assert [changed_since(record) for record in records] == [[]] * len(records)
    fit = next(record for record in records if record.identity.get("method", [[""]])[0][0] == "CBL")
    older = fit.model_copy(update={"code": fit.code | {"bench.training.loop": "0" * 12}})
    assert [line.split(":")[0] for line in changed_since(older)] == ["code bench.training.loop"]
    fewer = {name: value for name, value in fit.identity["protocol"].items() if name != "momentum"}
    assert changed_since(fit.model_copy(update={"identity": fit.identity | {"protocol": fewer}})) == [
        "protocol.momentum: 0.9 here, absent there"
    ]
    gone = fit.identity | {"method": [["Gone", {}]]}
    assert "unknown method 'Gone'" in changed_since(fit.model_copy(update={"identity": gone}))[0]


def test_an_entry_without_a_commit_or_a_reason_is_refused(tmp_path: Path) -> None:
    assert listed(tmp_path) == ()
    (tmp_path / LIST).write_text('[[stale]]\nfile = "a.jsonl"\ncommit = "abc"\n')
    with pytest.raises(StoreError, match="entry 1 needs a file or an id, a commit and a reason"):
        listed(tmp_path)
    for odd in ("stale = 3", "stale = [3]", "[stale]", f"stale = {'[' * 2000}{']' * 2000}"):
        (tmp_path / LIST).write_text(odd)
        with pytest.raises(StoreError, match=f"{LIST}: "):
            listed(tmp_path)
