"""Core-hours of the runs that rest on generators: seconds of a step, a fit and a look, times what is asked for.

A few steps of each stage, one epoch of a plain fit and one look of the judges' network are timed on one thread, in
seconds on cores, which no other work spoils; what the runs of a campaign ask for is counted in operations, and takes as
long per operation. Ends with one line per figure, `name=value`.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from generator_step import GENERATORS, NoCheckpoint, classifier
from tabulate import tabulate

from bench import registry
from bench.data.parts import open_parts
from bench.judging.judge import pretrained
from bench.networks.network import step_operations
from bench.plan.campaign import CampaignRun, planned, read_campaign
from bench.plan.compose import compose
from bench.plan.config import load_config
from bench.plan.grid import Grid, dataset_named, stage_settings, workshops
from bench.plan.job import TRAINED, Job
from bench.plan.operations import operations
from bench.registry import STAGES
from bench.running.run import decode
from bench.stage import Material, Reads, Request, Stage, StageRequest
from bench.streams import Streams
from bench.training.composition import build
from bench.training.device import Device
from bench.training.fit import fit

DATASET, AT = "fashion_mnist", "exp 100"  # where all is timed; images of the other sets are as large
CAMPAIGN = Path(__file__).parents[1] / "results" / "reference" / "campaign.toml"
FEW, MORE = 3, 15  # steps, so that what is done once does not count
LOOKS = 20  # images
KINDS = ("fits", "generators", "judges")


def main() -> None:
    """Time, count, and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--campaign", type=Path, default=CAMPAIGN)
    parser.add_argument("--only", default="generators,", help="runs whose names begin so")
    parser.add_argument("--profile", default="cpu")
    options = parser.parse_args()
    registry.load()
    torch.set_num_threads(1)
    timed = Timed(options.profile)
    rows = [(name, f"{each:.3f}", steps, f"{each * steps / 60:.1f}") for name, (each, steps) in timed.steps.items()]
    print(tabulate(rows, ("stage", "seconds a step", "steps", "minutes"), disable_numparse=True))
    print(f"\none fit of {timed.whole / 1e12:.1f} TFLOP: {timed.whole * timed.seconds['fit'] / 60:.1f} minutes\n")
    seen: set[str] = set()
    table = []
    for run in read_campaign(options.campaign).run:
        grid = _grid(run)
        if run.name.startswith(options.only):
            table.append({"run": run.name} | timed.hours(grid, seen))
        seen |= {job.id for job in grid.jobs}
    print(tabulate([*table, {"run": "all"} | _sums(table)], "keys", floatfmt=".2f"))
    for name, (each, _) in timed.steps.items():
        print(f"generator_cost_step_{re.sub(r'[^a-z0-9]+', '_', name.lower())}={each:.4g}")
    print(f"generator_cost_all={sum(_sums(table)[kind] for kind in KINDS):.4g}")


class Timed:
    """Seconds on cores of every operation of a profile: of each stage of a generator, of fits, of judges."""

    def __init__(self, profile: str) -> None:
        self.config, self.device = load_config(profile=profile, datasets=[DATASET], at=[AT]), Device.best()
        (self.shop,) = workshops(DATASET, self.config)
        source = dataset_named(DATASET, self.config)
        files = decode(source, self.config)
        sizes = {part: source.split().counts(part) for part in files}
        self.parts = open_parts(files, sizes, self.shop.task, self.shop.protocol, Streams())
        self.steps: dict[str, tuple[float, int]] = {}
        self.seconds: dict[str, float] = {}
        with self.device.session(self.shop.protocol):
            for name in GENERATORS:
                self._stage(name)
            self._look()
        self._fit()

    def hours(self, grid: Grid, seen: set[str]) -> dict[str, float]:
        """Return the core-hours of what was not seen before, by kind, and how many generators are trained."""
        found: dict[str, float] = defaultdict(float, trained=0)
        for job in grid.jobs:
            if job.id not in seen:
                kind, seconds = self._took(job)
                found[kind] += seconds / 3600
                found["trained"] += kind == "generators"
        return {"trained": found["trained"]} | {kind: found[kind] for kind in KINDS}

    def _took(self, job: Job) -> tuple[str, float]:
        """Return the kind of a job and the seconds that it will take."""
        count, protocol = operations(job), job.protocol
        if job.kind in TRAINED:  # images that a generator adds are made as fast as it learns
            images = protocol.epochs * protocol.epoch_images(job.task.counts, sum(job.task.counts))
            plain = images * step_operations(protocol.backbone, protocol.image_size, len(job.task.counts))
            return "fits", plain * self.seconds["fit"] + (count - plain) * self.seconds["cGAN"]
        if job.call and job.call.name in self.seconds:
            return "generators", count * self.seconds[job.call.name]
        # Judges that are new last layers of one body look once, all of them and the distances.
        together = 1 + sum(need.role.startswith("judge") for need in job.needs) if self.heads else 1
        return "judges", count * self.seconds["judges"] / together

    def _stage(self, name: str) -> None:
        """Time a stage and the one that it starts from."""
        stage, _ = self._short(StageRequest(name), FEW)
        needed: dict[Request, Any] = {}
        for request in stage.requires(self.shop.task.counts):
            if isinstance(request, StageRequest):
                self._clocked(request, {})
                before, _ = self._short(request, FEW)
                needed[request] = before.open(
                    before.make(self._material(before, {})).tensors, self.shop.task.counts, self.device
                )
            else:
                needed[request] = classifier(self.shop.protocol, self.device, len(self.shop.task.counts))
        self._clocked(StageRequest(name), needed)

    def _clocked(self, request: StageRequest, needed: Mapping[Request, Any]) -> None:
        took = []
        for steps in (FEW, MORE):
            stage, length = self._short(request, steps)
            began = time.process_time()
            made = stage.make(self._material(stage, needed))
            took.append((time.process_time() - began, made.flops))
        (short, few), (long, more) = took
        self.steps[request.name] = (long - short) / (MORE - FEW), length
        self.seconds[request.name] = (long - short) / (more - few)

    def _short(self, request: StageRequest, steps: int) -> tuple[Stage, int]:
        """Return a stage with few steps, and how many it has in the profile."""
        cls = STAGES[request.name].cls
        values = dict(stage_settings(self.config.profile, DATASET, request.name))
        whole: Any = cls.Settings(**values)
        few = {"latents_per_class": 1, "latents_searched": 1} if "latents_per_class" in values else {}
        settings = cls.Settings(**(values | few | {"steps": steps, "epochs": None}))
        return cls(settings, dict(request.parameters)), whole.length(sum(self.shop.task.counts))

    def _material(self, stage: Stage, needed: Mapping[Request, Any]) -> Material:
        train = self.parts.train
        reads = Reads(self.shop.protocol, stage.reads, type(stage).__name__)
        return Material(train, train, reads, Streams(), self.device, needed, NoCheckpoint())

    def _look(self) -> None:
        """Time what a judge's network does with an image."""
        embedding, side = pretrained("efficientnet_lite0", self.device), self.shop.protocol.image_size
        images = torch.zeros(LOOKS, 3, side, side, device=self.device.torch)
        embedding(images)
        began = time.process_time()
        embedding(images)
        evaluator: Any = STAGES["Evaluator"].cls
        settings = stage_settings(self.config.profile, DATASET, "Evaluator")
        self.heads, judge = settings["layers"] == "head", evaluator(evaluator.Settings(**settings), {})
        self.seconds["judges"] = (time.process_time() - began) / LOOKS / judge.use_operations(side)

    def _fit(self) -> None:
        """Time one epoch of Vanilla with its check."""
        plain = self.shop.fit(compose("Vanilla"), Streams())[-1]
        protocol = self.shop.protocol.model_copy(update={"epochs": 1})
        assert plain.expression is not None
        began = time.process_time()
        fit(build(plain.expression), self.parts, protocol, Streams(), self.device)
        self.whole = operations(plain)
        self.seconds["fit"] = (time.process_time() - began) * self.shop.protocol.epochs / self.whole


def _grid(run: CampaignRun) -> Grid:
    return planned(run, load_config(**run.overrides), lambda id: None, "")


def _sums(rows: list[dict[str, Any]]) -> dict[str, float]:
    return {key: sum(row[key] for row in rows) for key in ("trained", *KINDS)}


if __name__ == "__main__":
    main()
