"""A record as text, with a checksum that shows whether a hand or a disk has changed it."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError

from bench.record import SCHEMA, Record, canonical, digest
from bench.store.plausible import implausible
from bench.store.regular import MIB

MOST_BYTES = 64 * MIB  # of a record; of two classes it has some thousands


class Damaged(ValueError):
    """The text is not a record as it was written; says what is wrong with it."""


class Newer(ValueError):
    """The text was written by a later version of the suite."""


def readable(record: Record) -> bytes:
    """Return the text of a file that holds one record: one field a line."""
    return (json.dumps(_sealed(record), indent=1, allow_nan=False, ensure_ascii=False) + "\n").encode()


def compact(record: Record) -> bytes:
    """Return one line for a file that holds many records; equal records give equal bytes."""
    return (canonical(_sealed(record)) + "\n").encode()


def decode(text: bytes, expected: str | None = None) -> Record:
    """Read a record back.

    Parameters
    ----------
    expected
        The id under which it was found.

    Raises
    ------
    Damaged
        The text is too long, does not parse, misses its checksum, its id is not the digest of its identity, or it
        cannot be true.
    Newer
        Its schema is one that this version does not know.
    """
    if len(text) > MOST_BYTES:
        raise Damaged(f"it has more than the {MOST_BYTES // MIB} MB that a record can have")
    content = _parse(text)
    version = content.get("schema_version")
    if isinstance(version, int) and version > SCHEMA:
        raise Newer(f"schema version {version} is newer than this version's {SCHEMA}")
    checksum = content.pop("checksum", None)
    if checksum != _digest(content):
        raise Damaged("its checksum is wrong: it was changed after it was written")
    try:
        record = Record.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise Damaged(f"field {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except RecursionError as error:
        raise Damaged(f"it does not parse: {error}") from error
    if record.id != digest(record.identity):
        raise Damaged(f"its id {record.id} is not the digest of its identity")
    if reason := implausible(record):
        raise Damaged(f"it cannot be true: {reason}")
    if expected is not None and record.id != expected:
        raise Damaged(f"it lies under the name of {expected or 'no record'} but its id is {record.id}")
    return record


def _sealed(record: Record) -> dict[str, Any]:
    content = record.model_dump(mode="json")
    return {"checksum": digest(content), **content}


def _digest(content: dict[str, Any]) -> str:
    # The parser accepts two things that nothing we write contains: NaN, and text that is no valid Unicode.
    try:
        return digest(content)
    except (ValueError, RecursionError) as error:
        raise Damaged(f"it does not parse: {error}") from error


def _parse(text: bytes) -> dict[str, Any]:
    try:
        content = json.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise Damaged(f"it does not parse: {error}") from error
    if not isinstance(content, dict):
        raise Damaged("it does not parse: not a JSON object")
    return content
