"""Records travel between stores as packed files or by merging, and nothing is overwritten in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_records import files_under, small_record, stored

from bench.errors import StoreError
from bench.store.packed import Line, PackedFiles
from bench.store.recordtext import compact
from bench.store.store import Store


def test_packed_records_are_read_like_loose_ones(tmp_path: Path) -> None:
    records = {small_record(number).id: small_record(number) for number in range(5)}
    for record in records.values():
        Store(tmp_path / "run").save(record)
    Store(tmp_path / "run").pack(records, tmp_path / "reference" / "toy.jsonl")
    reference = Store(tmp_path / "reference", read_only=True)
    assert {record.id: record for record in reference.records()} == records
    assert reference.summaries() == Store(tmp_path / "run").summaries()
    assert reference.get("0" * 20) is None


def test_packing_is_deterministic_to_the_byte(tmp_path: Path) -> None:
    ids = [small_record(number).id for number in range(5)]
    for name, order in (("a", ids), ("b", ids[::-1])):
        for number in order:
            Store(tmp_path / name).save(small_record(ids.index(number)))
        Store(tmp_path / name).pack(order, tmp_path / f"{name}.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    Store(tmp_path, read_only=True).pack(ids, tmp_path / "c.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "c.jsonl").read_bytes()


def test_packing_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no record"):
        Store(tmp_path).pack(["0" * 20], tmp_path / "a.jsonl")


def test_packing_never_drops_what_was_published(tmp_path: Path) -> None:
    ids = [small_record(number).id for number in range(3)]
    for number in range(3):
        Store(tmp_path / "all").save(small_record(number))
    Store(tmp_path / "all").pack(ids, tmp_path / "a.jsonl")
    before = (tmp_path / "a.jsonl").read_bytes()
    with pytest.raises(StoreError, match=r"a.jsonl holds 2 records that would be lost, such as "):
        Store(tmp_path / "all").pack(ids[:1], tmp_path / "a.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == before
    Store(tmp_path / "all").save(small_record(3))
    Store(tmp_path / "all").pack([*ids, small_record(3).id], tmp_path / "a.jsonl")
    assert len(Store(tmp_path, read_only=True).summaries()) == 4


def test_damaged_line_of_a_packed_file_is_named_and_the_others_count(tmp_path: Path) -> None:
    lines = [compact(small_record(number)) for number in range(3)]
    packed = tmp_path / "toy.jsonl"
    packed.write_bytes(lines[0] + lines[1][:40] + b"\n\n" + lines[2][:-1])
    store = Store(tmp_path)
    assert store.summaries().keys() == {small_record(0).id, small_record(2).id}
    assert [note.path for note in store.set_aside] == [f"{packed}:2"]
    assert store.get(small_record(2).id) == small_record(2)


def test_packed_file_is_read_again_only_when_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    parse = PackedFiles._parse

    def watched(self: PackedFiles, path: Path) -> dict[str, Line]:
        read.append(path)
        return parse(self, path)

    monkeypatch.setattr(PackedFiles, "_parse", watched)
    packed, store = tmp_path / "toy.jsonl", Store(tmp_path)
    packed.write_bytes(compact(small_record(0)))
    assert store.get(small_record(0).id) and store.get(small_record(1).id) is None
    assert len(read) == 1
    packed.write_bytes(compact(small_record(0)) + compact(small_record(1)))
    assert store.get(small_record(1).id) == small_record(1)
    assert len(read) == 2


def test_loose_record_is_newer_than_a_packed_one(tmp_path: Path) -> None:
    (tmp_path / "toy.jsonl").write_bytes(compact(small_record(0, error="old")))
    Store(tmp_path).save(small_record(0, error="new"))
    store = Store(tmp_path)
    assert stored(store, 0).error == store.summaries()[small_record(0).id].error == "new"


def test_merge_takes_what_is_missing_and_reports_what_collides(tmp_path: Path) -> None:
    ours, theirs = Store(tmp_path / "ours"), Store(tmp_path / "theirs")
    ours.save(small_record(0, environment={"torch": "1", "host": "a"}, code={"bench.training.fit": "x"}))
    theirs.save(small_record(0, shift=0.125, environment={"torch": "2", "host": "a"}, code={"bench.training.fit": "y"}))
    ours.save(small_record(1, cost={"seconds": 1.0}))
    theirs.save(small_record(1, cost={"seconds": 2.0}, finished="later"))
    theirs.save(small_record(2))
    ours.save(small_record(3, status="failed"))
    theirs.save(small_record(3))
    ours.save(small_record(4))
    theirs.save(small_record(4, status="failed"))

    report = ours.merge(theirs)
    id_of = {number: small_record(number).id for number in range(5)}
    assert report.added == [id_of[2]]
    assert report.upgraded == [id_of[3]]
    assert sorted(report.same) == sorted([id_of[1], id_of[4]])
    assert report.busy == []
    (collision,) = report.collisions
    assert collision.fields == ("validation", "test", "environment.torch", "code.bench.training.fit")
    assert (collision.ours["torch"], collision.theirs["torch"]) == ("1", "2")
    assert collision.difference == pytest.approx(0.125, abs=5e-4)
    assert stored(ours, 0).environment["torch"] == "1"
    assert stored(ours, 1).cost.seconds == 1.0
    assert {record.id: record.status for record in ours.records()} == dict.fromkeys(id_of.values(), "done")


def test_measurements_differ_by_their_figures(tmp_path: Path) -> None:
    ours, theirs = Store(tmp_path / "ours"), Store(tmp_path / "theirs")
    bare: dict[str, Any] = {"kind": "measurement", "validation": None, "test": None}
    ours.save(small_record(0, figures={"kid": 0.25, "fid": 3.0}, **bare))
    theirs.save(small_record(0, figures={"kid": 0.5, "fid": 3.0}, **bare))
    ours.save(small_record(1, figures={"kid": 0.25}, **bare))
    theirs.save(small_record(1, figures={"fid": 0.25}, **bare))
    found = {it.id: it.difference for it in ours.merge(theirs).collisions}
    first, second = (small_record(number, kind="measurement").id for number in range(2))
    assert found[first] == 0.25 and np.isnan(found[second])


def test_merging_twice_changes_nothing(tmp_path: Path) -> None:
    ours, theirs = Store(tmp_path / "ours"), Store(tmp_path / "theirs")
    theirs.save(small_record(0))
    assert ours.merge(theirs).added
    before = files_under(tmp_path)
    assert ours.merge(theirs).same == [small_record(0).id]
    assert files_under(tmp_path) == before


def test_merge_leaves_work_in_flight_alone(tmp_path: Path) -> None:
    ours, theirs = Store(tmp_path / "ours"), Store(tmp_path / "theirs")
    theirs.save(small_record(0))
    with ours.claim(small_record(0).id):
        assert ours.merge(theirs).busy == [small_record(0).id]
    assert ours.get(small_record(0).id) is None


@pytest.mark.parametrize("files", [("a", "b"), ("a", "a")])
def test_two_packed_records_of_one_id_that_differ_are_a_collision_and_the_first_counts(
    files: tuple[str, str], tmp_path: Path
) -> None:
    ours = small_record(0)
    other = ours.model_copy(update={"selected_epoch": (ours.selected_epoch or 1) + 1})
    (tmp_path / "source").mkdir()
    for name, record in zip(files, (ours, other), strict=True):
        with (tmp_path / "source" / f"{name}.jsonl").open("ab") as file:
            file.write(compact(record))
    source = Store(tmp_path / "source", read_only=True)
    report = Store(tmp_path / "new").merge(source)
    assert report.added == [ours.id] and [it.id for it in report.collisions] == [ours.id]
    assert Store(tmp_path / "new").get(ours.id) == ours == source.get(ours.id)
    (named,) = source.set_aside
    assert named.path.endswith(f"{files[1]}.jsonl:{1 if files[0] != files[1] else 2}")


def test_of_two_packed_records_of_one_id_the_one_that_is_done_counts(tmp_path: Path) -> None:
    done = small_record(0)
    failed = done.model_copy(update={"status": "failed", "error": "no"})
    (tmp_path / "a.jsonl").write_bytes(compact(failed))
    (tmp_path / "b.jsonl").write_bytes(compact(done))
    store = Store(tmp_path, read_only=True)
    assert store.get(done.id) == done and store.summaries()[done.id].status == "done" and not store.set_aside


def test_a_failure_hides_no_success_that_is_packed(tmp_path: Path) -> None:
    store, done = Store(tmp_path), small_record(1)
    store.prepare()
    store.save(done)
    store.pack([done.id], tmp_path / "packed.jsonl")
    store.save(done.model_copy(update={"status": "failed", "error": "no memory"}))
    for opened in (store, Store(tmp_path)):
        assert opened.summaries()[done.id].status == "done"
        assert opened.get(done.id) == done
