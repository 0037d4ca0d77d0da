"""Identity: what makes two fits the same, and what tells two apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bench.composition import Composition
from bench.data.cache import RULE
from bench.dataset import Task
from bench.plan.code import code_digests
from bench.protocol import Protocol
from bench.streams import Streams


def fit_identity(
    task: Task, method: Composition, streams: Streams, protocol: Protocol, stages: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return all that determines a fit's outcome as JSON values. Place, host, device and time are not among it."""
    return {
        "kind": "fit",
        **_task(task),
        "method": method.training_part,
        "streams": streams.model_dump(),
        "protocol": protocol.model_dump(),
        "stages": list(stages),
    }


def stage_identity(
    task: Task, name: str, parameters: Mapping[str, object], settings: Mapping[str, object], **more: Any
) -> dict[str, Any]:
    """Return all that determines a stage's artifact. `more` holds streams, facts of the images and stages it needs."""
    return {
        "kind": "stage",
        "stage": name,
        "parameters": dict(parameters),
        "settings": dict(settings),
        **_task(task),
        **more,
    }


def measurement_identity(task: Task, of: str, judges: Iterable[str], images: Mapping[str, object]) -> dict[str, Any]:
    """Return all that determines what judges say about the artifact of the record `of`."""
    return {"kind": "measurement", "of": of, "judges": list(judges), "images": dict(images), **_task(task)}


def _task(task: Task) -> dict[str, Any]:
    return {
        "dataset": task.dataset,
        "edition": task.edition,
        "split": task.split,
        "classes": list(task.classes),
        "preparation": RULE,
        "counts": list(task.counts),
    }


def fit_code(method: Composition) -> dict[str, str]:
    """Return the code digests of the modules that a fit of this method uses.

    A method that only decides adds none: its record is that of the training part.
    """
    return code_digests(fit_modules(method))


def fit_modules(method: Composition) -> list[str]:
    """Return the modules that a fit of this method starts from."""
    return [
        "bench.training.fit",
        "bench.data.parts",
        *(type(part).__module__ for part in method.training_parts.values()),
    ]


def differences(ours: object, theirs: object, path: str = "") -> Iterator[str]:
    """Yield one line for each field in which two JSON values differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            yield from differences(ours.get(key), theirs.get(key), f"{path}.{key}" if path else key)
    elif ours != theirs:
        yield f"{path}: {_shown(ours)} here, {_shown(theirs)} there"


def _shown(value: object) -> str:
    return "absent" if value is None else str(value)
