"""Identity: what makes two fits the same, and what tells two apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bench.data.cache import RULE
from bench.dataset import Task
from bench.networks.network import network_of
from bench.protocol import Protocol
from bench.streams import Streams
from bench.training.composition import Composition


def fit_identity(
    task: Task, method: Composition, streams: Streams, protocol: Protocol, stages: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return all that determines a fit's outcome as JSON values. Place, host, device and time are not among it."""
    return {
        "kind": "fit",
        **_task(task),
        "method": method.training_part,
        "streams": streams.model_dump(),
        "protocol": protocol_identity(protocol),
        "stages": list(stages),
    }


def protocol_identity(protocol: Protocol) -> dict[str, Any]:
    """Return what an identity holds of a protocol: its fields, the backbone with all its settings."""
    network = network_of(protocol.backbone)
    return protocol.identity() | {"backbone": {"network": protocol.backbone.name, **network.settings.identity()}}


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


def differences(ours: object, theirs: object, path: str = "") -> Iterator[str]:
    """Yield one line for each field in which two JSON values differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            yield from differences(ours.get(key), theirs.get(key), f"{path}.{key}" if path else key)
    elif ours != theirs:
        yield f"{path}: {_shown(ours)} here, {_shown(theirs)} there"


def _shown(value: object) -> str:
    return "absent" if value is None else str(value)
