"""Evidence that a test makes up: stores of a known truth, read as findings read those of results/reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from builders import bench_toml
from small_trials import made_up

from bench import registry
from bench.findings.study import Evidence, evidence
from bench.plan.config import Config, load_config
from bench.plan.grid import build_grid
from bench.store.store import Store

SKILLS = {"Vanilla": 1.0, "CS": 1.0, "OS": 1.5, "US": 0.6}
LEAN = {"Vanilla": 1.2, "OS": 1.2, "US": 1.2}  # CS has a moved threshold, and nothing else
METHODS = [*SKILLS, "TS"]
OTHER = """
[profiles.other]
image_size = 32
load_size = 34
backbone = "paper_cnn(width=3)"
epochs = 1
epoch = "equal"
batch_size = 8
eval_per_class = 4
majority_count = 12
"""


def configured(folder: Path, profile: str = "tiny", methods: Sequence[str] = METHODS, **run: object) -> Config:
    """Return a configuration with two profiles, of digits at two counts."""
    settings: dict[str, object] = {"datasets": ["digits"], "methods": list(methods), "minority": [6, 10], "seeds": 5}
    return load_config(bench_toml(folder, more=OTHER, **settings | run | {"profile": profile}))


def stored(
    config: Config, skills: Mapping[str, float] = SKILLS, lean: Mapping[str, float] = LEAN, sd: float = 0.05
) -> Store:
    """Store a made-up record of every fit of a configuration's grid."""
    registry.load()
    store = Store(config.paths.results)
    for number, job in enumerate(build_grid(config).jobs):
        if job.kind == "fit" and job.method in skills:
            luck = sd * float(np.random.default_rng(number).standard_normal())
            store.save(made_up(job, skills[job.method], luck, lean=lean.get(job.method, 0.0)))
    return Store(config.paths.results, read_only=True)


def found(folder: Path, profiles: Sequence[str] = ("tiny",), **how: object) -> Evidence:
    """Return the evidence of made-up records under some profiles."""
    configs = [configured(folder, profile) for profile in profiles]
    for config in configs:
        store = stored(config, **how)  # type: ignore[arg-type]
    return evidence(configs, [store], folder)
