"""Whatever lies in a file, a reader gives what was written or says in one line what is wrong; nothing else escapes."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from damaged import MANY, MEMORY, contents, outcome
from hypothesis import given
from hypothesis import strategies as st
from small_records import small_record

from bench.claims.files import load_claims
from bench.data.manifest import read_manifest
from bench.data.splits import read_split
from bench.data.tabular import read_table
from bench.errors import UserError
from bench.expression import Call, Expression
from bench.papers.sahoo2020 import PAPER
from bench.plan.campaign import read_campaign
from bench.plan.config import load_config
from bench.plan.toml import default_text
from bench.running.speed import speed
from bench.store.artifacts import Weights
from bench.store.index import read_index
from bench.store.recordtext import decode, readable
from bench.store.store import Store

SPLIT = json.dumps(
    {"classes": ["a", "b"], "parts": {part: {"a": ["1"], "b": ["2"]} for part in ("train", "val", "test", "spare")}}
)
CAMPAIGN = b"""[[run]]
name = "digits"
datasets = ["digits"]
profile = "cpu"
minority = [8, 32]
"""
TABLE = b"file,label\na.png,1\nb.png,2\n"


def index_bytes() -> bytes:
    """Return the index of a store with a record."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        Store(Path(folder)).save(small_record(1))
        Store(Path(folder)).summaries()
        return (Path(folder) / "index").read_bytes()


def checkpoint(path: Path) -> object:
    """Read a checkpoint's file as a stage does."""
    kept = Weights(path.parent / "results")
    place = kept.checkpoint("ab", "0" * 64)
    place.path.parent.mkdir(parents=True)
    path.rename(place.path)
    return place.load()


def packed(path: Path) -> object:
    """Read a packed file as a report does."""
    path.rename(path.with_suffix(".jsonl"))
    return [*Store(path.parent, read_only=True).records()]


READERS: dict[str, tuple[bytes, Callable[[Path], Any]]] = {
    "record": (readable(small_record(1)), lambda path: decode(path.read_bytes())),
    "packed records": (readable(small_record(1)).replace(b"\n", b"") + b"\n", packed),
    "index": (index_bytes(), read_index),
    "split": (SPLIT.encode(), read_split),
    "manifest": (b"0" * 64 + b"  a/b.png\n", read_manifest),
    "configuration": (default_text().encode(), load_config),
    "speed": (b'{"a": 1.0}', lambda path: speed(path, load_config().profile.protocol("digits"), measure=False)),
    "claims": (PAPER.claims.encode(), lambda path: load_claims([path])),
    "campaign": (CAMPAIGN, read_campaign),
    "a user's table": (TABLE, lambda path: read_table(path, "", lambda name: name == "a.png")),
    "checkpoint": (b"\x08\x00\x00\x00\x00\x00\x00\x00{}      ", checkpoint),
}


@pytest.mark.parametrize("kind", READERS)
@MANY
@given(data=st.data())
def test_a_reader_gives_what_was_written_or_one_line(kind: str, data: st.DataObject) -> None:
    whole, read = READERS[kind]
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        path = Path(folder) / "file"
        path.write_bytes(data.draw(contents(whole), label="content"))
        found, refused = outcome(lambda: read(path))
    assert refused or kind != "record" or found == small_record(1), "another record under a right checksum"


@MANY
@given(text=st.one_of(st.text(max_size=60), st.from_regex(r"[A-Z]{1,4}(\(.{0,20}\))?(\+[A-Z]{1,3})?", fullmatch=True)))
def test_an_expression_is_read_or_refused_in_one_line(text: str) -> None:
    for parse in (Expression.parse, Call.parse):
        try:
            parsed = parse(text)
        except UserError:
            continue
        assert parse(str(parsed)) == parsed, "what is printed is what is read"
