"""Numbers that last: whether a stored record is still what today's code would make, and which are known not to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.data.cache import RULE
from bench.errors import StoreError, UserError
from bench.expression import Call, frozen
from bench.plan.code import code_digests
from bench.plan.identity import differences, protocol_identity
from bench.plan.job import TRAINED
from bench.plan.jobcode import counted_as
from bench.plan.toml import parsed
from bench.protocol import IMPLICIT, Protocol, Settings
from bench.record import Record
from bench.registry import METHODS, STAGES
from bench.store.regular import MIB, read_regular
from bench.streams import Streams

LIST = "stale.toml"


@dataclass(frozen=True)
class Stale:
    """Committed records that are not today's: those of one packed file, or one record, and what made them."""

    file: str
    id: str
    commit: str
    reason: str


def listed(folder: Path) -> tuple[Stale, ...]:
    """Return what the list beside committed records says.

    Raises
    ------
    StoreError
        It cannot be read, is no list of entries, or one names neither a file nor an id, or no commit or reason.
    """
    path = folder / LIST
    try:
        entries = parsed(read_regular(path, 64 * MIB).decode()).get("stale", [])
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: {error}") from None
    if not (isinstance(entries, list) and all(isinstance(it, dict) for it in entries)):
        raise StoreError(f"{path}: stale is no list of tables: begin each with [[stale]]")
    found = tuple(Stale(*(str(it.get(key, "")) for key in ("file", "id", "commit", "reason"))) for it in entries)
    for number, entry in enumerate(found, 1):
        if not (entry.file or entry.id) or not entry.commit or not entry.reason:
            raise StoreError(f"{path}: entry {number} needs a file or an id, a commit and a reason")
    return found


def changed_since(record: Record) -> list[str]:
    """Return what has changed since a record was made, one line each: in the code, or in how identities are made.

    A record whose dataset, method or stage is gone, or takes other values now, has changed.
    """
    ours = counted_as(code_digests(record.code))
    code = [f"code {line}" for line in differences(ours, dict(record.code))]
    try:
        return [*code, *differences(_today(record.identity), dict(record.identity))]
    except (UserError, ValueError, TypeError, KeyError, AttributeError) as error:
        return [*code, f"its identity cannot be made any more: {error}"]


def _today(identity: Mapping[str, Any]) -> dict[str, Any]:
    """Return an identity as it would be made today of the values that it holds."""
    return dict(identity) | {"preparation": RULE} | dict(_parts(identity))


def _parts(identity: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    if "streams" in identity:
        yield "streams", Streams(**identity["streams"]).model_dump()
    if identity["kind"] in TRAINED:
        yield "protocol", protocol_identity(_protocol(identity["protocol"]))
        yield "method", [[name, METHODS[name].cls(**given).parameters] for name, given in identity["method"]]
    if identity["kind"] == "stage":
        settings = STAGES[identity["stage"]].cls.Settings
        yield "settings", settings(**_implicit(settings) | identity["settings"]).identity()


def _implicit(cls: type[Settings]) -> dict[str, Any]:
    """Return what fields that came later had before anybody could set them: an identity leaves such values out."""
    extras = {name: field.json_schema_extra for name, field in cls.model_fields.items()}
    return {name: extra[IMPLICIT] for name, extra in extras.items() if isinstance(extra, dict) and IMPLICIT in extra}


def _protocol(values: Mapping[str, Any]) -> Protocol:
    arguments = dict(values["backbone"])
    return Protocol(
        **_implicit(Protocol) | dict(values) | {"backbone": Call(arguments.pop("network"), frozen(arguments))}
    )
