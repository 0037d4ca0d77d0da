"""The code that a job's outcome depends on: what makes a record stale when it changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from bench.plan.code import code_digests
from bench.plan.compose import compose
from bench.plan.identity import fit_modules
from bench.plan.job import Job
from bench.plan.needs import modules

# Changes that alter no number of any record, by module: the digest of today's code, and the earlier one it goes by.
# docs/decisions/0016 says when a change may stand here, and why each does.
GOES_BY: dict[str, tuple[str, str]] = {}

_known: dict[tuple[object, ...], dict[str, str]] = {}


def code_of(job: Job, allowed: Collection[str]) -> dict[str, str]:
    """Return the code digests of the modules that a job uses, those of the stages it needs among them."""
    needed = tuple(dict.fromkeys(need.call.name for need in job.needs))
    is_fit = job.kind in ("fit", "audit")
    key = (is_fit, job.kind == "measurement", job.method if is_fit else job.call and job.call.name, needed)
    if key not in _known:
        _known[key] = counted_as(code_digests([*_own(job, allowed), *modules(job.needs)]))
    return _known[key]


def counted_as(digests: Mapping[str, str]) -> dict[str, str]:
    """Return digests by module, those of code that goes by an earlier digest replaced by it."""
    known = {module: {today: earlier} for module, (today, earlier) in GOES_BY.items()}
    return {module: known.get(module, {}).get(digest, digest) for module, digest in digests.items()}


def _own(job: Job, allowed: Collection[str]) -> list[str]:
    if job.kind in ("fit", "audit"):
        return fit_modules(compose(job.method, allowed))
    if job.call is not None:
        return ["bench.data.material", type(job.call.build()).__module__]
    return ["bench.judging.measurement"]
