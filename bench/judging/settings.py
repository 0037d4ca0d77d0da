"""Settings of fine-tuning a judge: all of them are part of a measurement's identity."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from bench.errors import ConfigError
from bench.networks.pretrained import pretrained_named
from bench.protocol import IMPLICIT
from bench.stage import StageSettings


class Settings(StageSettings):
    """How judges are fine-tuned. The defaults read Sahoo et al. 2020, who do not say, as standard fine-tuning."""

    network: str = Field("inception_v3", description="network that is fine-tuned: `imbench list networks`")
    layers: Literal["all", "head"] = Field("all", description="fine-tune every layer, or only the new last one")
    epochs: int = Field(20, ge=1, description="at most so many; the best on the selection images counts")
    batch_size: int = Field(16, ge=1, description="images of one step")
    learning_rate: float = Field(1e-3, gt=0, description="SGD's, constant")
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD's momentum")
    flip: bool = Field(True, description="mirror a training image with probability one half")
    images_per_class: int = Field(500, ge=2, description="at most so many real images of a class, selection included")
    selection_images: int = Field(
        100,
        ge=0,
        description="so many of a class select, where that leaves as many to learn from, else half; at least a fifth",
        json_schema_extra={IMPLICIT: 0},
    )
    spare_minimum: int = Field(
        100, ge=2, description="use the split's images for judges if every class has so many, else its training images"
    )
    balanced: bool = Field(
        True,
        description="as many images of each class; false: all that there are up to `images_per_class`, weighted",
        json_schema_extra={IMPLICIT: True},
    )
    judged_per_class: int | None = Field(
        None,
        ge=2,
        description="real images of a class that a generator's are measured against, and made ones; none: all",
        json_schema_extra={IMPLICIT: None},
    )
    seeds: int = Field(5, ge=1, description="judges; each draws its own images, head and order of batches")

    @field_validator("network")
    @classmethod
    def _can_judge(cls, value: str) -> str:
        try:
            pretrained_named(value)
        except ConfigError as error:
            raise ValueError(str(error)) from None
        return value
