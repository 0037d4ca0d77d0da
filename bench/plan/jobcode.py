"""The code that a job's outcome depends on: what makes a record stale when it changes."""

from __future__ import annotations

from collections.abc import Mapping

from bench.networks.network import network_of
from bench.plan.code import code_digests
from bench.plan.job import Job, Need
from bench.training.composition import build

# Changes that alter no number of any record, by module: the digest of today's code, and the earlier one it goes by.
# docs/decisions/0016 says when a change may stand here, and why each does.
GOES_BY: dict[str, tuple[str, str]] = {}

_known: dict[tuple[str, ...], dict[str, str]] = {}


def code_of(job: Job) -> dict[str, str]:
    """Return the code digests of the modules that a job uses, those of the stages it needs among them."""
    modules = tuple(dict.fromkeys([*_own(job), *(name for need in job.needs for name in _behind(need))]))
    if modules not in _known:
        _known[modules] = counted_as(code_digests(modules))
    return _known[modules]


def counted_as(digests: Mapping[str, str]) -> dict[str, str]:
    """Return digests by module, those of code that goes by an earlier digest replaced by it."""
    known = {module: {today: earlier} for module, (today, earlier) in GOES_BY.items()}
    return {module: known.get(module, {}).get(digest, digest) for module, digest in digests.items()}


def _own(job: Job) -> list[str]:
    """Return the modules that a job starts from: of networks and methods only those that it uses."""
    if job.expression is not None:
        methods = (type(part).__module__ for part in build(job.expression).training_parts.values())
        network = type(network_of(job.protocol.backbone)).__module__
        return ["bench.training.fit", "bench.data.parts", network, *methods]
    if job.call is not None:
        return ["bench.data.material", type(job.call.build()).__module__]
    return ["bench.judging.measurement"]


def _behind(need: Need) -> list[str]:
    """Return the modules of the stage or fit that an artifact is from, and of all that it rests on."""
    if need.fit is not None:
        return [
            "bench.training.frozen",
            *_own(need.fit),
            *(name for other in need.fit.needs for name in _behind(other)),
        ]
    return [type(need.stage.build()).__module__]
