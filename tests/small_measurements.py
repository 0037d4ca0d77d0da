"""Measurements of translators with made-up figures, for the tests of what the report says about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
from builders import tiny

from bench.analysis.measured import measured
from bench.dataset import Task
from bench.plan.job import Job, Need, StageCall
from bench.record import Record
from bench.stage import StageRequest
from bench.streams import Streams

JUDGES = 3
MEMORY = dict.fromkeys(("nearest", "nearest_top", "diversity", "nearest_real", "nearest_top_real"), 0.4)


def job(
    count: int,
    epochs: int = 16,
    method: str = "",
    task: str = "horse2zebra",
    seed: int = 0,
    stream: int = 0,
    network: str = "efficientnet_lite0",
    counts: tuple[int, int] | None = None,
) -> Job:
    """Return the measurement of a CycleGAN that was trained for so many epochs, or of what a method's fit left."""
    asked = StageRequest.of("CycleGAN", **({} if epochs == 16 else {"epochs": epochs}))
    call = StageCall(asked, {"epochs": 16, "compared_epochs": (20, 32)})
    judge = StageCall(StageRequest.of("Evaluator"), {"network": network, "layers": "head", "seeds": JUDGES})
    name = f"{task}-{count}-{method or call.label}-{seed}-{stream}"
    need = Need(asked, f"of {name}", call, "translator" if method else "artifact", "translator")
    judges = (Need(judge.request, f"{task} judge {k}", judge, role=f"judge {k}") for k in range(JUDGES))
    shares = counts or (450, count)
    place = Task(task, "", "", ("horse", "zebra"), shares, ":".join(map(str, shares)))
    streams = Streams.of(seed).model_copy(update={"stage": stream})
    needs = (need, *judges)
    return Job(name, {}, place, tiny(), streams, "measurement", needs, judged=method or call.label)


def figures(to_rare: Sequence[float], to_common: Sequence[float], rare: int = 1, real: float = 0.9) -> dict[str, float]:
    """Return what judges say, one share of each direction for each; the pooled share is their mean.

    Images that should stay what they are do so by half, and the AUC is a share's square root.
    """
    common = 1 - rare
    found = dict(MEMORY, diversity_real=0.3)
    for k, (a, b) in enumerate(zip(to_rare, to_common, strict=True)):
        found |= {
            f"accuracy_to_{rare}/seed{k}": a,
            f"accuracy_to_{common}/seed{k}": b,
            f"accuracy/seed{k}": (a + b) / 2,
        }
        found |= {f"real_accuracy_of_{label}/seed{k}": real for label in (0, 1)} | {f"real_accuracy/seed{k}": real}
        found |= {f"accuracy_{kind}_{label}/seed{k}": 0.5 for kind in ("same", "back") for label in (0, 1)}
        found |= {f"auc_to_{rare}/seed{k}": a**0.5, f"auc_to_{common}/seed{k}": b**0.5}
    for label in (0, 1):
        found |= {f"fid_to_{label}": 30.0 + label, f"fid_real_to_{label}": 3.0 + label, f"n_to_{label}": 40.0}
        found |= {f"kid_to_{label}": 0.30 + label, f"kid_real_to_{label}": 0.03}
    return found


def done(job: Job, found: dict[str, float]) -> Record:
    return Record(id=job.id, identity={}, status="done", figures=found)


def alt_fit(job: Job, epochs: int) -> Record:
    """Return the record of the fit that left a measurement's translator after so many epochs of it."""
    return Record(id=job.needs[0].id, identity={}, status="done", history=[{"epoch": 1.0, "gan_epoch": float(epochs)}])


def judge_records(task: str = "horse2zebra", spare: float = 1.0) -> list[Record]:
    history = [{"from_spare_images": spare}]
    return [Record(id=f"{task} judge {k}", identity={}, status="done", history=history) for k in range(JUDGES)]


def rows(jobs: Iterable[Job], records: Iterable[Record], stale: frozenset[str] = frozenset()) -> pd.DataFrame:
    by_id: dict[str, Any] = {record.id: record for record in records}
    return measured(jobs, "cpu", by_id.get, lambda record: record.id in stale)


def table_lines(text: str, heading: str) -> dict[str, list[str]]:
    """Return the cells of each row of the table below a heading, by label and kind."""
    part = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    split = [[each.strip() for each in line.strip("|").split("|")] for line in part.splitlines() if line[:1] == "|"]
    label, found = "", {}
    for first, *rest in split[2:]:
        label = first or label
        kind = rest[0] if rest[0] in ("ours", "paper", "ours - paper") else "ours"
        found[f"{label} {kind}" if kind != "ours" else label] = rest
    return found


def compared(spare: float = 1.0, network: str = "efficientnet_lite0") -> pd.DataFrame:
    """Return CycleGANs after 16, 20 and 32 epochs and two of ALT after 20, all at 25 zebras."""
    stages = {epochs: job(25, epochs, network=network) for epochs in (16, 20, 32)}
    left = [job(25, method="ALT", seed=seed, network=network) for seed in (0, 1)]
    records = [
        done(stages[16], figures([0.1] * 3, [0.1] * 3)),
        done(stages[20], figures([0.2, 0.3, 0.4], [0.6] * 3)),
        done(stages[32], figures([0.0, 0.1, 0.2], [0.9, 0.9, 1.0])),
        done(left[0], figures([0.5, 0.6, 0.7], [0.5] * 3)),
        done(left[1], figures([0.8, 0.8, 0.8], [0.6] * 3)),
        *(alt_fit(each, 20) for each in left),
    ]
    return rows([*stages.values(), *left], [*records, *judge_records(spare=spare)])
