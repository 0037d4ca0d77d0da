"""A record comes back as it was written, and no change to its text goes unnoticed."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_records import identity_of

from bench.record import Packed, Ratios, Record, canonical, digest
from bench.store.plausible import TYPES
from bench.store.recordtext import Damaged, compact, decode, readable
from bench.store.store import Store

names = st.text(max_size=8)


finite = st.floats(allow_nan=False, allow_infinity=False)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def any_record(draw: st.DrawFn) -> Record:
    """A record of which nothing says that it cannot be: a name that readers build on holds what they expect."""
    identity = draw(st.dictionaries(names.filter(lambda name: name not in TYPES), json_values, max_size=4)) | {
        "kind": "other"
    }
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


@pytest.mark.parametrize("classes", [2, 3, 12])
def test_probabilities_come_back_within_what_is_promised(classes: int) -> None:
    rng = np.random.default_rng(classes)
    logits = rng.normal(size=(20_000, classes)) * rng.choice([0.01, 1, 5, 100], size=(20_000, 1))
    values = (
        np.exp(logits - logits.max(1, keepdims=True)) / np.exp(logits - logits.max(1, keepdims=True)).sum(1)[:, None]
    )
    values = values.astype(np.float32)
    kept = Ratios.of(values)
    found = kept.array()
    assert found.dtype == np.float32 and np.abs(found - values).max() < 5e-4
    assert (found.argmax(1) == values.argmax(1)).all()
    assert len(kept.ratios) <= 4 * np.ceil(2 * 20_000 * (1 if classes == 2 else classes) / 3)
    if classes == 2:
        assert (np.diff(found[np.lexsort((-values[:, 0], values[:, 1])), 1]) >= 0).all()  # near 1 p0 tells them apart


def test_a_record_with_float32_is_still_read() -> None:
    values = np.array([[0.1, 0.9], [0.75, 0.25]], dtype=np.float32)
    identity = identity_of()
    content = Record(id=digest(identity), identity=identity, status="done").model_dump(mode="json")
    part = {"counts": [1, 1], "probabilities": Packed.of(values).model_dump(mode="json")}
    content |= {"schema_version": 1, "validation": part, "test": part}
    read = decode(canonical({"checksum": digest(content), **content}).encode())
    assert read.test is not None and (read.test.probabilities.array() == values).all()
    assert decode(compact(read)) == read


def test_arrays_come_back_to_the_bit() -> None:
    values = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    assert (Packed.of(values).array() == values).all()
