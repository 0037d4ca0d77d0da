"""A classifier and a translator that train in turn; the classifier, held still, teaches the translator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.method import Trained, Training
from bench.methods.translators.cyclegan import CycleGAN, Extra, step_operations
from bench.methods.translators.joint import train_epoch, with_views
from bench.methods.translators.training import GanTraining, at_size, majority_and_minority
from bench.methods.translators.translator import MULTIPLE, TrainedCycleGAN, opened, views
from bench.training.inputs import random_crops


class Alternation:
    """Both trainings at the point that they have come to.

    Parameters
    ----------
    start
        The translator to go on from.
    times
        0: translate the crops of every step afresh; 1 or 2: so many translations of every image, anew for every block.
    teacher_every
        Steps of the translator between two with the classifier's term.
    """

    def __init__(self, trainer: Training, start: TrainedCycleGAN, times: int, teacher_every: int) -> None:
        self.trainer, self.start, self.times, self.every = trainer, start, times, teacher_every
        self.real = trainer.train.take(torch.arange(len(trainer.train) // (1 + times)))
        gan = CycleGAN(start.settings, trainer.streams, trainer.device)
        self.training = GanTraining(
            gan, self.real, trainer.protocol.flip, lambda use: trainer.streams.torch("order", use=f"translator {use}")
        )
        self.training.restore(start.state)
        self.training.history = []

    def train_classifier(self, epochs: int) -> None:
        """Train the classifier on real images and on what the translator makes of them now."""
        trainer = self.trainer
        state = {name: value.detach().clone() for name, value in self.training.gan.networks.state_dict().items()}
        weights = {f"weights.{name}": value for name, value in state.items()}
        weights["scale"] = torch.tensor([self.training.scale])
        now = opened(weights, self.start.settings, self.real.counts.tolist(), trainer.device)
        if self.times:
            trainer.train = with_views(self.real, views(now.translator, self.real, self.times, trainer.device))
        for _ in range(epochs):
            if self.times:
                trainer.train_epoch()
            else:
                train_epoch(trainer, now)
            trainer.check()

    def train_translator(self, epochs: int) -> None:
        """Train the translator with the classifier as it is now; what happened joins the classifier's last epoch."""
        before = len(self.training.history)
        with frozen(self.trainer.model):
            teacher = Teacher(self.trainer, self.training, self.every)
            self.training.train_until(self.training.epoch + epochs, teacher=teacher)
        rows = self.training.history[before:]
        steps = len(rows) * self.training.steps
        self.trainer.history[-1] |= {
            "gan_epoch": rows[-1]["epoch"],
            "gan_seconds": sum(row["seconds"] for row in rows),
            "gan_flops": steps * step_operations(self.training.gan.settings),
            **{name: rows[-1][name] for name in ("generator_loss", "discriminator_loss", "cycle_loss")},
            **teacher.mean_loss(),
        }

    def finished(self) -> Trained:
        """Return the selected classifier, which leaves the translator as an artifact."""
        state = self.training.state()
        left = {name: value for name, value in state.items() if name.startswith("weights.") or name == "scale"}
        return replace(self.trainer.selected(), artifacts={"translator": left})


class Teacher:
    """The classifier's term of eq. 7: -log z(G_AB(a)) - log(1 - z(G_BA(b))), without 1/gamma.

    It is taken every so many steps and that much heavier: on the images of the step itself where the translator trains
    on whole ones, else on whole images.
    """

    def __init__(self, trainer: Training, training: GanTraining, every: int) -> None:
        self.trainer, self.training, self.every = trainer, training, every
        self.labels = majority_and_minority(training.train.counts)
        self.size = trainer.protocol.image_size
        # Of images that the translator sees reduced, a crop shows as much of the picture as the classifier's.
        self.on_crops = round(training.gan.settings.crop_size / training.scale) == self.size
        self._losses: list[Tensor] = []

    def __call__(self, step: int, a: Tensor, b: Tensor) -> Extra | None:
        if step % self.every:
            return None
        if self.on_crops:
            return lambda fake_b, fake_a: self.every * self._loss(fake_b, fake_a)
        return lambda *_: self.every * self._loss(*self._translated(step, a, b))

    def mean_loss(self) -> dict[str, float]:
        """Return the mean of the term over the steps that had it; nothing if none had."""
        return {"teacher_loss": float(torch.stack(self._losses).mean())} if self._losses else {}

    def _translated(self, step: int, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        gan, training = self.training.gan, self.training
        rng = training.draw(f"whole {training.epoch + 1} {step}")
        size, flip = MULTIPLE * round(self.size * training.scale / MULTIPLE), self.trainer.protocol.flip
        whole_a, whole_b = (
            gan.device.images(random_crops(training.train, positions, size, rng, flip)).to(gan.dtype)
            for positions in (a, b)
        )
        return gan.networks["AB"](whole_a), gan.networks["BA"](whole_b)

    def _loss(self, fake_b: Tensor, fake_a: Tensor) -> Tensor:
        label_a, label_b = self.labels
        with self.trainer.device.autocast(self.trainer.protocol):
            logits_b, logits_a = (self.trainer.model(at_size(fake.float(), self.size)) for fake in (fake_b, fake_a))
        wanted_b = torch.full((len(fake_b),), label_b, device=fake_b.device)
        wanted_a = torch.full((len(fake_a),), label_a, device=fake_a.device)
        loss = F.cross_entropy(logits_b.float(), wanted_b) + F.cross_entropy(logits_a.float(), wanted_a)
        self._losses.append(loss.detach())
        return loss


@contextmanager
def frozen(model: nn.Module) -> Iterator[None]:
    """Hold a model in evaluation mode, its weights without gradients, and let those learn again that did."""
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    model.eval().requires_grad_(False)
    try:
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)
