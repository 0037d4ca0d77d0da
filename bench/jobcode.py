"""The code that a job's outcome depends on: what makes a record stale when it changes."""

from __future__ import annotations

from collections.abc import Collection

from bench.code import code_digests
from bench.compose import compose
from bench.identity import fit_modules
from bench.job import Job
from bench.needs import modules

_known: dict[tuple[object, ...], dict[str, str]] = {}


def code_of(job: Job, allowed: Collection[str]) -> dict[str, str]:
    """Return the code digests of the modules that a job uses, those of the stages it needs among them."""
    needed = tuple(dict.fromkeys(need.call.name for need in job.needs))
    is_fit = job.kind in ("fit", "audit")
    key = (is_fit, job.kind == "measurement", job.method if is_fit else job.call and job.call.name, needed)
    if key not in _known:
        _known[key] = code_digests([*_own(job, allowed), *modules(job.needs)])
    return _known[key]


def _own(job: Job, allowed: Collection[str]) -> list[str]:
    if job.kind in ("fit", "audit"):
        return fit_modules(compose(job.method, allowed))
    if job.call is not None:
        return ["bench.material", type(job.call.build()).__module__]
    return ["bench.measurement"]
