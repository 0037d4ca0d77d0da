"""What a CycleGAN's training can be told; every reading of the papers that could have been another is one field."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from bench.stage import StageSettings


class CycleGANSettings(StageSettings):
    """How the translator is trained. The defaults are those of Sahoo et al. 2020 for CUB and Horse2Zebra."""

    width: int = Field(64, ge=1, description="filters of the first convolution of generators and discriminators")
    blocks: int = Field(9, ge=1, description="residual blocks of a generator: 9 for crops of 256, 6 for 128 and below")
    load_size: int | None = Field(
        None,
        ge=32,
        description="side to which stored images are reduced, to train and to translate; none: as stored",
    )
    crop_size: int = Field(256, ge=32, multiple_of=4, description="side in pixels of the training crops")
    batch_size: int = Field(1, ge=1, description="pairs of images of one step")
    epochs: int = Field(50, ge=1, description="epochs after which AUG uses the translator and ALT goes on from it")
    compared_epochs: tuple[int, ...] = Field(
        (75, 100), description="the same training continued to so many epochs, for Table 2 only"
    )
    constant_epochs: int = Field(50, ge=1, description="epochs at the full learning rate")
    decay_epochs: int = Field(150, ge=0, description="epochs of linear decay to zero after them; 0: no decay")
    gan_loss: Literal["lsgan", "log"] = Field("lsgan", description="least squares, or the log loss that eqs. 1-2 print")
    lambda_cycle: float = Field(10.0, ge=0, description="weight of the cycle-consistency loss (beta in the paper)")
    lambda_identity: float = Field(5.0, ge=0, description="weight of the identity loss (alpha in the paper)")
    pool_size: int = Field(50, ge=0, description="earlier fakes of each class that a discriminator is shown again")
    learning_rate: float = Field(2e-4, gt=0, description="Adam's, of generators and discriminators")
    beta1: float = Field(0.5, ge=0, lt=1, description="Adam's decay of the first moment")
    beta2: float = Field(0.999, ge=0, lt=1, description="Adam's decay of the second moment")
    precision: Literal["float32", "bfloat16"] = Field("float32", description="arithmetic of the networks' layers")

    @model_validator(mode="after")
    def _in_order(self) -> CycleGANSettings:
        kept = [self.epochs, *self.compared_epochs]
        if kept != sorted(set(kept)):
            raise ValueError("compared_epochs must ascend and be larger than epochs")
        return self

    def rate(self, epoch: int) -> float:
        """Return the learning rate of an epoch, counted from 1; the schedule ends at zero and stays there."""
        past = max(0, epoch - self.constant_epochs)
        share = 1 - past / (self.decay_epochs + 1) if self.decay_epochs else 1.0
        return self.learning_rate * max(share, 0.0)
