"""Training one classifier: what its batches are, how a step is taken, and how long each phase lasts."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
import torch
from torch import Tensor, nn

from bench.images import ImageSet
from bench.method import Counts, Phase, Trained, Training
from bench.networks.layers.classifier import Draws, draw_linear
from bench.networks.network import network_of, step_operations
from bench.protocol import Protocol
from bench.streams import Streams
from bench.training.composition import Composition
from bench.training.device import Device
from bench.training.inputs import balanced, random_crops, random_views
from bench.training.loop import Best, run_epoch
from bench.training.optimisers import optimiser, rate
from bench.training.scores import acsa, confusion_matrix, cross_entropy

EVALUATION_BATCH = 50
FEATURES_BATCH = 4096  # features of one image have the size of a few of its pixels
Batch = tuple[Tensor, Tensor]


class Trainer(Training):
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
        self.epoch = self.images_seen = 0
        self.epochs = protocol.epochs
        self.history: list[dict[str, float]] = []
        self._own_order = self._positions(method.hook("sampler"), "")
        self._augmentation = streams.torch("augmentation")
        self._batch_rng = streams.torch("augmentation", device.torch, use="batch")
        self._network = network_of(protocol.backbone)
        draws = Draws(streams.torch("initialisation"), streams.torch("dropout", device.torch))
        self.model = device.model(
            self._network.classifier(protocol.image_size, train.n_classes, method.hook("head"), draws)
        )
        self._trainable = {name for name, parameter in self.model.named_parameters() if parameter.requires_grad}
        self._begin(Phase(1.0))
        self._weigh()

    @property
    def epoch_images(self) -> int:
        """Images of one epoch, see `Protocol.epoch_images`."""
        return self.protocol.epoch_images(tuple(self.counts.original.tolist()), len(self.train))

    @property
    def progress(self) -> float:
        """The share of training that is done, counted in epochs."""
        return self.epoch / self.epochs

    def run(self) -> Trained:
        """Train the method's phases, with a selection check after each epoch; see `Training.run`.

        Raises
        ------
        ValueError
            The shares of the phases do not sum to one, or there are fewer epochs than phases.
        TrainingDiverged
            A loss became NaN or infinite.
        """
        phases = self.method.hook("phases")()
        for number, (phase, length) in enumerate(zip(phases, lengths(phases, self.epochs), strict=True)):
            self._begin(phase, number, length)
            for _ in range(length):
                self.train_epoch()
                self.check()
        return self.selected()

    def train_epoch(self, batches: Iterable[Batch] | None = None, images: int = 0) -> None:
        """Take the steps of one epoch, see `Training.train_epoch`."""
        started = time.perf_counter()
        self._weigh()
        self._done_in_epoch, self._images = 0, images or self.epoch_images
        self.epoch += 1
        loss = run_epoch(self.epoch, self.model, self.batches() if batches is None else batches, self._take)
        self.history.append({"epoch": self.epoch, "loss": loss, "seconds": time.perf_counter() - started})

    def batches(self) -> Iterator[Batch]:
        """Yield the batches of one epoch: images (N, 3, H, W) in [-1, 1], or features (N, D), with labels (N,)."""
        remaining = self.epoch_images
        while remaining > 0:
            size = min(self.protocol.batch_size, remaining)
            positions = torch.tensor(list(islice(self._order, size)))
            yield self._load(positions)
            remaining -= size

    def step(self, images: Tensor, labels: Tensor) -> Tensor:
        """Update the weights on one batch of images (N, 3, H, W) in [-1, 1]; return its loss."""
        images, targets, sample_weights = self.method.hook("batch")(images, labels, self._batch_rng)
        self.images_seen += len(images)
        with self.device.autocast(self.protocol):
            logits = self.model(images)
        losses = self._losses(logits.float(), targets)
        # Divided by N, not by the sum of weights: else weights cancel at batch size 1.
        loss: Tensor = (losses * sample_weights).sum() / len(images)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self._optimiser.step()
        return loss

    def check(self) -> None:
        """Measure the validation set and remember the weights if this epoch is the best so far."""
        probabilities, labels = self.predict(self.model, self.validation), self.validation.labels.numpy()
        score = acsa(confusion_matrix(labels, probabilities.argmax(axis=1), self.validation.n_classes))
        plain = cross_entropy(labels, probabilities)
        self.history[-1] |= {"validation_acsa": score, "validation_cross_entropy": plain}
        self._best.offer(self.epoch, self.model, score, plain, always=self.protocol.selection == "last")

    def selected(self) -> Trained:
        """Return the model of the best epoch checked so far."""
        assert self._best.epoch, "no epoch was checked"
        self.model.load_state_dict(self._best.weights)
        return Trained(self.model.eval(), self._best.epoch, self.history)

    def predict(self, model: nn.Module, images: ImageSet) -> np.ndarray:
        """Return class probabilities, float32 (N, K), in evaluation mode, of images of the network's input size."""
        model.eval()
        parts, size = [], FEATURES_BATCH if self._network.views else EVALUATION_BATCH
        with torch.inference_mode():
            for positions in torch.arange(len(images)).split(size):
                with self.device.autocast(self.protocol):
                    logits = model(self._seen(images.batch(positions)[0]))
                parts.append(logits.float().softmax(dim=1).cpu())
        return torch.cat(parts).numpy()

    def flops(self) -> float:
        """Floating-point operations of the training steps taken so far, counted, not timed."""
        each = step_operations(self.protocol.backbone, self.protocol.image_size, self.train.n_classes)
        return self.images_seen * each

    def _begin(self, phase: Phase, number: int = 0, length: int = 0) -> None:
        """Set up what a phase of so many epochs trains, with which images, and forget what was selected before it."""
        self._best = Best()  # a half-trained method is not the method
        self._phase_start, self._phase_length = self.epoch, length
        if phase.fresh_head:
            head = self.method.hook("head")(*_shape(self.model.head))
            draw_linear(head, self._network.head_std, self.streams.torch("initialisation", use=f"head {number}"))
            self.model.head.load_state_dict(head.state_dict())
        even = phase.sampler == "balanced"
        self._order = self._positions(balanced, f"phase {number}") if even else self._own_order
        trained = []
        for name, parameter in self.model.named_parameters():
            held = name not in self._trainable or (phase.holds and name.startswith(phase.holds))
            parameter.requires_grad_(name.startswith(phase.trains) and not held)
            trained += [parameter] if parameter.requires_grad else []
        self._optimiser = optimiser(self.protocol, trained)

    def _weigh(self) -> None:
        counts: np.ndarray = getattr(self.counts, self.protocol.class_weights_from)
        weights = self.method.hook("class_weights")(counts, self.progress)
        self._weights = torch.as_tensor(weights, dtype=torch.float32, device=self.device.torch)

    def _take(self, batch: Batch) -> tuple[Tensor, int]:
        epochs = self.epoch - 1 - self._phase_start + self._done_in_epoch / self._images
        for group in self._optimiser.param_groups:
            group["lr"] = rate(self.protocol, epochs / (self._phase_length or self.epochs))
        size = len(batch[1])
        self._done_in_epoch += size
        return self.step(*batch), size

    def _losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return each sample's loss times its class weight; of soft targets, the mean over the classes."""
        loss = self.method.hook("loss")
        if targets.ndim == 1:
            losses: Tensor = loss(logits, targets) * self._weights[targets]
            return losses
        columns = [
            targets[:, k] * self._weights[k] * loss(logits, torch.full_like(targets[:, k], k, dtype=torch.int64))
            for k in range(targets.shape[1])
        ]
        return torch.stack(columns).sum(dim=0)

    def _positions(self, sampler: object, use: str) -> Iterator[int]:
        """Yield positions without end, pass after pass, so that an epoch may end in the middle of one."""
        rng = self.streams.torch("order", use=use)
        while True:
            yield from sampler(self.train.labels, rng).tolist()  # type: ignore[operator]

    def _load(self, positions: Tensor) -> Batch:
        labels = self.train.labels[positions].to(self.device.torch)
        if self._network.views:
            return random_views(self.train, positions, self._augmentation).to(self.device.torch), labels
        cropped = random_crops(
            self.train, positions, self.protocol.image_size, self._augmentation, mirror=self.protocol.flip
        )
        return self.device.images(cropped), labels

    def _seen(self, pixels: Tensor) -> Tensor:
        """Return stored images as the network sees them without augmentation; of features, the plain view."""
        return pixels[:, 0].to(self.device.torch) if self._network.views else self.device.images(pixels)


def lengths(phases: Sequence[Phase], epochs: int) -> list[int]:
    """Return how many epochs each phase lasts: its share, rounded, and at least one.

    Raises
    ------
    ValueError
        The shares do not sum to one, or there are fewer epochs than phases.
    """
    shares, n = [phase.share for phase in phases], len(phases)
    if epochs < n:
        raise ValueError(f"{n} phases of training need as many epochs, not {epochs}")
    if min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
        raise ValueError(f"the shares of the phases must sum to 1, not {' + '.join(map(str, shares))}")
    ends = np.rint(np.cumsum(shares) * epochs).astype(int)
    ends = np.maximum.accumulate(ends - np.arange(n)) + np.arange(n)  # each phase ends after the one before
    ends = np.clip(ends, np.arange(1, n + 1), epochs - n + np.arange(1, n + 1))
    lasting: list[int] = np.diff(ends, prepend=0).tolist()
    return lasting


def _shape(head: nn.Module) -> tuple[int, int]:
    return int(head.in_features), int(head.out_features)  # type: ignore[arg-type]
