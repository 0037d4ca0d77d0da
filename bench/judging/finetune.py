"""Fine-tuning: a network with ImageNet weights learns to tell the real images of a task's classes apart."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench.images import ImageSet
from bench.judging.judge import BATCH
from bench.judging.settings import Settings
from bench.judging.views import Anew, Remembered, View
from bench.networks.layers.body import Branched
from bench.networks.layers.classifier import draw_linear
from bench.networks.pretrained import pretrained_named
from bench.streams import Streams
from bench.training.device import Device
from bench.training.loop import Best, run_epoch
from bench.training.scores import acsa, confusion_matrix, cross_entropy


@dataclass(frozen=True, eq=False)
class Tuned:
    """What fine-tuning leaves: weights on the CPU, contiguous, the selected epoch (from 1), and every epoch's history.

    The weights are those of the whole network, or of its last layer alone where only that was trained. The history
    holds `epoch`, `loss`, `selection_acsa`, `selection_cross_entropy` and `seconds`.
    """

    weights: dict[str, Tensor]
    selected_epoch: int
    history: list[dict[str, float]]


def finetune(train: ImageSet, selection: ImageSet, settings: Settings, streams: Streams, device: Device) -> Tuned:
    """Fine-tune one judge; call it inside `Device.session`, which holds threads and determinism.

    Parameters
    ----------
    train
        As many images of each class; or, where the settings say so, any number of each, whose losses are weighted so
        that every class counts alike. Best of the size of the images to be judged, lest the judge learns from details
        that those cannot have.
    selection
        Disjoint from `train` and from all that will be judged: the epoch with the best balanced accuracy on
        them counts, ties by the lower cross-entropy.
    streams
        `initialisation` gives the head, `order` the batches, `augmentation` the mirroring.

    Raises
    ------
    UserError
        The network's packages or weights are missing.
    TrainingDiverged
        A loss became NaN or infinite.
    ValueError
        The training images are not balanced.
    """
    if settings.balanced and len(set(train.counts.tolist())) != 1:
        raise ValueError(f"a judge learns from balanced images, not from {train.counts.tolist()}")
    network = _untrained(settings.network, train.n_classes, streams.torch("initialisation"))
    return _Tuning(network, train, selection, settings, streams, device).run()


class _Tuning:
    def __init__(
        self,
        network: Branched,
        train: ImageSet,
        selection: ImageSet,
        settings: Settings,
        streams: Streams,
        device: Device,
    ) -> None:
        device.model(network)
        self.network, self.settings, self.device = network, settings, device
        self.labels, self.selection_labels = train.labels, selection.labels.numpy()
        self.weights = None if settings.balanced else _alike(train)
        self.whole = settings.layers == "all"
        self.train, self.selection = self._view(train), self._view(selection)
        self.order, self.augmentation = streams.torch("order"), streams.torch("augmentation")
        self.trained = network if self.whole else nn.ModuleDict({"head": network.head})
        self.optimiser = torch.optim.SGD(self.trained.parameters(), settings.learning_rate, settings.momentum)

    def run(self) -> Tuned:
        best, history = Best(), []
        for epoch in range(1, self.settings.epochs + 1):
            started = time.perf_counter()
            loss, (score, plain) = run_epoch(epoch, self.network, self._batches(), self._step), self._check()
            best.offer(epoch, self.trained, score, plain)
            history.append({"epoch": epoch, "loss": loss, "selection_acsa": score, "selection_cross_entropy": plain})
            history[-1]["seconds"] = time.perf_counter() - started
        weights = {name: value.cpu().contiguous() for name, value in best.weights.items()}
        return Tuned(weights, best.epoch, history)

    def _view(self, images: ImageSet) -> View:
        view = Anew(images, self.network.body, self.device)
        return view if self.whole else Remembered(view)

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield positions of one epoch, and which of their images are mirrored."""
        for positions in torch.randperm(len(self.labels), generator=self.order).split(self.settings.batch_size):
            drawn = torch.rand(len(positions), generator=self.augmentation)
            yield positions, drawn < (0.5 if self.settings.flip else 0.0)

    def _step(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, int]:
        positions, mirrored = batch
        labels = self.labels[positions]
        weights = None if self.weights is None else self.weights[labels].to(self.device.torch)
        loss = self.network.loss(self.train(positions, mirrored), labels.to(self.device.torch), weights)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        return loss, len(positions)

    def _check(self) -> tuple[float, float]:
        """Return balanced accuracy and cross-entropy on the selection images."""
        self.network.eval()
        with torch.inference_mode():
            logits = [
                self.network.head(self.selection(batch, torch.zeros(len(batch), dtype=torch.bool))[0]).cpu()
                for batch in torch.arange(len(self.selection_labels)).split(BATCH)
            ]
        probabilities = torch.cat(logits).softmax(dim=1).numpy()
        predictions, n_classes = probabilities.argmax(axis=1), probabilities.shape[1]
        confusion = confusion_matrix(self.selection_labels, predictions, n_classes)
        return acsa(confusion), cross_entropy(self.selection_labels, probabilities)


def _untrained(text: str, n_classes: int, rng: torch.Generator) -> Branched:
    """Return a network with its published body and new last layers for K classes, their weights from `rng`."""
    network = pretrained_named(text)
    body = network.body()
    heads = [nn.Linear(width, n_classes) for width in network.widths]
    for head in heads:
        draw_linear(head, network.head_std, rng)
    return Branched(body, heads[0], heads[1:])


def _alike(train: ImageSet) -> Tensor:
    """Return a weight of each class, float32 (K,), by which all count alike; their mean over images is one."""
    counts = torch.from_numpy(train.counts).float()
    return len(train) / (train.n_classes * counts)
