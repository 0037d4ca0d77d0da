"""One GAN and what three systems add to it: classes for both sides, a class head, a class-balancing regulariser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.methods.generators.balancing import EffectiveFrequencies, MovingAverage
from bench.methods.generators.losses import GAN_LOSSES, class_balance
from bench.methods.generators.networks import Asked, Told, drawn_discriminator, drawn_generator
from bench.methods.generators.recipe import Dice, Recipe, below, prefixed
from bench.methods.generators.settings import AcganSettings, AdversarialSettings, BalancingSettings
from bench.streams import Streams
from bench.training.device import Device
from bench.training.sizes import at_size


class Adversary(Recipe):
    """A GAN: one step of the discriminator, one of the generator on the same real batch with new noise.

    Parameters
    ----------
    told, asked
        How generator and discriminator learn the class, see `bench.methods.generators.networks`.
    steps
        Length of the training, which the moving average's schedule is a share of.
    """

    def __init__(
        self,
        settings: AdversarialSettings,
        n_classes: int,
        steps: int,
        streams: Streams,
        device: Device,
        told: Told = "nothing",
        asked: Asked = "nothing",
        outputs: int = 1,
    ) -> None:
        self.n_classes, self.latent = n_classes, settings.blueprint.latent
        self.gan_loss = settings.gan_loss
        self.uniform = torch.full((n_classes,), 1 / n_classes)
        rng = streams.torch("stage", use="initialisation")
        common = (settings.blueprint, settings.image_size, settings.width, n_classes)
        generator = drawn_generator(*common, told, rng)
        discriminator = drawn_discriminator(*common, rng, outputs, asked)
        super().__init__(settings, {"generator": generator, "discriminator": discriminator}, device)
        self.average: MovingAverage | None = None
        if settings.average:
            start, horizon = round(settings.average_start * steps), settings.average_horizon * steps
            self.average = MovingAverage(self.networks["generator"], start, horizon)

    def step(self, images: Tensor, labels: Tensor, number: int, dice: Dice) -> Tensor:
        judge, (for_judge, for_generator) = self.networks["discriminator"], GAN_LOSSES[self.gan_loss]
        self.free("discriminator")
        with torch.no_grad():
            fakes, wanted = self._fakes(len(images), dice)
        real, fake = judge(images, labels), judge(fakes, wanted)
        loss = for_judge(real[:, :1], fake[:, :1]) + self.named(real, labels) + self.named(fake, wanted)
        judged = self.descend(loss, "discriminator")
        self.free("generator")
        fakes, wanted = self._fakes(len(images), dice)
        fake = judge(fakes, wanted)
        with torch.no_grad():
            real = judge(images, labels) if self.gan_loss == "relativistic" else fake
        extra = self.named(fake, wanted) + self.balanced(fakes, number)
        made = self.descend(for_generator(real[:, :1], fake[:, :1]) + extra, "generator")
        if self.average:
            self.average.follow(self.networks["generator"], number)
        return torch.stack([made, judged, extra.detach()][: len(self.losses)])

    def named(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of naming classes (N,), from the discriminator's logits; here it names none."""
        return logits.new_zeros(())

    def balanced(self, fakes: Tensor, number: int) -> Tensor:
        """Return what the generator's loss has besides in the step of a number; here nothing."""
        return fakes.new_zeros(())

    def _fakes(self, count: int, dice: Dice) -> tuple[Tensor, Tensor]:
        wanted = dice.labels(count, self.uniform)
        return self.networks["generator"](dice.normal(count, self.latent), wanted), wanted

    @property
    def kept(self) -> nn.Module:
        """The generator that is used in the end."""
        return self.average.network if self.average else self.networks["generator"]

    def artifact(self) -> dict[str, Tensor]:
        return prefixed("generator", self.kept.state_dict())

    def state(self) -> dict[str, Tensor]:
        return super().state() | (self.average.state() if self.average else {})

    def restore(self, state: Mapping[str, Tensor]) -> None:
        super().restore(state)
        if self.average:
            self.average.restore(state)


class Naming(Adversary):
    """ACGAN: the first logit tells real from fake, the others name the class, of real images and of fakes."""

    losses = ("generator_loss", "discriminator_loss", "class_loss")

    def __init__(self, settings: AcganSettings, n_classes: int, steps: int, streams: Streams, device: Device) -> None:
        self.lambda_class = settings.lambda_class
        super().__init__(settings, n_classes, steps, streams, device, told="norm", outputs=1 + n_classes)

    def named(self, logits: Tensor, labels: Tensor) -> Tensor:
        return self.lambda_class * F.cross_entropy(logits[:, 1:], labels)


class Balancing(Adversary):
    """The class-balancing GAN: a frozen classifier counts what fakes look like, and rare classes weigh more.

    Parameters
    ----------
    counts
        Training images of each class.
    classifier
        From images (N, 3, side, side) in [-1, 1] to logits (N, K), in evaluation mode.
    side
        Of the images that it sees.
    """

    losses = ("generator_loss", "discriminator_loss", "balance_loss")

    def __init__(
        self,
        settings: BalancingSettings,
        counts: Sequence[int],
        steps: int,
        classifier: nn.Module,
        side: int,
        streams: Streams,
        device: Device,
    ) -> None:
        super().__init__(settings, len(counts), steps, streams, device)
        self.classifier, self.side, self.lambda_balance = classifier, side, settings.weight(counts)
        self.cycle = max(1, round(settings.cycle * steps))
        self.frequencies = EffectiveFrequencies(len(counts), self.cycle * settings.batch_size, settings.forgetting)

    def balanced(self, fakes: Tensor, number: int) -> Tensor:
        probabilities = self.classify(fakes).softmax(dim=1)
        weights = self.frequencies.weights.to(fakes.device)
        self.frequencies.count(probabilities.detach().argmax(dim=1))
        if number % self.cycle == 0:
            self.frequencies.end_cycle()
        return self.lambda_balance * class_balance(probabilities, weights)

    def classify(self, fakes: Tensor) -> Tensor:
        """Return the classifier's logits (N, K) of images at the generator's size."""
        logits: Tensor = self.classifier(at_size(fakes, self.side))
        return logits

    def state(self) -> dict[str, Tensor]:
        return super().state() | prefixed("frequencies", self.frequencies.state())

    def restore(self, state: Mapping[str, Tensor]) -> None:
        super().restore(state)
        self.frequencies.restore(below(state, "frequencies"))
