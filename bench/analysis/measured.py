"""The tidy frame of measurements: one row per translator that judges looked at, with all that they found."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pandas as pd

from bench.analysis import metrics
from bench.analysis.decisions import RecordOf
from bench.errors import told
from bench.expression import Call
from bench.plan.job import Job, StageCall
from bench.record import Record
from bench.store.artifacts import ARTIFACT

KEYS = ("task", "minority_count", "place", "generator", "seed", "translator", "profile", "status")
FACTS = (
    "epochs",
    "makes",
    "seconds",
    "operations",
    "judges",
    "evaluator",
    "layers",
    "judges_learned_from",
    "minority",
    "majority",
    "majority_count",
    "counts",
    "classes",
    "record",
    "error",
)
WHOLE = ("seed", "epochs")  # integers that a row may lack
IMAGES = "images"  # what generators make
CLASSES = "; "  # between the names of classes
WEIGHTED = ", weighted"  # after what judges learned from, where it was as rare as it is
FILE = "translators.csv"


def measured(
    jobs: Iterable[Job], profile: str, record_of: RecordOf, is_stale: Callable[[Record], bool]
) -> pd.DataFrame:
    """Return one row per measurement among `jobs`, in their order.

    Returns
    -------
    DataFrame
        Columns `KEYS`, `FACTS`, then the figures of `bench.judging.figures` with `minority` and `majority` in place
        of the classes' numbers, such as `accuracy_to_minority/seed0`. `generator` is a stage with the epochs it was
        trained for, such as `CycleGAN(epochs=32)`, or the method whose fit left the translator; `seed` is that fit's,
        and empty for a stage. `epochs` are the translator's in all, as far as records tell. `translator` is the stream
        of the stages. `makes` is `images` of noise or `translations`; `seconds` and `operations` are what a stage's
        artifact took, with all that it starts from. `judges_learned_from` is spare or train, `WEIGHTED` after it where
        classes had unequal numbers. `status` is done, stale, failed or missing.
    """
    rows = [_row(job, profile, record_of, is_stale) for job in jobs if job.kind == "measurement"]
    figures = sorted({name for row in rows for name in row} - {*KEYS, *FACTS})
    found = pd.DataFrame(rows, columns=[*KEYS, *FACTS, *figures]).astype(dict.fromkeys(WHOLE, "Int64"))
    return found.copy()  # in one piece: pandas warns of as many columns as classes and judges make


def trained_epochs(call: StageCall) -> int | None:
    """Return for how many epochs a stage is trained, None for one that does not count them."""
    epochs = call.parameters.get("epochs", call.settings.get("epochs"))
    return None if epochs is None else int(str(epochs))


def _row(job: Job, profile: str, record_of: RecordOf, is_stale: Callable[[Record], bool]) -> dict[str, object]:
    counts = job.task.counts
    rare, common = metrics.rarest(counts), metrics.commonest(counts)
    row: dict[str, object] = {
        "task": job.task.dataset,
        "minority_count": counts[rare],
        "place": job.task.place,
        "translator": job.streams.stage,
        "profile": profile,
        "status": "missing",
        "minority": job.task.classes[rare],
        "majority": job.task.classes[common],
        "majority_count": counts[common],
        "counts": ":".join(map(str, counts)),
        "classes": CLASSES.join(job.task.classes),
        "record": job.id,
        "error": "",
        "makes": IMAGES if job.needs[0].stage.build().generates else "translations",
        **_cost(job.needs[0].id, record_of),
        **_generator(job, record_of),
        **_judges(job, record_of),
    }
    record = record_of(job.id)
    if record is None:
        return row
    if record.status == "failed":
        return row | {"status": "failed", "error": told(record.error)}
    names = {str(rare): "minority", str(common): "majority"}
    figures = {_by_role(name, names): value for name, value in record.figures.items()}
    return row | {"status": "stale" if is_stale(record) else "done"} | figures


def _cost(id: str, record_of: RecordOf) -> dict[str, float | None]:
    """Return what an artifact took with all that it rests on, each once, as far as records tell."""
    waiting, found = [id], dict[str, Record]()
    while waiting:
        record = record_of(waiting.pop())
        if record is not None and record.id not in found:
            found[record.id] = record
            waiting += record.identity.get("stages", [])
    costs = [record.cost for record in found.values() if record.cost is not None]
    if not costs:
        return {"seconds": None, "operations": None}
    return {"seconds": sum(cost.seconds for cost in costs), "operations": sum(cost.flops or 0.0 for cost in costs)}


def _generator(job: Job, record_of: RecordOf) -> dict[str, object]:
    need = job.needs[0]
    if need.file == ARTIFACT:  # of a stage, not what a fit left
        epochs = trained_epochs(need.stage)
        others = tuple((key, value) for key, value in need.stage.request.parameters if key != "epochs")
        name = str(Call(need.stage.name, others if epochs is None else (("epochs", epochs), *others)))
        return {"generator": name, "seed": None, "epochs": epochs}
    fit = record_of(need.id)
    counted = [int(row["gan_epoch"]) for row in fit.history if "gan_epoch" in row] if fit else []
    return {"generator": job.method, "seed": job.streams.order, "epochs": max(counted, default=None)}


def _judges(job: Job, record_of: RecordOf) -> dict[str, object]:
    judges = [need for need in job.needs if need.role.startswith("judge")]
    settings = judges[0].stage.settings
    made = (record_of(judge.id) for judge in judges)
    spare = {bool(row["from_spare_images"]) for record in made if record for row in record.history[-1:]}
    weighted = "" if settings.get("balanced", True) else WEIGHTED
    return {
        "judges": len(judges),
        "evaluator": settings["network"],
        "layers": settings["layers"],
        "judges_learned_from": "" if len(spare) != 1 else ("spare" if spare.pop() else "train") + weighted,
    }


def _by_role(name: str, names: dict[str, str]) -> str:
    """Return `accuracy_to_minority/seed0` for `accuracy_to_1/seed0`."""
    figure, slash, seed = name.partition("/")
    stem, underscore, last = figure.rpartition("_")
    return f"{stem}{underscore}{names.get(last, last)}{slash}{seed}"
