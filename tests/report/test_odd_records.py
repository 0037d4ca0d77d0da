"""Records with a right checksum and odd content do no harm: what does not fit is passed over, text steers nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench

from bench.analysis.fellows import fellows
from bench.dataset import Split
from bench.record import Predictions, Record, digest
from bench.store.recordtext import readable
from bench.store.store import Store

pytestmark = pytest.mark.usefixtures("undrawn")

STEERS = "\x1b[2J"


def of(seed: int, counts: tuple[int, int], limit: int | None = None, split: str = "s") -> Record:
    identity = {"dataset": "toy", "split": split, "protocol": {"eval_per_class": limit}, "seed": seed}
    labels = np.repeat([0, 1], counts)
    said = Predictions.of(labels, np.tile([0.5, 0.5], (len(labels), 1)))
    return Record(id=digest(identity), identity=identity, status="done", validation=said, test=said)


def kept(*records: Record, split: Callable[[], Split | None] = lambda: None) -> list[bool]:
    found, lines = fellows({record.id: record for record in records}, split)
    assert len(lines) == len(records) - len(found)
    return [record.id in found for record in records]


def test_what_most_records_of_a_split_tell_is_believed() -> None:
    assert kept(of(0, (4, 4)), of(1, (1, 4)), of(2, (4, 4))) == [True, False, True]
    assert kept(of(0, (4, 4)), of(1, (1, 4), limit=4)) == [True, True], "another protocol may cut the parts"
    assert kept(of(0, (4, 4)), of(1, (1, 4), split="t")) == [True, True]


def test_where_as_many_tell_otherwise_the_split_does_and_else_nobody_is_believed() -> None:
    names = {"a": ("1", "2", "3"), "b": ("4", "5")}
    split = Split(("a", "b"), dict.fromkeys(("train", "val", "test", "spare"), names))
    assert kept(of(0, (3, 2), split=split.digest), of(1, (3, 3), split=split.digest), split=lambda: split) == [
        True,
        False,
    ]
    cut = of(0, (2, 2), limit=2, split=split.digest), of(1, (3, 2), limit=2, split=split.digest)
    assert kept(*cut, split=lambda: split) == [True, False]
    assert kept(of(0, (3, 2)), of(1, (3, 3))) == [False, False]
    assert kept(of(0, (3, 2)), of(1, (3, 3)), split=lambda: split) == [False, False], "a split of other records"


def test_reports_and_advice_pass_over_other_images_and_escape_foreign_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    bench_toml(tmp_path, methods=["CS", "Vanilla"], seeds=2)
    assert imbench("run").status == 0
    first, second, third, fourth = Store(tmp_path / "results").records()

    def forge(record: Record, **changes: object) -> None:
        place = tmp_path / "results" / "records" / record.id[:2] / f"{record.id}.json"
        place.write_bytes(readable(record.model_copy(update=changes)))

    labels = np.array([0, 1, 1, 1, 1])
    forge(first, test=Predictions.of(labels, np.tile([0.01, 0.99], (5, 1))))
    forge(second, environment={"torch": STEERS, "processor": "x" * 5000}, finished=f"{STEERS}no time", error=STEERS)
    forge(third, status="failed", error=f"{STEERS}bad\r\n\n# head{'y' * 5000}", test=None)
    later = {name: value for name, value in fourth.identity.items() if name != "method"} | {"kind": "later"}
    Store(tmp_path / "results").save(fourth.model_copy(update={"identity": later, "id": digest(later)}))
    assert imbench("report").status == 0
    page = (tmp_path / "reports" / "tiny" / "README.md").read_text()
    told = imbench("recommend")
    assert told.status == 0
    for text in (page, told.out + told.err):
        assert f"record {first.id}: its test images are not those of the others of stripes" in text
    for command in (("status",), ("status", "--json"), ("why", second.id), ("why", third.id)):
        said = imbench(*command)
        assert said.status == 0 and "\x1b" not in said.out + said.err, command
    assert first.id in imbench("compare", "results", "results").err
    texts = [path for path in (tmp_path / "reports").rglob("*") if path.suffix in (".md", ".tex", ".csv", ".html")]
    for path in texts:
        content = path.read_text()
        assert not any(it in content for it in ("\x1b", "x" * 1000, "y" * 1000, "\n# head")), path
    assert len(texts) > 3 and fourth.status == "done"
