"""How long a CycleGAN must train: KID to real images in both directions, and pictures, every so many updates.

Trained at a dataset's largest place of two classes, on a stream that no table uses; measured on the split's images
for judges, or else its spare ones, which no fit sees. One line a point goes to
benchmarks/trials/translator-DATASET.jsonl; the state is kept, so that the same command goes on where it was. Without
--updates: print what was found.
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
from bench.data.parts import leading
from bench.images import ImageSet
from bench.judging.distances import kernel_distance
from bench.judging.judge import pretrained
from bench.methods.translators.cyclegan import CycleGAN
from bench.methods.translators.settings import CycleGANSettings
from bench.methods.translators.training import GanTraining, as_pixels
from bench.methods.translators.translator import opened
from bench.plan.config import load_config
from bench.plan.grid import dataset_named, stage_settings, workshops
from bench.streams import Streams
from bench.training.device import Device

STREAM = 100
JUDGED, SHOWN = 100, 6  # spare images of each class: for the distance, and for the pictures
TRIALS = Path(__file__).with_name("trials")


def main() -> None:
    """Train on in pieces, measure after each, then print every point of the dataset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="horse2zebra")
    parser.add_argument("--settings", default="{}", help='settings of the stage as JSON: {"batch_size": 1}')
    parser.add_argument("--name", default="trial", help="how the settings are called")
    parser.add_argument("--updates", type=int, default=0, help="train until so many updates of the generators")
    parser.add_argument("--every", type=int, default=3000, help="updates between two measurements")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path("results/trials"), help="where state and pictures are kept")
    options = parser.parse_args()
    registry.load()
    file = TRIALS / f"translator-{options.dataset}.jsonl"
    if options.updates:
        file.parent.mkdir(exist_ok=True)
        torch.set_num_threads(options.threads)
        train_and_measure(options, file)
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    print(tabulate([{key: it for key, it in line.items() if key != "settings"} for line in lines], headers="keys"))


def train_and_measure(options: argparse.Namespace, file: Path) -> None:
    """Go on from the kept state until the wanted updates are done."""
    config = load_config(profile="cpu", datasets=[options.dataset])
    device, source = Device.best(), dataset_named(options.dataset, config)
    shop = max(workshops(options.dataset, config), key=lambda shop: min(shop.task.counts))
    settings = CycleGANSettings(
        **stage_settings(config.profile, options.dataset, "CycleGAN") | json.loads(options.settings)
    )
    split, size = source.split(), shop.protocol.load_size
    train = leading(pixels(source, "train", size, config), split.counts("train"), shop.task.counts)
    part = "judging" if "judging" in split.further else "spare"
    spare = leading(pixels(source, part, shop.protocol.image_size, config), split.counts(part), (JUDGED, JUDGED))
    streams = Streams(stage=STREAM)
    gan = CycleGAN(settings, streams, device)
    training = GanTraining(gan, train, shop.protocol.flip, lambda use: streams.torch("stage", use=use))
    kept = options.work / f"translator-{options.dataset}-{options.name}.safetensors"
    if kept.exists():
        training.restore(load_file(kept))
    each = training.steps  # updates of an epoch
    while training.epoch * each < options.updates:
        started, before = time.process_time(), training.epoch
        training.train_until(before + max(1, round(options.every / each)))
        seconds = time.process_time() - started
        point = {"name": options.name, "updates": training.epoch * each, "epoch": training.epoch}
        point |= measured(training, spare, device) | {"cpu_seconds": round(seconds), "settings": settings.model_dump()}
        kept.parent.mkdir(parents=True, exist_ok=True)
        save_file({key: value.contiguous() for key, value in training.state().items()}, kept)
        draw(training, spare, device, kept.with_name(f"{kept.stem}-{point['updates']:06d}.png"))
        with file.open("a", encoding="utf8") as out:
            out.write(json.dumps(point) + "\n")
        print({key: value for key, value in point.items() if key != "settings"}, flush=True)


def pixels(source: Any, part: str, size: int, config: Any) -> Tensor:
    """Return the decoded images of one part."""
    return open_cache(prepare(source, source.split(), part, size, config.paths.cache))


def measured(training: GanTraining, spare: ImageSet, device: Device) -> dict[str, float]:
    """Return KID of translated spare images to real ones of the target class, and the losses of the last epoch."""
    embedding, rng = pretrained("efficientnet_lite0", device), np.random.default_rng(0)
    real = [device.images(spare.batch(spare.positions(k))[0]) for k in (0, 1)]
    made = opened(training.state(), training.gan.settings, training.train.counts.tolist(), device)
    found = {}
    for source, target in ((0, 1), (1, 0)):
        features = embedding(made.translate(real[source], source)), embedding(real[target])
        found[f"kid_to_{target}"] = round(kernel_distance(*features, rng), 4)
        found[f"kid_untranslated_{target}"] = round(kernel_distance(embedding(real[source]), features[1], rng), 4)
    last = training.history[-1]
    return found | {name: round(last[name], 4) for name in ("cycle_loss", "identity_loss", "generator_loss")}


def draw(training: GanTraining, spare: ImageSet, device: Device, path: Path) -> None:
    """Write a grid: images of each class above their translations."""
    made = opened(training.state(), training.gan.settings, training.train.counts.tolist(), device)
    rows = []
    for source in (0, 1):
        real = device.images(spare.batch(spare.positions(source)[:SHOWN])[0])
        rows += [as_pixels(real), as_pixels(made.translate(real, source))]
    grid = torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1)
    Image.fromarray(grid.permute(1, 2, 0).numpy()).save(path)


if __name__ == "__main__":
    main()
