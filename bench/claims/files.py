"""Files of claims: those of papers, which are shipped, and a user's own."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bench.claims.claim import GENERATED, MEASURED, Claim, Claims, rivals
from bench.errors import ConfigError, unknown
from bench.expression import Call
from bench.papers.paper import Paper
from bench.plan.compose import compose
from bench.plan.config import Config
from bench.plan.toml import parsed
from bench.registry import STAGES, shipped_datasets
from bench.store.regular import MIB, read_regular


def load_claims(files: Iterable[Path] = (), papers: Iterable[Paper] = ()) -> dict[str, tuple[Claim, Paper | None]]:
    """Return the claims of papers, then those of a user's files, by id, each with the paper it is of.

    Raises
    ------
    ConfigError
        A file is missing or not TOML, a key or value is wrong, or two claims share an id; the text names it.
    """
    sources: list[tuple[str, str, Paper | None]] = [(it.claims, it.citation, it) for it in papers]
    sources += [(_read(path), str(path), None) for path in files]
    found: dict[str, tuple[Claim, Paper | None]] = {}
    for text, name, paper in sources:
        for claim in parse_claims(text, name).claims:
            if claim.id in found:
                raise ConfigError(f"{name}: the claim {claim.id!r} exists already; give it another id")
            found[claim.id] = claim, paper
    return found


def parse_claims(text: str, name: str) -> Claims:
    """Read claims from TOML; `name` is what an error calls the file.

    Raises
    ------
    ConfigError
        The text is not TOML, or a key or value is wrong.
    """
    try:
        raw = parsed(text)
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from None
    try:
        return Claims(**raw)
    except ValidationError as error:
        raise ConfigError(f"{name}: {_first_line(error, raw)}") from None


def check_names(claims: Iterable[Claim], config: Config, translators: Collection[str]) -> None:
    """Refuse claims about a task or method that does not exist.

    Raises
    ------
    ConfigError
        The text names the claim and what was perhaps meant.
    """
    tasks = {entry.name for entry in shipped_datasets()} | config.datasets.keys()
    for claim in claims:
        if claim.task not in tasks:
            raise ConfigError(f"claim {claim.id}: {unknown('dataset', claim.task, tasks)}")
        for method in (claim.method, *rivals(claim)):
            if claim.metric in GENERATED:
                _check_generator(claim, method)
            elif claim.metric != MEASURED:
                _check_method(claim, method, config)
            elif method not in translators:
                raise ConfigError(f"claim {claim.id}: {unknown('translator', method, translators)}")


def _check_method(claim: Claim, method: str, config: Config) -> None:
    try:
        compose(method, config.composition.allow)
    except ConfigError as error:
        raise ConfigError(f"claim {claim.id}: {error}") from None


def _check_generator(claim: Claim, name: str) -> None:
    known = [entry.name for entry in STAGES if entry.cls.generates]
    if Call.parse(name, "generator").name not in known:
        raise ConfigError(f"claim {claim.id}: {unknown('generator', name, known)}")


def _read(path: Path) -> str:
    try:
        return read_regular(path, 64 * MIB).decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or error) if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigError(f"{path}: {reason}") from None


def _first_line(error: ValidationError, raw: dict[str, Any]) -> str:
    """Return the first thing that is wrong, under the claim's id where it has one."""
    first = error.errors()[0]
    text, place = first["msg"].removeprefix("Value error, "), list(first["loc"])
    if len(place) > 1 and place[0] == "claims":
        number = int(place[1])
        entry = raw["claims"][number]
        named = entry.get("id") if isinstance(entry, dict) else None
        fields = [str(part) for part in place[2:] if part != (entry or {}).get("kind")] if named else place[2:]
        text = ": ".join([f"claim {named or number + 1}", *(map(str, fields)), text])
    return text
