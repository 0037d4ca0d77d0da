"""Training one classifier: what its batches are, how a step is taken, and how long each phase lasts."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

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
from bench.training.inputs import random_crops, random_views
from bench.training.loop import Best, run_epoch
from bench.training.optimisers import optimiser, rate
from bench.training.scores import acsa, confusion_matrix, cross_entropy

EVALUATION_BATCH = 50
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
        self.history: list[dict[str, float]] = []
        self._order = self._positions(method.hook("sampler"), "")
        self._augmentation = streams.torch("augmentation")
        self._batch_rng = streams.torch("augmentation", device.torch, use="batch")
        self._best = Best()
        self._network = network_of(protocol.backbone)
        draws = Draws(streams.torch("initialisation"), streams.torch("dropout", device.torch))
        self.model = device.model(
            self._network.classifier(protocol.image_size, train.n_classes, method.hook("head"), draws)
        )
        self._begin(Phase(1.0))

    @property
    def epoch_images(self) -> int:
        """Images of one epoch, see `Protocol.epoch_images`."""
        return self.protocol.epoch_images(tuple(self.counts.original.tolist()), len(self.train))

    @property
    def progress(self) -> float:
        """The share of training that is done, counted in epochs."""
        return min(1.0, self.epoch / self.protocol.epochs)

    def run(self) -> Trained:
        """Train the method's phases, with a selection check after each epoch; see `Training.run`.

        Raises
        ------
        TrainingDiverged
            A loss became NaN or infinite.
        """
        phases = self.method.hook("phases")()
        ends = np.rint(np.cumsum([phase.share for phase in phases]) * self.protocol.epochs).astype(int).tolist()
        for number, (phase, end) in enumerate(zip(phases, ends, strict=True)):
            if number:
                self._best.forget()  # a half-trained method is not the method
            self._begin(phase, number)
            while self.epoch < end:
                self.train_epoch()
                self.check()
        return self.selected()

    def train_epoch(self, batches: Iterable[Batch] | None = None) -> None:
        """Take the steps of one epoch, see `Training.train_epoch`."""
        started = time.perf_counter()
        weights = self.method.hook("class_weights")(
            getattr(self.counts, self.protocol.class_weights_from), self.progress
        )
        self._weights = torch.as_tensor(weights, dtype=torch.float32, device=self.device.torch)
        self._done_in_epoch, self._images = 0, self.epoch_images
        self.epoch += 1
        loss = run_epoch(self.epoch, self.model, self.batches() if batches is None else batches, self._take)
        self.history.append({"epoch": self.epoch, "loss": loss, "seconds": time.perf_counter() - started})

    def batches(self) -> Iterator[Batch]:
        """Yield the batches of one epoch: images (N, 3, H, W) in [-1, 1], or features (N, D), with labels (N,)."""
        remaining = self.epoch_images
        while remaining > 0:
            size = min(self.protocol.batch_size, remaining)
            positions = torch.tensor([next(self._order) for _ in range(size)])
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
        parts = []
        with torch.inference_mode():
            for positions in torch.arange(len(images)).split(EVALUATION_BATCH):
                with self.device.autocast(self.protocol):
                    logits = model(self._seen(images.batch(positions)[0]))
                parts.append(logits.float().softmax(dim=1).cpu())
        return torch.cat(parts).numpy()

    def flops(self) -> float:
        """Floating-point operations of the training steps taken so far, counted, not timed."""
        each = step_operations(self.protocol.backbone, self.protocol.image_size, self.train.n_classes)
        return self.images_seen * each

    def _begin(self, phase: Phase, number: int = 0) -> None:
        """Set up what a phase trains, and with which samples."""
        if phase.fresh_head:
            rng = self.streams.torch("initialisation", use=f"head {number}")
            head = self.method.hook("head")(*_shape(self.model.head))
            draw_linear(head, self._network.head_std, rng)
            self.model.head.load_state_dict(head.state_dict())
        if phase.sampler == "balanced":
            self._order = self._positions(balanced, f"phase {number}")
        for name, parameter in self.model.named_parameters():
            held = bool(phase.holds) and name.startswith(phase.holds)
            parameter.requires_grad_(name.startswith(phase.trains) and not held)
        trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self._optimiser = optimiser(self.protocol, trained)

    def _take(self, batch: Batch) -> tuple[Tensor, int]:
        done = (self.epoch - 1 + self._done_in_epoch / self._images) / self.protocol.epochs
        for group in self._optimiser.param_groups:
            group["lr"] = rate(self.protocol, min(done, 1.0))
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


def balanced(labels: Tensor, rng: torch.Generator) -> Tensor:
    """Return as many positions as there are labels (N,), each class equally often, at random with replacement."""
    groups = [torch.nonzero(labels == label).flatten() for label in labels.unique()]
    classes = torch.arange(len(labels)) % len(groups)
    drawn = torch.stack([group[torch.randint(len(group), (len(labels),), generator=rng)] for group in groups])
    mixed = drawn[classes, torch.arange(len(labels))]
    return mixed[torch.randperm(len(labels), generator=rng)]


def _shape(head: nn.Module) -> tuple[int, int]:
    return int(head.in_features), int(head.out_features)  # type: ignore[arg-type]
