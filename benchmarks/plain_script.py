"""The usual way to train one cell: ImageFolder, a DataLoader that decodes every epoch, float32. Imports no harness.

`make compare` measures the suite against this script. It trains the same network with the same optimiser, batch size,
number of images and selection rule, written as one would write it for a paper:

    python benchmarks/plain_script.py --train h2z/train --val h2z/val --test h2z/test --width 8 --batch-size 16
"""

from __future__ import annotations

import argparse
import copy
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, RandomSampler
from torchvision import transforms
from torchvision.datasets import ImageFolder
from torchvision.transforms import InterpolationMode

Loader = DataLoader[Any]


class Classifier(nn.Module):
    """PatchGAN convolutions, then three fully connected layers, as in Sahoo et al. 2020."""

    def __init__(self, image_size: int, width: int, n_classes: int) -> None:
        super().__init__()
        widths, strides = [3, width, 2 * width, 4 * width, 8 * width, 1], [2, 2, 2, 1, 1]
        layers: list[nn.Module] = []
        side = image_size
        for k, stride in enumerate(strides):
            layers.append(nn.Conv2d(widths[k], widths[k + 1], kernel_size=4, stride=stride, padding=1))
            if 0 < k < 4:
                layers.append(nn.InstanceNorm2d(widths[k + 1]))
            if k < 4:
                layers.append(nn.LeakyReLU(0.2, inplace=True))
            side = (side + 2 - 4) // stride + 1
        self.features = nn.Sequential(*layers, nn.Flatten())
        self.classifier = nn.Sequential(
            nn.Linear(side * side, 1024),
            nn.ReLU(inplace=True),
            nn.Linear(1024, 256),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(256, n_classes),
        )
        self.apply(init_weights)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.features(images))
        return logits


def init_weights(module: nn.Module) -> None:
    """Draw weights from N(0, 0.02); set biases to 0."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def make_loaders(args: argparse.Namespace, device: torch.device) -> tuple[Loader, Loader, Loader]:
    """Return the loaders of the training, validation and test folders."""
    bicubic = InterpolationMode.BICUBIC
    scale = [transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.5] * 3)]
    augmented = transforms.Compose(
        [
            transforms.Resize((args.load_size, args.load_size), interpolation=bicubic),
            transforms.RandomCrop(args.image_size),
            transforms.RandomHorizontalFlip(),
            *scale,
        ]
    )
    plain = transforms.Compose([transforms.Resize((args.image_size, args.image_size), interpolation=bicubic), *scale])
    train, val, test = ImageFolder(args.train, augmented), ImageFolder(args.val, plain), ImageFolder(args.test, plain)
    if args.oversample:
        oversample(train)
    options = {
        "num_workers": args.num_workers,
        "persistent_workers": args.num_workers > 0,
        "pin_memory": device.type == "cuda",
    }
    # Without replacement, an epoch longer than the training set is several shuffled passes over it.
    sampler = RandomSampler(train, num_samples=args.images_per_epoch or len(train))
    return (
        DataLoader(train, batch_size=args.batch_size, sampler=sampler, **options),
        DataLoader(val, batch_size=args.eval_batch_size, **options),
        DataLoader(test, batch_size=args.eval_batch_size, **options),
    )


def oversample(dataset: ImageFolder) -> None:
    """Repeat random images of the smaller classes until all classes are as large as the largest, in place."""
    by_class = [[sample for sample in dataset.samples if sample[1] == k] for k in range(len(dataset.classes))]
    largest = max(len(samples) for samples in by_class)
    for samples in by_class:
        dataset.samples += random.choices(samples, k=largest - len(samples))
    dataset.targets = [label for _, label in dataset.samples]


def train_one_epoch(
    model: nn.Module, loader: Loader, optimizer: torch.optim.Optimizer, weights: Tensor, device: torch.device
) -> float:
    """Train for one epoch; return the mean loss."""
    model.train()
    total, count = 0.0, 0
    for images, labels in loader:
        images, labels = images.to(device, non_blocking=True), labels.to(device, non_blocking=True)
        losses = nn.functional.cross_entropy(model(images), labels, reduction="none")
        # Divided by N, not by the sum of weights as CrossEntropyLoss(weight) does: there, small batches cancel them.
        loss = (losses * weights[labels]).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        count += len(labels)
    return total / count


@torch.inference_mode()
def evaluate(model: nn.Module, loader: Loader, device: torch.device) -> tuple[np.ndarray, float]:
    """Return the confusion matrix (rows: true classes) and the mean cross-entropy."""
    model.eval()
    logits, labels = zip(*((model(images.to(device)).cpu(), labels) for images, labels in loader), strict=True)
    scores, truth = torch.cat(logits), torch.cat(labels)
    n_classes = scores.shape[1]
    pairs = truth * n_classes + scores.argmax(dim=1)
    matrix = torch.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes).numpy()
    return matrix, nn.functional.cross_entropy(scores, truth).item()


def balanced_accuracy(matrix: np.ndarray) -> float:
    """Return the mean recall over classes (ACSA)."""
    return float(np.mean(np.diag(matrix) / matrix.sum(axis=1)))


def f1_scores(matrix: np.ndarray) -> np.ndarray:
    """Return F1 of each class, 0 where it is undefined."""
    scores: np.ndarray = 2 * np.diag(matrix) / np.maximum(matrix.sum(axis=0) + matrix.sum(axis=1), 1)
    return scores


def class_weights(counts: np.ndarray) -> Tensor:
    """Return inverse class frequencies that sum to the number of classes, float32 (K,)."""
    inverse = 1.0 / counts
    return torch.as_tensor(inverse * len(counts) / inverse.sum(), dtype=torch.float32)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Train one cell the usual way.")
    parser.add_argument("--train", type=Path, required=True, help="folder with one subfolder of images per class")
    parser.add_argument("--val", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--image-size", type=int, default=256)
    parser.add_argument("--load-size", type=int, default=286)
    parser.add_argument("--width", type=int, default=64, help="filters of the first convolution")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=1)
    parser.add_argument("--eval-batch-size", type=int, default=50)
    parser.add_argument("--images-per-epoch", type=int, help="default: the training set once")
    parser.add_argument("--num-workers", type=int, default=2)
    parser.add_argument("--class-weights", action="store_true", help="weight the loss by inverse class frequency (CS)")
    parser.add_argument("--oversample", action="store_true", help="repeat images of the smaller classes (OS)")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    """Train, select on the validation set, test once, print."""
    args = parse_arguments()
    started = time.perf_counter()
    random.seed(args.seed)
    np.random.seed(args.seed)  # noqa: NPY002 (what most scripts do)
    torch.manual_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    counts = np.bincount(ImageFolder(args.train).targets)
    train_loader, val_loader, test_loader = make_loaders(args, device)
    model = Classifier(args.image_size, args.width, len(counts)).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-4, betas=(0.5, 0.999))
    weights = (class_weights(counts) if args.class_weights else torch.ones(len(counts))).to(device)

    best, best_state, images = (-1.0, 0.0), copy.deepcopy(model.state_dict()), 0
    for epoch in range(1, args.epochs + 1):
        loss = train_one_epoch(model, train_loader, optimizer, weights, device)
        images += len(train_loader.sampler)  # type: ignore[arg-type]
        matrix, cross_entropy = evaluate(model, val_loader, device)
        score = (balanced_accuracy(matrix), -cross_entropy)
        print(f"epoch {epoch:3d}  loss {loss:.4f}  validation ACSA {score[0]:.4f}  cross-entropy {cross_entropy:.4f}")
        if score > best:
            best, best_state = score, copy.deepcopy(model.state_dict())

    model.load_state_dict(best_state)
    matrix, _ = evaluate(model, test_loader, device)
    scores = f1_scores(matrix)
    print(f"f1_minority={scores[counts.argmin()]:.4f}")
    print(f"f1_majority={scores[counts.argmax()]:.4f}")
    print(f"acsa={balanced_accuracy(matrix):.4f}")
    print(f"train_images={images}")
    print(f"seconds={time.perf_counter() - started:.2f}")


if __name__ == "__main__":
    main()
