"""The code that a job's outcome depends on: what makes a record stale when it changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from bench.errors import ConfigError
from bench.networks.network import network_of
from bench.plan.code import code_digests
from bench.plan.job import Job, Need, StageCall
from bench.plan.sources import is_known
from bench.registry import DATASETS, METHODS, NETWORKS, PLUGIN
from bench.training.composition import build

# Changes that alter no number of any record, by module: the digest of today's code, and the earlier one it goes by, ""
# where there was no such module. docs/decisions/0016 says when a change may stand here, and why each does.
GOES_BY: dict[str, tuple[str, str]] = {
    "bench.data.features": ("6d9b498a8fff", "d325a550e26c"),
    "bench.methods.generators.penalised": ("2909b80bf366", "4fda1608ddc5"),
    "bench.training.device": ("26e733f941aa", "748df1351c14"),
    "bench.training.rounded": ("c22f3eaa3311", ""),
}

_known: dict[tuple[str, ...], dict[str, str]] = {}
_modules_of: dict[tuple[object, ...], tuple[str, ...]] = {}  # fits: of a grid there are many for each key


def code_of(job: Job) -> dict[str, str]:
    """Return the code digests of the modules that a job uses, those of the stages it needs among them."""
    modules = _modules(job)
    if modules not in _known:
        _known[modules] = counted_as(code_digests(modules))
    return _known[modules]


def check_code(job: Job, code: Mapping[str, str], loaded: Collection[str] = ()) -> None:
    """Refuse a job where the code that this process has imported is not the one that it was planned with.

    Parameters
    ----------
    loaded
        Modules that were imported before, so that their files are of no interest any more.

    Raises
    ------
    ConfigError
        It is not, or a file has changed since it was imported; the text names the modules.
    """
    ours = counted_as(code_digests(_modules(job), loaded))
    if other := sorted(name for name in ours.keys() | code.keys() if ours.get(name) != code.get(name)):
        raise ConfigError(f"{', '.join(other)}: not the code that this run began with; run the same command again")


def check_read(job: Job, read: Iterable[Path]) -> None:
    """Refuse a job that read code of a user's, as it was done, of which its code digest knows nothing.

    Raises
    ------
    ConfigError
        It did; the text names the file.
    """
    for path in read:
        if not is_known(path):
            raise ConfigError(
                f"{path}: {job.method} reads it while it computes, so that no record would tell when it changes; "
                "import it at the top of the plugin"
            )


def _modules(job: Job) -> tuple[str, ...]:
    if job.expression is None:
        return _found(job)
    backbone, needs = job.protocol.backbone, tuple(need.id for need in job.needs)
    registered = (NETWORKS[backbone.name].cls, *(METHODS[call.name].cls for call in job.expression.calls))
    key = (repr(job.expression), repr(backbone), registered, needs, job.task.dataset)
    if key not in _modules_of:
        _modules_of[key] = _found(job)
    return _modules_of[key]


def _found(job: Job) -> tuple[str, ...]:
    behind = (name for need in job.needs for name in _behind(need))
    return tuple(dict.fromkeys([*_own(job), *behind, *_of_plugin(job.task.dataset)]))


def _of_plugin(dataset: str) -> list[str]:
    """Return the module of a dataset that a user wrote: its images may be made there. Those of others are pinned."""
    found = DATASETS[dataset].cls.__module__ if dataset in DATASETS else ""
    return [found] if found.startswith(PLUGIN) else []


def counted_as(digests: Mapping[str, str]) -> dict[str, str]:
    """Return digests by module, those of code that goes by an earlier digest replaced by it."""
    known = {module: {today: earlier} for module, (today, earlier) in GOES_BY.items()}
    counted = {module: known.get(module, {}).get(digest, digest) for module, digest in digests.items()}
    return {module: digest for module, digest in counted.items() if digest}


def _own(job: Job) -> list[str]:
    """Return the modules that a job starts from: of networks and methods only those that it uses."""
    if job.expression is not None:
        methods = (type(part).__module__ for part in build(job.expression).training_parts.values())
        network = network_of(job.protocol.backbone)
        features = ["bench.data.features"] if network.views else []
        return ["bench.training.fit", "bench.data.parts", *features, type(network).__module__, *methods]
    if job.call is not None:
        return ["bench.data.material", *_of_stage(job.call)]
    return ["bench.judging.measurement"]


def _behind(need: Need) -> list[str]:
    """Return the modules of the stage or fit that an artifact is from, and of all that it rests on."""
    if need.fit is not None:
        return [
            "bench.training.frozen",
            *_own(need.fit),
            *(name for other in need.fit.needs for name in _behind(other)),
        ]
    return _of_stage(need.stage)


def _of_stage(call: StageCall) -> list[str]:
    stage = call.build()
    return [type(stage).__module__, *stage.uses]
