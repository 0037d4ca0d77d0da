"""Stages that take a second: their settings as the end of a small bench.toml, and what a run leaves of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from builders import bench_toml, imbench

from bench.plan.config import load_config
from bench.plan.grid import build_grid
from bench.plan.job import Job

STAGES = """
[profiles.tiny.stages.CycleGAN]
width = 2
blocks = 1
crop_size = 32
batch_size = 4
epochs = 2
compared_epochs = [3]
constant_epochs = 2
decay_epochs = 2
{more}

[profiles.tiny.stages.Evaluator]
network = "small"
epochs = 1
seeds = 1

[profiles.tiny.methods.AUG]
views = 1

[profiles.tiny.methods.ALT]
blocks = 1
gan_epochs = 1
views = 1

[profiles.tiny.stages.BAGAN-AE]
epochs = 1
batch_size = 8

[profiles.tiny.stages.BAGAN]
image_size = 16
width = 0.03
epochs = 1
batch_size = 8

[profiles.tiny.stages.BAGAN-GP-AE]
epochs = 1
batch_size = 8

[profiles.tiny.stages.BAGAN-GP]
image_size = 16
width = 0.03
epochs = 1
batch_size = 8

[profiles.tiny.stages.GAN]
image_size = 16
width = 0.03
steps = 2
batch_size = 4

[profiles.tiny.stages.ACGAN]
image_size = 16
width = 0.03
steps = 2
batch_size = 4

[profiles.tiny.stages.cGAN]
image_size = 16
width = 0.03
steps = 2
batch_size = 4

[profiles.tiny.stages.CBGAN]
image_size = 16
width = 0.03
steps = 2
batch_size = 4
classifier = "CS"
latents_per_class = 20
latents_searched = 5

[profiles.tiny.stages.GAMO]
image_size = 16
width = 0.03
steps = 2
batch_size = 4
points = 20
"""


def toml(folder: Path, more: str = "", **run: Any) -> Path:
    return bench_toml(
        folder, STAGES.format(more=more), **({"methods": ["Vanilla", "AUG", "ALT"], "translators": 1} | run)
    )


def jobs(path: Path, kind: str) -> list[Job]:
    return [job for job in build_grid(load_config(path)).jobs if job.kind == kind]


def artifacts(folder: Path) -> dict[str, list[str]]:
    """Return the names of all artifacts, which hold their digests, by record."""
    return {place.name: sorted(p.name for p in place.iterdir()) for place in (folder / "results" / "stages").iterdir()}


def run(path: Path, status: int = 0) -> str:
    said = imbench("run", "--config", path)
    assert said.status == status, said.err
    return said.err
