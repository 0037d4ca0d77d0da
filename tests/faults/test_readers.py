"""Whatever lies in a file, a reader gives what was written or says in one line what is wrong; nothing else escapes."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_records import small_record

from bench.data.manifest import read_manifest
from bench.data.splits import read_split
from bench.errors import UserError
from bench.expression import Call, Expression
from bench.plan.config import load_config
from bench.plan.toml import default_text
from bench.running.speed import speed
from bench.store.artifacts import Weights
from bench.store.index import read_index
from bench.store.recordtext import Damaged, Newer, decode, readable
from bench.store.store import Store

EXAMPLES = int(os.environ.get("EXAMPLES_OF_FAULTS", "40"))
MANY = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[*HealthCheck], print_blob=True)
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
SPLIT = json.dumps(
    {"classes": ["a", "b"], "parts": {part: {"a": ["1"], "b": ["2"]} for part in ("train", "val", "test", "spare")}}
)


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
    "checkpoint": (b"\x08\x00\x00\x00\x00\x00\x00\x00{}      ", checkpoint),
}


@pytest.mark.parametrize("kind", READERS)
@MANY
@given(data=st.data())
def test_a_reader_gives_what_was_written_or_one_line(kind: str, data: st.DataObject) -> None:
    whole, read = READERS[kind]
    content = data.draw(st.one_of(st.binary(max_size=200), mutated(whole)), label="content")
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        refused, found = "", None
        try:
            found = read(path)
        except (UserError, Damaged, Newer) as error:
            refused = str(error).strip()
    assert "\n" not in refused and len(refused) < 3000
    assert refused or kind != "record" or found == small_record(1), "another record under a right checksum"


@st.composite
def mutated(draw: st.DrawFn, whole: bytes) -> bytes:
    """Draw a content with bytes replaced, left out, doubled or put in."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(0, len(content) - 1)))
        length = draw(st.integers(0, 12))
        content[start : start + length] = draw(
            st.one_of(st.binary(max_size=12), st.sampled_from([b"{", b"[", b'"', b"\n", b"nan", b"1e999", b"9" * 5000]))
        )
    return bytes(content)


@MANY
@given(text=st.one_of(st.text(max_size=60), st.from_regex(r"[A-Z]{1,4}(\(.{0,20}\))?(\+[A-Z]{1,3})?", fullmatch=True)))
def test_an_expression_is_read_or_refused_in_one_line(text: str) -> None:
    for parse in (Expression.parse, Call.parse):
        try:
            parsed = parse(text)
        except UserError:
            continue
        assert parse(str(parsed)) == parsed, "what is printed is what is read"
