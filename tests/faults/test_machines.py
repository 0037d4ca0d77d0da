"""A store whatever is done to it, in any order: what was put is there, the same, or named as damaged; never another."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from small_records import only_file_of, small_record

from bench.record import Record
from bench.store import atomic
from bench.store.store import Store

EXAMPLES = int(os.environ.get("EXAMPLES_OF_FAULTS", "15"))
MANY = settings(
    max_examples=EXAMPLES, stateful_step_count=12, deadline=None, suppress_health_check=[*HealthCheck], print_blob=True
)
MEMORY = Path("/dev/shm")
numbers = st.integers(0, 5)
shifts = st.sampled_from([0.0, 0.01, 0.02])


class Stores(RuleBasedStateMachine):
    """Two stores: one that is written, killed, damaged and resumed, and one to merge from."""

    @initialize()
    def begin(self) -> None:
        self.root = Path(tempfile.mkdtemp(dir=MEMORY if os.access(MEMORY, os.W_OK) else None))
        self.stores = [Store(self.root / "ours"), Store(self.root / "theirs")]
        self.held: list[dict[int, Record]] = [{}, {}]
        self.damaged: set[str] = set()

    @rule(which=st.integers(0, 1), number=numbers, shift=shifts, failed=st.booleans())
    def put(self, which: int, number: int, shift: float, failed: bool) -> None:
        record = small_record(number, shift, **({"status": "failed", "error": "x"} if failed else {}))
        with self.stores[which].claim(record.id) as mine:
            assert mine
            self.stores[which].save(record)
        self.held[which][number] = record

    @rule(number=numbers, shift=shifts, at=st.integers(0, 3))
    def put_and_be_killed(self, number: int, shift: float, at: int) -> None:
        record, store = small_record(number, shift), self.stores[0]
        child = os.fork()
        if child == 0:
            _die_at(at)
            with store.claim(record.id):
                store.save(record)
            os._exit(0)
        os.waitpid(child, 0)
        found = Store(store.root, read_only=True).get(record.id)
        assert found in (record, self.held[0].get(number)), "there whole, or as if nobody had tried"
        if found is not None:
            self.held[0][number] = found

    @rule()
    def resume(self) -> None:
        self.stores[0] = Store(self.root / "ours")
        self.stores[0].prepare()
        assert [*(self.root / "ours").rglob("*.tmp")] == [] == [*(self.root / "ours").glob("claims/*")]

    @rule(number=numbers, place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), cut=st.booleans())
    def damage(self, number: int, place: float, bit: int, cut: bool) -> None:
        path = only_file_of(self.root / "ours", number)
        if number not in self.held[0] or not path.exists():
            return
        content = bytearray(path.read_bytes())
        spot = int(place * len(content))
        content[spot] ^= 1 << bit
        path.write_bytes(content[:spot] if cut else content)
        found = Store(self.root / "ours", read_only=True).get(small_record(number).id)
        assert found is None or found == self.held[0][number], "a change that means the same, or none that counts"
        if found is None:
            del self.held[0][number]

    @rule()
    def merge(self) -> None:
        ours, theirs = self.held
        outcome = self.stores[0].merge(Store(self.root / "theirs", read_only=True))
        assert outcome.busy == []
        for number, record in theirs.items():
            mine = ours.get(number)
            if mine is None or (mine.status == "failed" and record.status == "done"):
                ours[number] = record

    @precondition(lambda self: self.held[0])
    @rule()
    def pack_and_read_back(self) -> None:
        ids = [record.id for record in self.held[0].values()]
        packed = self.root / "packed"
        shutil.rmtree(packed, ignore_errors=True)  # it may hold what was damaged since, and pack would not drop that
        self.stores[0].pack(ids, packed / "all.jsonl")
        assert {record.id: record for record in Store(packed).records()} == {it.id: it for it in self.held[0].values()}

    @rule(number=numbers)
    def claim_twice(self, number: int) -> None:
        id = small_record(number).id
        with self.stores[0].claim(id) as first, Store(self.root / "ours").claim(id) as second:
            assert (first, second) == (True, False)

    @invariant()
    def what_was_put_is_there(self) -> None:
        for which, held in enumerate(self.held):
            store = self.stores[which]
            wanted = {record.id: record for record in held.values()}
            assert store.summaries().keys() == wanted.keys()
            assert {record.id: record for record in store.records()} == wanted

    def teardown(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)


def _die_at(step: int) -> None:
    """Let this process die before it makes, flushes, renames or has renamed its file."""

    def die(*_: object, **__: object) -> None:
        os._exit(9)

    if step == 0:
        atomic.open_making_folders = die  # type: ignore[assignment]
    elif step == 1:
        atomic.os.fsync = die  # type: ignore[assignment]
    elif step == 2:
        Path.replace = die  # type: ignore[assignment, method-assign]
    else:
        atomic._flush_folder = die


Stores.TestCase.settings = MANY
TestStores = Stores.TestCase
