"""How long a generator must train: KID to real images, over all and by class, and sample grids, every so many steps.

Trained at one place of a dataset on a stream that no table uses; measured against the split's annotator images (its
spare ones, where it has none), which no table measures a generator by. One line a point goes to
benchmarks/trials/generator-DATASET.jsonl; the state is kept, so that the same command goes on where it was. What a
generator starts from (an autoencoder, a classifier) is trained before and kept too. Without --steps: print what was
found.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from tabulate import tabulate
from torch import Tensor

from bench import registry
from bench.data.cache import open_cache, prepare
from bench.data.parts import leading, open_parts
from bench.images import ImageSet
from bench.judging.distances import kernel_distance
from bench.judging.judge import pretrained
from bench.methods.generators.base import TrainedStage
from bench.methods.generators.trained import marks
from bench.methods.generators.training import GeneratorTraining
from bench.plan.config import load_config
from bench.plan.grid import dataset_named, stage_settings, workshops
from bench.registry import STAGES
from bench.running.run import decode
from bench.stage import FitRequest, Material, Reads, Request, StageRequest
from bench.streams import Streams
from bench.training.composition import build
from bench.training.device import Device
from bench.training.fit import fit
from bench.training.frozen import frozen_classifier
from bench.training.sizes import as_pixels, at_size, reduced

STREAM = 100
SHOWN = 8  # images of each class in a grid
TRIALS = Path(__file__).with_name("trials")


class NoCheckpoint:
    """The trial keeps the state itself."""

    due = False

    def load(self) -> None:
        """Return nothing."""

    def save(self, state: Any) -> None:
        """Keep nothing."""


def main() -> None:
    """Train on in pieces, measure after each, then print every point of the dataset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="fashion_mnist")
    parser.add_argument("--at", default="exp 100", help="imbalance")
    parser.add_argument("--generator", default="cGAN", help="registered name of the stage")
    parser.add_argument("--settings", default="{}", help='its settings as JSON: {"width": 0.5}')
    parser.add_argument("--start", default="{}", help="settings of the autoencoder that it starts from, as JSON")
    parser.add_argument("--name", default="cpu", help="how the settings are called")
    parser.add_argument("--steps", type=int, default=0, help="train until so many steps, the length of its schedules")
    parser.add_argument("--points", type=int, default=6, help="measurements on the way, each after as many steps")
    parser.add_argument("--each", type=int, default=100, help="images of a class made at a point; twice as many real")
    parser.add_argument("--profile", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path("results/trials"), help="where state and grids are kept")
    options = parser.parse_args()
    registry.load()
    file = TRIALS / f"generator-{options.dataset}.jsonl"
    if options.steps:
        file.parent.mkdir(exist_ok=True)
        options.work.mkdir(parents=True, exist_ok=True)
        torch.set_num_threads(options.threads)
        Trial(options).run(file)
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    print(tabulate([{key: it for key, it in line.items() if key not in ("settings", "kid")} for line in lines], "keys"))


class Trial:
    """One generator in training, and the real images it is measured by."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.device = options, Device.best()
        self.config = load_config(profile=options.profile, datasets=[options.dataset], at=[options.at])
        self.source = dataset_named(options.dataset, self.config)
        (self.shop,) = workshops(options.dataset, self.config)
        self.streams = Streams(stage=STREAM)
        self.split = self.source.split()
        self.train = leading(
            self._pixels("train", self.shop.protocol.load_size), self.split.counts("train"), self.shop.task.counts
        )

    def run(self, file: Path) -> None:
        """Go on from the kept state until the wanted steps are done."""
        options = self.options
        given = json.loads(options.settings) | {"steps": options.steps}
        stage, tensors = self._begun(StageRequest(options.generator), given)
        needed = {request: self._needed(request) for request in stage.requires(self.shop.task.counts)}
        with self.device.session(self.shop.protocol):
            material = self._material(stage, needed)
            train = reduced(material.train, stage.size)
            recipe = stage.recipe(material, train)
            loop = GeneratorTraining(recipe, stage.settings, train, self.streams)
            if tensors.exists():
                loop.restore(load_file(tensors))
            real = Measured(self)
            while loop.done < options.steps:
                began = time.process_time()
                loop.run(until=(loop.done * options.points // options.steps + 1) * options.steps // options.points)
                seconds = time.process_time() - began
                more, _ = stage.finished(recipe, material)
                artifact = recipe.artifact() | dict(more) | marks(train.counts.tolist(), stage.size)
                generator = stage.open(artifact, train.counts.tolist(), self.device)
                found = real.point(generator, tensors.with_name(f"{tensors.stem}-{loop.done:06d}.png"))
                losses = {key: round(value, 4) for key, value in loop.history[-1].items() if key.endswith("_loss")}
                head = {"generator": options.generator, "at": options.at, "name": options.name, "steps": loop.done}
                line = head | found | losses | {"cpu_seconds": round(seconds), "settings": given}
                save_file({key: value.contiguous() for key, value in loop.state().items()}, tensors)
                with file.open("a", encoding="utf8") as out:
                    out.write(json.dumps(line) + "\n")
                print({key: it for key, it in line.items() if key != "settings"}, flush=True)

    def _needed(self, request: Request) -> Any:
        """Return what the generator starts from, trained now unless it is kept."""
        if isinstance(request, FitRequest):
            return self._classifier(request.method)
        stage, tensors = self._begun(request, json.loads(self.options.start))
        if not tensors.exists():
            with self.device.session(self.shop.protocol):
                began = time.process_time()
                made = stage.make(self._material(stage, {}))
                save_file(made.tensors, tensors)
                losses = [round(value, 4) for row in made.history for key, value in row.items() if key.endswith("loss")]
                seconds = round(time.process_time() - began)
                print(request.name, made.history[-1]["step"], "steps, losses", losses[:: max(1, len(losses) // 10)])
                print(request.name, seconds, "s of processor time", flush=True)
        return stage.open(load_file(tensors), self.shop.task.counts, self.device)

    def _classifier(self, row: str) -> Any:
        """Return a row's fit, frozen."""
        *_, job = self.shop.needs([FitRequest(row)], STREAM, self.shop.task)[1]
        assert job.expression is not None
        kept = self.options.work / f"{self.options.dataset}-{self.options.at.replace(' ', '')}-{row}.safetensors"
        method = build(job.expression)
        if not kept.exists():
            began, streams = time.process_time(), Streams.of(STREAM)
            files = decode(self.source, self.config)
            sizes = {part: self.split.counts(part) for part in files}
            parts = open_parts(files, sizes, self.shop.task, self.shop.protocol, Streams())
            fitted = fit(method, parts, self.shop.protocol, streams, self.device)
            scores = [round(row["validation_acsa"], 4) for row in fitted.history if "validation_acsa" in row]
            print(row, "validation ACSA", scores, round(time.process_time() - began), "s of processor time", flush=True)
            save_file({key: value.contiguous() for key, value in fitted.weights.items()}, kept)
        return frozen_classifier(method, self.shop.protocol, len(self.shop.task.counts), load_file(kept), self.device)

    def _begun(self, request: StageRequest, given: dict[str, Any]) -> tuple[TrainedStage, Path]:
        """Return a stage with the profile's settings but those given, and where its tensors are kept."""
        entry = STAGES[request.name].cls
        known = dict(stage_settings(self.config.profile, self.options.dataset, request.name))
        if given.keys() & {"steps", "epochs"}:
            known.pop("steps"), known.pop("epochs")
        stage = entry(entry.Settings(**(known | given)), dict(request.parameters))
        assert isinstance(stage, TrainedStage)
        place = self.options.at.replace(" ", "")
        return (
            stage,
            self.options.work / f"{self.options.dataset}-{place}-{request.name}-{self.options.name}.safetensors",
        )

    def _material(self, stage: TrainedStage, needed: dict[Request, Any]) -> Material:
        reads = Reads(self.shop.protocol, stage.reads, stage.name)
        return Material(self.train, self.train, reads, self.streams, self.device, needed, NoCheckpoint())

    def _pixels(self, part: str, size: int) -> Tensor:
        return open_cache(prepare(self.source, self.split, part, size, self.config.paths.cache))


class Measured:
    """Real images that no table measures generators by, and their features."""

    def __init__(self, trial: Trial) -> None:
        self.each, self.embedding = trial.options.each, pretrained("efficientnet_lite0", trial.device)
        part = "annotator" if any(trial.split.counts("annotator")) else "spare"
        side, counts = trial.shop.protocol.image_size, trial.split.counts(part)
        few = tuple(min(2 * self.each, n) for n in counts)
        self.classes, self.side, self.device = len(counts), side, trial.device
        images = leading(trial._pixels(part, side), counts, few)
        kept = trial.options.work / f"{trial.options.dataset}-{part}-{self.each}.npz"
        if not kept.exists():
            np.savez(kept, *(self.embedding(_of(images, k, trial.device)) for k in range(self.classes)))
        with np.load(kept) as found:
            self.real = [found[f"arr_{k}"] for k in range(self.classes)]

    def point(self, generator: Any, grid: Path) -> dict[str, Any]:
        """Return KID of all and of each class, beside those of real images at as many, and draw a grid."""
        rng, dice = torch.Generator().manual_seed(STREAM), np.random.default_rng(STREAM)
        made = [generator.generate(torch.full((self.each,), k), rng) for k in range(self.classes)]
        _draw(made, self.side, grid)
        features = [self.embedding(at_size(images, self.side)) for images in made]
        free = generator.unasked(self.each * self.classes, rng)
        everything = np.concatenate(features) if free is None else self.embedding(at_size(free, self.side))
        halves = [(of[: self.each], of[self.each :]) for of in self.real]
        every = [np.concatenate(side) for side in zip(*halves, strict=True)]
        by_class = [kernel_distance(ours, side, dice) for ours, (side, _) in zip(features, halves, strict=True)]
        found = {
            "kid_all": kernel_distance(everything, every[0], dice),
            "kid_real": kernel_distance(every[1], every[0], dice),
            "kid_class_mean": float(np.mean(by_class)),
            "kid_rarest": by_class[-1],
        }
        return {key: round(value, 4) for key, value in found.items()} | {"kid": [round(it, 4) for it in by_class]}


def _of(images: ImageSet, label: int, device: Device) -> Tensor:
    return device.images(images.batch(images.positions(label))[0])


def _draw(made: list[Tensor], side: int, path: Path) -> None:
    """Write a grid with a row of images for each class."""
    rows = [torch.cat(list(as_pixels(at_size(images[:SHOWN], side))), dim=2) for images in made]
    Image.fromarray(torch.cat(rows, dim=1).permute(1, 2, 0).numpy()).save(path)


if __name__ == "__main__":
    main()
