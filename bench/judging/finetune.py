"""Fine-tuning: a network with ImageNet weights learns to tell the real images of a task's classes apart."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bench.errors import TrainingDiverged
from bench.images import ImageSet
from bench.judging.judge import BATCH
from bench.judging.settings import Settings
from bench.judging.views import Anew, Remembered, View
from bench.networks.bodies import build
from bench.networks.body import Network
from bench.streams import Streams
from bench.training.device import Device
from bench.training.scores import acsa, confusion_matrix, cross_entropy

HEAD = "heads."


@dataclass(frozen=True, eq=False)
class Tuned:
    """What fine-tuning leaves: weights on the CPU, contiguous, the selected epoch (from 1), and every epoch's history.

    The weights are those of the whole network, or of its head alone where only that was trained. The history holds
    `epoch`, `loss`, `selection_acsa`, `selection_cross_entropy` and `seconds`.
    """

    weights: dict[str, Tensor]
    selected_epoch: int
    history: list[dict[str, float]]


def finetune(train: ImageSet, selection: ImageSet, settings: Settings, streams: Streams, device: Device) -> Tuned:
    """Fine-tune one judge; call it inside `Device.session`, which holds threads and determinism.

    Parameters
    ----------
    train
        As many images of each class. Best of the size of the images to be judged, lest the judge learns from details
        that those cannot have.
    selection
        Balanced, disjoint from `train` and from all that will be judged: the epoch with the best balanced accuracy on
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
    if len(set(train.counts.tolist())) != 1:
        raise ValueError(f"a judge learns from balanced images, not from {train.counts.tolist()}")
    network = build(settings.network, train.n_classes, streams.torch("initialisation"))
    return _Tuning(network, train, selection, settings, streams, device).run()


class _Tuning:
    def __init__(
        self,
        network: Network,
        train: ImageSet,
        selection: ImageSet,
        settings: Settings,
        streams: Streams,
        device: Device,
    ) -> None:
        device.model(network)
        self.network, self.settings, self.device = network, settings, device
        self.labels, self.selection_labels = train.labels, selection.labels.numpy()
        self.whole = settings.layers == "all"
        self.train, self.selection = self._view(train), self._view(selection)
        self.order, self.augmentation = streams.torch("order"), streams.torch("augmentation")
        trained = network if self.whole else network.heads
        self.optimiser = torch.optim.SGD(trained.parameters(), settings.learning_rate, settings.momentum)

    def run(self) -> Tuned:
        best: tuple[tuple[float, float], int, dict[str, Tensor]] | None = None
        history = []
        for epoch in range(1, self.settings.epochs + 1):
            started = time.perf_counter()
            loss, (score, plain) = self._epoch(epoch), self._check()
            history.append({"epoch": epoch, "loss": loss, "selection_acsa": score, "selection_cross_entropy": plain})
            history[-1]["seconds"] = time.perf_counter() - started
            rank = (round(score, 12), -plain)
            if best is None or rank > best[0]:
                best = (rank, epoch, self._weights())
        assert best is not None
        return Tuned(best[2], best[1], history)

    def _view(self, images: ImageSet) -> View:
        view = Anew(images, self.network.body, self.device)
        return view if self.whole else Remembered(view)

    def _epoch(self, epoch: int) -> float:
        """Take the steps of one epoch; return its mean loss."""
        self.network.train()
        total = 0.0
        for positions in torch.randperm(len(self.labels), generator=self.order).split(self.settings.batch_size):
            mirrored = torch.rand(len(positions), generator=self.augmentation) < (0.5 if self.settings.flip else 0.0)
            labels = self.labels[positions].to(self.device.torch)
            loss = self.network.loss(self.train(positions, mirrored), labels)
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self.optimiser.step()
            total += loss.item() * len(positions)
        # The last step's harm does not show in any loss yet, but in the weights.
        whole = all(bool(weights.isfinite().all()) for weights in self.network.parameters())
        mean = total / len(self.labels) if whole else float("nan")
        if not np.isfinite(mean):
            raise TrainingDiverged(epoch, mean)
        return mean

    def _check(self) -> tuple[float, float]:
        """Return balanced accuracy and cross-entropy on the selection images."""
        self.network.eval()
        with torch.inference_mode():
            logits = [
                self.network.logits(self.selection(batch, torch.zeros(len(batch), dtype=torch.bool))[0]).cpu()
                for batch in torch.arange(len(self.selection_labels)).split(BATCH)
            ]
        probabilities = torch.cat(logits).softmax(dim=1).numpy()
        predictions, n_classes = probabilities.argmax(axis=1), probabilities.shape[1]
        confusion = confusion_matrix(self.selection_labels, predictions, n_classes)
        return acsa(confusion), cross_entropy(self.selection_labels, probabilities)

    def _weights(self) -> dict[str, Tensor]:
        """Return a copy of what was trained; channels-last weights become contiguous."""
        return {
            name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
            for name, value in self.network.state_dict().items()
            if self.whole or name.startswith(HEAD)
        }
