"""The training loop and model selection, one for every method."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from bench.composition import Composition
from bench.errors import TrainingDiverged
from bench.images import ImageSet
from bench.method import Counts
from bench.networks.paper_cnn import build
from bench.protocol import Protocol
from bench.streams import Streams
from bench.training.device import Device
from bench.training.metrics import acsa, confusion_matrix, cross_entropy

EVALUATION_BATCH = 50


@dataclass(frozen=True, eq=False)
class Trained:
    """A selected model, the epoch it is from (counted from 1), and what happened in every epoch."""

    model: nn.Module
    selected_epoch: int
    history: list[dict[str, float]]
    artifacts: dict[str, dict[str, Tensor]] = field(default_factory=dict)


class Trainer:
    """Trains one classifier on one (resampled) training set and selects an epoch on the validation set.

    `run` is what nearly every method needs. A method that interleaves other work calls `train_epoch` and `check`
    itself, then `selected`.
    """

    def __init__(
        self,
        method: Composition,
        train: ImageSet,
        validation: ImageSet,
        counts: Counts,
        protocol: Protocol,
        streams: Streams,
        device: Device,
    ) -> None:
        self.method, self.train, self.validation, self.counts = method, train, validation, counts
        self.protocol, self.streams, self.device = protocol, streams, device
        self.epoch = 0
        self.images_seen = 0
        self.history: list[dict[str, float]] = []
        self._order = self._positions()
        self._augmentation = streams.torch("augmentation")
        self._batch_rng = streams.torch("augmentation", device.torch, use="batch")
        self._best: tuple[tuple[float, float], int, dict[str, Tensor]] | None = None
        model = build(
            protocol,
            train.n_classes,
            method.hook("head"),
            streams.torch("initialisation"),
            streams.torch("dropout", device.torch),
        )
        self.model = device.model(model)
        self.optimiser = torch.optim.Adam(
            self.model.parameters(),
            lr=protocol.learning_rate,
            betas=(protocol.beta1, protocol.beta2),
            weight_decay=protocol.weight_decay,
            fused=True,
        )
        weights = method.hook("class_weights")(getattr(counts, protocol.class_weights_from))
        self._weights = torch.as_tensor(weights, dtype=torch.float32, device=device.torch)

    @property
    def epoch_images(self) -> int:
        """Images of one epoch: the training set once, or twice the original majority for every method alike."""
        return len(self.train) if self.protocol.epoch == "dataset" else 2 * int(self.counts.original.max())

    def run(self) -> Trained:
        """Train for the protocol's epochs with a selection check after each.

        Raises
        ------
        TrainingDiverged
            A loss became NaN or infinite.
        """
        for _ in range(self.protocol.epochs):
            self.train_epoch()
            self.check()
        return self.selected()

    def train_epoch(self) -> None:
        """Take the steps of one epoch."""
        started, total, remaining = time.perf_counter(), torch.zeros((), device=self.device.torch), self.epoch_images
        self.epoch += 1
        self.model.train()
        while remaining > 0:
            positions = torch.stack([next(self._order) for _ in range(min(self.protocol.batch_size, remaining))])
            images, labels = self._load(positions)
            total += self.step(images, labels).detach() * len(positions)
            remaining -= len(positions)
        # The last step's harm does not show in any loss yet, but in the weights.
        whole = all(bool(weights.isfinite().all()) for weights in self.model.parameters())
        loss = float(total) / self.epoch_images if whole else float("nan")
        if not np.isfinite(loss):
            raise TrainingDiverged(self.epoch, loss)
        self.history.append({"epoch": self.epoch, "loss": loss, "seconds": time.perf_counter() - started})

    def step(self, images: Tensor, labels: Tensor) -> Tensor:
        """Update the weights on one batch of images (N, 3, H, W) in [-1, 1]; return its loss."""
        images, labels, sample_weights = self.method.hook("batch")(images, labels, self._batch_rng)
        self.images_seen += len(labels)
        with self.device.autocast(self.protocol):
            logits = self.model(images)
        losses = self.method.hook("loss")(logits.float(), labels)
        # Divided by N, not by the sum of weights: else weights cancel at batch size 1.
        loss: Tensor = (losses * self._weights[labels] * sample_weights).sum() / len(labels)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        return loss

    def check(self) -> None:
        """Measure the validation set and remember the weights if this epoch is the best so far."""
        probabilities, labels = self.predict(self.model, self.validation), self.validation.labels.numpy()
        score = acsa(confusion_matrix(labels, probabilities.argmax(axis=1), self.validation.n_classes))
        plain = cross_entropy(labels, probabilities)
        self.history[-1] |= {"validation_acsa": score, "validation_cross_entropy": plain}
        rank = (round(score, 12), -plain)  # equal recalls in another order may differ in the last bit
        if self._best is None or self.protocol.selection == "last" or rank > self._best[0]:
            self._best = (rank, self.epoch, {k: v.detach().clone() for k, v in self.model.state_dict().items()})

    def selected(self) -> Trained:
        """Return the model of the best epoch checked so far."""
        assert self._best is not None, "no epoch was checked"
        _, epoch, state = self._best
        self.model.load_state_dict(state)
        return Trained(self.model.eval(), epoch, self.history)

    def predict(self, model: nn.Module, images: ImageSet) -> np.ndarray:
        """Return class probabilities, float32 (N, K), in evaluation mode, of images of the network's input size."""
        model.eval()
        parts = []
        with torch.inference_mode():
            for positions in torch.arange(len(images)).split(EVALUATION_BATCH):
                with self.device.autocast(self.protocol):
                    logits = model(self.device.images(images.batch(positions)[0]))
                parts.append(logits.float().softmax(dim=1).cpu())
        return torch.cat(parts).numpy()

    def flops(self) -> float:
        """Floating-point operations of the training steps taken so far, counted, not timed."""
        return self.images_seen * flops_per_image(self.protocol, self.train.n_classes)

    def _positions(self) -> Iterator[Tensor]:
        """Yield positions without end, pass after pass, so that an epoch may end in the middle of one."""
        rng = self.streams.torch("order")
        while True:
            yield from self.method.hook("sampler")(self.train.labels, rng)

    def _load(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        cropped = random_crops(self.train, positions, self.protocol, self._augmentation)
        return self.device.images(cropped), self.train.labels[positions].to(self.device.torch)


def random_crops(images: ImageSet, positions: Tensor, protocol: Protocol, rng: torch.Generator) -> Tensor:
    """Return random crops, mirrored half of the time, uint8 (n, 3, image_size, image_size)."""
    size, count = protocol.image_size, len(positions)
    room = torch.tensor(images.pixels.shape[-2:]) - size + 1
    corners = (torch.rand(count, 2, generator=rng) * room).long().tolist()
    mirrored = (torch.rand(count, generator=rng) < 0.5).tolist()
    out = torch.empty(count, images.pixels.shape[1], size, size, dtype=images.pixels.dtype)
    for slot, row, (top, left), mirror in zip(out, images.rows[positions].tolist(), corners, mirrored, strict=True):
        crop = images.pixels[row, :, top : top + size, left : left + size]
        slot.copy_(crop.flip(-1) if mirror and protocol.flip else crop)
    return out


@lru_cache
def flops_per_image(protocol: Protocol, n_classes: int) -> float:
    """Count the floating-point operations of one image's forward and backward pass."""
    model = build(protocol, n_classes, nn.Linear, torch.Generator(), torch.Generator()).eval()
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, 3, protocol.image_size, protocol.image_size)).sum().backward()
    return float(counter.get_total_flops())
