"""The store keeps what was written, notices what was changed, and never takes one for the other."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_records import small_record

from bench.errors import StoreError
from bench.packed import Line, PackedFiles
from bench.record import Packed, Record, digest
from bench.recordtext import Damaged, compact, decode, readable
from bench.store import Store

FORK = multiprocessing.get_context("fork")
names = st.text(max_size=8)
finite = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def any_record(draw: st.DrawFn) -> Record:
    identity = draw(st.dictionaries(names, json_values, max_size=4))
    return Record(
        id=digest(identity),
        identity=identity,
        code=draw(st.dictionaries(names, names, max_size=2)),
        status=draw(st.sampled_from(["done", "failed"])),
        error=draw(st.text(max_size=30)),
        history=draw(st.lists(st.dictionaries(names, finite, max_size=3), max_size=3)),
        figures=draw(st.dictionaries(names, finite, max_size=3)),
        environment=draw(st.dictionaries(names, names, max_size=2)),
    )


@given(any_record())
@settings(max_examples=60, deadline=None)
def test_what_is_saved_is_what_is_read(record: Record) -> None:
    with tempfile.TemporaryDirectory() as root:
        Store(Path(root)).save(record)
        assert Store(Path(root)).get(record.id) == record
        assert list(Store(Path(root)).records()) == [record]


@given(any_record())
@settings(max_examples=60, deadline=None)
def test_both_texts_of_a_record_are_read_back_the_same(record: Record) -> None:
    assert decode(readable(record)) == decode(compact(record)) == record
    assert compact(record).count(b"\n") == 1


@given(any_record(), st.data())
@settings(max_examples=150, deadline=None)
def test_no_changed_byte_goes_unnoticed_unless_it_means_the_same(record: Record, data: st.DataObject) -> None:
    text = bytearray(compact(record))
    place = data.draw(st.integers(0, len(text) - 2))
    text[place] ^= data.draw(st.integers(1, 255))
    try:
        assert decode(bytes(text)) == record
    except ValueError:
        pass  # Damaged or Newer


@given(st.binary(max_size=200))
def test_garbage_is_damage_and_nothing_worse(text: bytes) -> None:
    with pytest.raises(Damaged):
        decode(text)


@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"checksum": NaN}', b'{"a": "\\ud800"}', b"null", b"\xff\xfe"])
def test_text_that_breaks_parsers_is_damage(text: bytes) -> None:
    with pytest.raises(Damaged):
        decode(text)


def test_arrays_come_back_to_the_bit() -> None:
    values = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    assert (Packed.of(values).array() == values).all()


def damage_truncated(text: bytes) -> bytes:
    return text[: len(text) // 2]


def damage_digit(text: bytes) -> bytes:
    return text.replace(b'"selected_epoch": 2', b'"selected_epoch": 3')


def damage_garbage(text: bytes) -> bytes:
    return os.urandom(len(text))


def damage_wrong_id(text: bytes) -> bytes:
    other = small_record(99)
    content = json.loads(readable(other.model_copy(update={"id": small_record(1).id})))
    return json.dumps(content).encode()


def damage_another_record(text: bytes) -> bytes:
    return readable(small_record(99))


def damage_emptied(text: bytes) -> bytes:
    return b""


Damage = Callable[[bytes], bytes]
DAMAGES: list[Damage] = [
    damage_truncated,
    damage_digit,
    damage_garbage,
    damage_wrong_id,
    damage_another_record,
    damage_emptied,
]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("indexed", [False, True])
def test_damaged_record_is_set_aside_named_and_not_counted(tmp_path: Path, damage: Damage, indexed: bool) -> None:
    store = Store(tmp_path)
    for number in range(3):
        store.save(small_record(number))
    if indexed:
        store.summaries()
    path = only_file_of(tmp_path, 1)
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged)

    later = Store(tmp_path)
    assert later.summaries().keys() == {small_record(0).id, small_record(2).id}
    assert [note.path for note in later.set_aside] == [str(path)]
    assert not path.exists()
    assert [file.read_bytes() for file in (tmp_path / "aside").iterdir()] == [damaged]
    assert later.get(small_record(1).id) is None


def test_two_damaged_files_of_one_name_are_both_kept(tmp_path: Path) -> None:
    store, path = Store(tmp_path), only_file_of(tmp_path, 1)
    for damaged in (b"first", b"second", b"first"):
        store.save(small_record(1))
        path.write_bytes(damaged)
        assert store.get(small_record(1).id) is None
    assert {file.read_bytes() for file in (tmp_path / "aside").iterdir()} == {b"first", b"second"}


def test_record_under_another_name_is_not_counted(tmp_path: Path) -> None:
    Store(tmp_path).save(small_record(1))
    path = only_file_of(tmp_path, 1)
    elsewhere = tmp_path / "records" / "zz" / path.name
    elsewhere.parent.mkdir()
    path.rename(elsewhere)
    store = Store(tmp_path)
    assert store.summaries() == {}
    assert len(store.set_aside) == 1


def test_reading_only_moves_and_writes_nothing(tmp_path: Path) -> None:
    Store(tmp_path).save(small_record(0))
    Store(tmp_path).save(small_record(1))
    only_file_of(tmp_path, 1).write_bytes(b"broken")
    before = files_under(tmp_path)
    store = Store(tmp_path, read_only=True)
    assert store.summaries().keys() == {small_record(0).id}
    assert "parse" in store.set_aside[0].reason
    assert files_under(tmp_path) == before
    with pytest.raises(StoreError, match="reading only"):
        store.save(small_record(2))
    with pytest.raises(StoreError, match="reading only"):
        store.claim("ab")


def test_record_of_a_later_version_is_named_kept_and_never_overwritten(tmp_path: Path) -> None:
    store, path = Store(tmp_path), only_file_of(tmp_path, 1)
    store.save(small_record(1))
    newer = path.read_bytes().replace(b'"schema_version": 1', b'"schema_version": 2')
    path.write_bytes(newer)
    assert store.summaries() == {}
    assert "newer" in store.set_aside[0].reason
    assert path.read_bytes() == newer
    store.save(small_record(1))
    assert [file.read_bytes() for file in (tmp_path / "aside").iterdir()] == [newer]


def test_index_is_believed_for_unchanged_files_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        Store(tmp_path).save(small_record(number))
    first = Store(tmp_path).summaries()
    Store(tmp_path).save(small_record(1, error="later"))
    Store(tmp_path).save(small_record(3))

    store = Store(tmp_path)
    read: list[str] = []

    def watched(path: Path, id: str) -> Record | None:
        read.append(id)
        return Store._read(store, path, id)

    monkeypatch.setattr(store, "_read", watched)
    second = store.summaries()
    assert sorted(read) == sorted([small_record(1).id, small_record(3).id])
    assert second[small_record(1).id].error == "later"
    assert second[small_record(0).id] == first[small_record(0).id]


@pytest.mark.parametrize("body", [None, b"", b"garbage", b"imbench index 1 0000\n[]", "cut", "digit"])
def test_lost_or_damaged_index_is_rebuilt(tmp_path: Path, body: bytes | str | None) -> None:
    for number in range(3):
        Store(tmp_path).save(small_record(number))
    whole = Store(tmp_path).summaries()
    index = tmp_path / "index"
    good = index.read_bytes()
    if body is None:
        index.unlink()
    else:
        changes = {"cut": good[:-20], "digit": good.replace(b'"done"', b'"gone"')}
        index.write_bytes(changes[body] if isinstance(body, str) else body)
    assert Store(tmp_path).summaries() == whole
    assert index.read_bytes() == good


def test_record_that_disappears_is_forgotten(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save(small_record(0))
    store.summaries()
    only_file_of(tmp_path, 0).unlink()
    assert store.summaries() == Store(tmp_path).summaries() == {}


def test_summary_tells_what_status_needs(tmp_path: Path) -> None:
    record = small_record(0, status="failed", error="ValueError: bad\ntraceback", code={"bench.fit": "1"}, finished="T")
    Store(tmp_path).save(record)
    summary = Store(tmp_path).summaries()[record.id]
    assert (summary.kind, summary.status, summary.dataset) == ("fit", "failed", "toy")
    assert (summary.error, summary.finished) == ("ValueError: bad", "T")
    assert summary.code_digest == record.code_digest


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
    ours.save(small_record(0, environment={"torch": "1", "host": "a"}, code={"bench.fit": "x"}))
    theirs.save(small_record(0, shift=0.125, environment={"torch": "2", "host": "a"}, code={"bench.fit": "y"}))
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
    assert collision.fields == ("validation", "test", "environment.torch", "code.bench.fit")
    assert (collision.ours["torch"], collision.theirs["torch"]) == ("1", "2")
    assert collision.difference == pytest.approx(0.125)
    assert stored(ours, 0).environment["torch"] == "1"
    assert stored(ours, 1).cost.seconds == 1.0
    assert {record.id: record.status for record in ours.records()} == dict.fromkeys(id_of.values(), "done")


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


def test_claim_is_exclusive_and_free_after_use(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.claim("ab") as first, Store(tmp_path).claim("ab") as second, store.claim("cd") as other:
        assert (first, second, other) == (True, False, True)
    with store.claim("ab") as again:
        assert again
    assert list((tmp_path / "claims").iterdir()) == []


def hold_claim(root: Path, held: Event) -> None:
    with Store(root).claim("ab"):
        held.set()
        time.sleep(60)


def test_claim_dies_with_its_process(tmp_path: Path) -> None:
    held = FORK.Event()
    holder = FORK.Process(target=hold_claim, args=(tmp_path, held))
    holder.start()
    assert held.wait(10)
    with Store(tmp_path).claim("ab") as mine:
        assert not mine
    holder.kill()
    holder.join()
    with Store(tmp_path).claim("ab") as mine:
        assert mine


def contend(root: Path, rounds: int) -> None:
    counter = root / "counter"
    done = 0
    while done < rounds:
        with Store(root).claim("ab") as mine:
            if mine:
                counter.write_text(str(int(counter.read_text()) + 1))
                done += 1


def test_no_two_processes_ever_hold_one_claim(tmp_path: Path) -> None:
    (tmp_path / "counter").write_text("0")
    processes = [FORK.Process(target=contend, args=(tmp_path, 200)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert (tmp_path / "counter").read_text() == "600"


def fails_with_store_error(work: Callable[[], None]) -> str:
    """Run in a forked process whose limits and rights may be spoiled; return the error's text."""
    receiver, sender = FORK.Pipe(duplex=False)

    def child() -> None:
        try:
            work()
            sender.send("no error")
        except StoreError as error:
            sender.send(str(error))

    process = FORK.Process(target=child)
    process.start()
    assert receiver.poll(20), "the work neither ended nor failed"
    message: str = receiver.recv()
    process.join(10)
    return message


def test_full_disk_is_one_clear_line_and_leaves_no_rest(tmp_path: Path) -> None:
    Store(tmp_path).save(small_record(0))
    before = files_under(tmp_path)

    def save_too_much() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        Store(tmp_path).save(small_record(1, error="x" * 100_000))

    message = fails_with_store_error(save_too_much)
    assert message.startswith(f"cannot write in {tmp_path / 'records'}")
    assert "\n" not in message
    assert files_under(tmp_path) == before


@contextmanager
def tiny_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a small disk here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_records_before_a_full_disk_survive_and_status_still_answers(tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "disk") as root:
        store, saved = Store(root), 0
        message = ""
        while not message:
            try:
                store.save(small_record(saved))
                saved += 1
            except StoreError as error:
                message = str(error)
        assert message.startswith("cannot write in") and "No space left" in message
        assert len(store.summaries()) == saved > 0
        assert not list(root.rglob("*.tmp"))


def test_folder_without_permission_is_one_clear_line() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        Store(root).save(small_record(0))
        only_file_of(root, 1).parent.mkdir(exist_ok=True)
        for path in (root, *root.rglob("*")):
            path.chmod(path.stat().st_mode & ~stat.S_IWUSR & ~stat.S_IWGRP & ~stat.S_IWOTH | 0o555)

        def as_nobody(work: Callable[[], None]) -> None:
            if os.geteuid() == 0:
                os.setuid(65534)
            work()

        def claim_one() -> None:
            with Store(root).claim("ab"):
                pass

        for work in (Store(root).prepare, lambda: Store(root).save(small_record(1)), claim_one):
            message = fails_with_store_error(partial(as_nobody, work))
            assert message.startswith("cannot write in") and "Permission denied" in message
        for path in (root, *root.rglob("*")):
            path.chmod(0o755)


def test_root_that_is_a_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("I am a file")
    with pytest.raises(StoreError, match="cannot write in"):
        Store(tmp_path / "results").prepare()
    with pytest.raises(StoreError, match="cannot write in"), Store(tmp_path / "results").claim("ab"):
        pass


def test_a_store_that_does_not_exist_is_empty_and_stays_so(tmp_path: Path) -> None:
    store = Store(tmp_path / "nowhere")
    assert store.summaries() == {} and store.get("ab" * 10) is None
    assert not (tmp_path / "nowhere").exists()


def test_preparing_sweeps_away_only_abandoned_rests(tmp_path: Path) -> None:
    Store(tmp_path).save(small_record(0))
    folder = only_file_of(tmp_path, 0).parent
    old, young = folder / ".a.json.0000.tmp", folder / ".b.json.0000.tmp"
    old.write_text("half")
    young.write_text("half")
    os.utime(old, (0, 0))
    assert len(Store(tmp_path).summaries()) == 1
    Store(tmp_path).prepare()
    assert not old.exists() and young.exists()
    assert len(Store(tmp_path).summaries()) == 1


def stored(store: Store, number: int) -> Record:
    record = store.get(small_record(number).id)
    assert record is not None
    return record


def only_file_of(root: Path, number: int) -> Path:
    id = small_record(number).id
    return root / "records" / id[:2] / f"{id}.json"


def files_under(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}
