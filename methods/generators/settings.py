"""What the training of generators can be told; every reading of the papers that could be another is one field."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, model_validator

from bench.methods.generators.blueprints import BLUEPRINTS, Blueprint
from bench.stage import StageSettings

Networks = Literal["bagan", "bagan_gp", "sndcgan"]


class TrainingSettings(StageSettings):
    """How long a training is and how its steps follow the gradient (Adam)."""

    epochs: int | None = Field(None, ge=1, description="length of training in epochs; none: `steps` says")
    steps: int | None = Field(None, ge=1, description="length of training in steps, one batch of real images each")
    batch_size: int = Field(128, ge=1, description="real images of one step")
    learning_rate: float = Field(2e-4, gt=0, description="Adam's")
    beta1: float = Field(0.5, ge=0, lt=1, description="Adam's decay of the first moment")
    beta2: float = Field(0.999, ge=0, lt=1, description="Adam's decay of the second moment")
    epsilon: float = Field(1e-7, gt=0, description="Adam's guard against division by zero; 1e-7 is Keras'")
    drop_last: bool = Field(False, description="leave out an epoch's last batch where it is not full")

    @model_validator(mode="before")
    @classmethod
    def _what_is_given_counts(cls, values: Any) -> Any:
        """Let a length in steps go before a default in epochs, and the other way round."""
        if isinstance(values, dict) and ("epochs" in values) != ("steps" in values):
            return values | {"steps" if "epochs" in values else "epochs": None}
        return values

    @model_validator(mode="after")
    def _one_length(self) -> TrainingSettings:
        if (self.epochs is None) == (self.steps is None):
            raise ValueError("give either epochs or steps")
        return self

    def epoch_steps(self, images: int) -> int:
        """Return the steps of one epoch of so many images; fewer than a batch are one batch."""
        return max(1, images // self.batch_size if self.drop_last else -(-images // self.batch_size))

    def length(self, images: int) -> int:
        """Return the steps of the whole training on so many images."""
        return self.steps or (self.epochs or 0) * self.epoch_steps(images)

    def images_seen(self, images: int) -> int:
        """Return the real images that the whole training sees of so many, each as often as it is shown."""
        each = self.epoch_steps(images)
        epochs, rest = divmod(self.length(images), each)
        return epochs * min(images, each * self.batch_size) + min(images, rest * self.batch_size)


class GeneratorSettings(TrainingSettings):
    """A training's settings with the shape of what is trained."""

    image_size: int = Field(32, ge=16, description="side of the images made; stored ones are reduced to it")
    width: float = Field(1.0, gt=0, description="filters of every layer, relative to those published")
    networks: Networks = Field("sndcgan", description="published pair of networks")

    @model_validator(mode="after")
    def _size_is_possible(self) -> GeneratorSettings:
        self.blueprint.start(self.image_size)
        return self

    @property
    def blueprint(self) -> Blueprint:
        """The published networks that these settings name."""
        return BLUEPRINTS[self.networks]


class AutoencoderSettings(TrainingSettings):
    """BAGAN's autoencoder (Mariani et al. 2018); shape and networks are those of the generator that starts from it."""

    epochs: int | None = 150
    learning_rate: float = 5e-5
    drop_last: bool = True
    distance: Literal["squared", "absolute"] = Field("squared", description="of a pixel from its reconstruction")
    supervised: bool = Field(False, description="whether the decoder is told the class, by an embedding")


class SupervisedAutoencoderSettings(AutoencoderSettings):
    """BAGAN-GP's supervised autoencoder (Huang & Jafari 2021)."""

    epochs: int | None = 30
    learning_rate: float = 2e-4
    beta2: float = 0.9
    drop_last: bool = False
    distance: Literal["squared", "absolute"] = "absolute"
    supervised: bool = True


class BaganSettings(GeneratorSettings):
    """BAGAN's adversarial training; the defaults are those of Mariani et al. 2018 for CIFAR-10."""

    epochs: int | None = 150
    learning_rate: float = 5e-5
    drop_last: bool = True
    networks: Networks = "bagan"
    autoencoder_start: bool = Field(
        True, description="start from decoder and encoder; the latents are those of the encoder either way"
    )
    fake_labels: Literal["uniform", "rebalance"] = Field(
        "uniform", description="classes of fakes: all alike, or in proportion to max(0, 2/K - share of the class)"
    )


class BaganGPSettings(GeneratorSettings):
    """BAGAN-GP's adversarial training; the defaults are those of Huang & Jafari 2021 for CIFAR-10."""

    epochs: int | None = 30
    beta2: float = 0.9
    image_size: int = 64
    networks: Networks = "bagan_gp"
    version: Literal["v1", "v2", "v3"] = Field(
        "v2",
        description="v1: fakes have the classes of the real batch (eqs. 12-13); v2: uniform ones (14-15); "
        "v3: as v2, and the discriminator starts from the encoder",
    )
    autoencoder_start: bool = Field(True, description="the generator starts from decoder and embedding")
    discriminator_steps: int = Field(5, ge=1, description="updates of the discriminator, on one real batch, per step")
    lambda_gradient: float = Field(10.0, ge=0, description="weight of the gradient penalty")
    interpolation: Literal["uniform", "normal"] = Field(
        "uniform", description="where between fake and real the gradient is taken: U(0, 1) as printed, N(0, 1) as coded"
    )


class AdversarialSettings(GeneratorSettings):
    """A plain, unconditional GAN, as the class-balancing GAN without its regulariser (Rangwani et al. 2021)."""

    steps: int | None = 100_000
    batch_size: int = 256
    epsilon: float = 1e-6
    drop_last: bool = True
    gan_loss: Literal["log", "hinge", "relativistic"] = Field(
        "relativistic", description="of the pairs real and fake: -log sigma of each, hinge, or of their difference"
    )
    average: bool = Field(True, description="keep the exponential moving average of the generator, batch norms too")
    average_start: float = Field(0.2, ge=0, lt=1, description="share of training before which it is a plain copy")
    average_horizon: float = Field(
        0.1, gt=0, description="share of training that it remembers: 1 / (1 - decay) steps, 0.9999 at 100,000 steps"
    )


class ConditionalSettings(AdversarialSettings):
    """cGAN: projection discriminator and conditional batch norm (Miyato & Koyama 2018)."""

    gan_loss: Literal["log", "hinge", "relativistic"] = "hinge"

    @model_validator(mode="after")
    def _norms_tell_the_class(self) -> ConditionalSettings:
        if self.blueprint.batch_norm is None:
            raise ValueError(f"networks = {self.networks!r} has no batch norm that could tell the class")
        return self


class AcganSettings(ConditionalSettings):
    """ACGAN: the discriminator also names the class (Odena et al. 2017)."""

    gan_loss: Literal["log", "hinge", "relativistic"] = "log"
    lambda_class: float = Field(1.0, ge=0, description="weight of the cross-entropy of classes, real and fake alike")


class BalancingSettings(AdversarialSettings):
    """The class-balancing GAN; the defaults are those of Rangwani et al. 2021 for CIFAR-10."""

    classifier: str = Field("LDAM+DRW", description="method whose fit, frozen, tells the classes of fakes")
    lambda_balance: float = Field(5.0, ge=0, description="weight of the regulariser where classes are alike")
    lambda_per_decade: float = Field(
        2.5, ge=0, description="so much more per factor of ten between the largest and the smallest class"
    )
    forgetting: float = Field(0.5, gt=0, le=1, description="alpha: weight of the last cycle in the class frequencies")
    cycle: float = Field(0.02, gt=0, le=1, description="share of training after which frequencies are counted anew")
    latents_per_class: int = Field(
        5000, ge=1, description="noise kept of each class, as the classifier takes its images"
    )
    latents_searched: int = Field(20, ge=1, description="noise looked at for them at most, times K x latents_per_class")

    def weight(self, counts: Sequence[int]) -> float:
        """Return the regulariser's weight for training counts; published for CIFAR-10: 5, 7.5, 10 at 1, 10, 100."""
        return self.lambda_balance + self.lambda_per_decade * math.log10(max(counts) / min(counts))


class GamoSettings(TrainingSettings):
    """GAMO: convex combinations of a class's images (Mullick et al. 2019)."""

    steps: int | None = 25_000  # their code counts 50,000, two for each batch of real images and one of fakes
    batch_size: int = 32
    image_size: int = Field(32, ge=16, description="side of the images made; stored ones are reduced to it")
    width: float = Field(1.0, gt=0, description="units of every layer, relative to those published")
    points: int = Field(2000, ge=1, description="at most so many images of a class are combined, the first ones")
    label_noise: float = Field(0.1, ge=0, lt=1, description="the discriminator's targets are so much off, at random")
