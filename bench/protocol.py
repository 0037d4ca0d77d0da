"""The protocol: everything that all methods of a comparison share.

Each reading of the paper that could have been taken another way is one field here, so that the other reading is one
line in bench.toml. Every value enters the identity of a fit; nothing is ever "auto", so that two machines can share
records.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_serializer, field_validator, model_validator

from bench.errors import ConfigError
from bench.expression import Call

IMPLICIT = "implicit"  # under this key a field keeps the value that records had before there was such a field


def numbers_are_numbers(cls: type[BaseModel], values: Any) -> Any:
    """Return values of a model, which would take `true` for 1.

    Raises
    ------
    ValueError
        A field that is not about yes or no has one of these.
    """
    for name, value in values.items() if isinstance(values, dict) else ():
        annotation = str(cls.model_fields[name].annotation) if name in cls.model_fields else "Any"
        if _says_yes_or_no(value) and "bool" not in annotation and "Any" not in annotation:
            raise ValueError(f"{name} = {str(value).lower()}: true and false are no numbers")
    return values


def _says_yes_or_no(value: object) -> bool:
    return any(map(_says_yes_or_no, value)) if isinstance(value, list | tuple) else isinstance(value, bool)


class Settings(BaseModel):
    """Frozen values that enter an identity, and may grow by fields without orphaning a record.

    A field that comes later is declared `Field(default, json_schema_extra={IMPLICIT: value})`, with the value that it
    had before anybody could set it; it is left out of an identity where it has that value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _numbers_are_numbers(cls, values: Any) -> Any:
        return numbers_are_numbers(cls, values)

    def identity(self) -> dict[str, Any]:
        """Return what an identity holds of these values, as JSON."""
        values = self.model_dump(mode="json")
        for name, field in type(self).model_fields.items():
            extra = field.json_schema_extra
            if isinstance(extra, dict) and IMPLICIT in extra and values[name] == extra[IMPLICIT]:
                del values[name]
        return values


class Protocol(Settings):
    """How one classifier is trained and selected. The defaults are the paper's protocol (Sahoo et al. 2020, §4)."""

    image_size: int = Field(256, ge=32, description="side in pixels of what the classifier sees")
    load_size: int = Field(286, ge=32, description="side to which a training image is resized before a random crop")
    flip: bool = Field(True, description="mirror a training image with probability one half")
    backbone: Call = Field(
        Call("paper_cnn"), description="registered network with its arguments: `imbench list networks`"
    )
    epochs: int = Field(20, ge=1, description="epochs, each followed by one selection check")
    epoch: Literal["dataset", "equal"] = Field(
        "dataset",
        description="images of one epoch: the method's training set once, or for all alike classes x the largest class",
    )
    epoch_limit: int | None = Field(None, ge=1, description="at most so many images in an epoch of equal length")
    batch_size: int = Field(1, ge=1, description="images of one step")
    optimiser: Literal["adam", "adamw", "sgd"] = Field("adam", description="how a step follows the gradient")
    learning_rate: float = Field(2e-4, gt=0, description="the optimiser's, at its highest")
    beta1: float = Field(0.5, ge=0, lt=1, description="decay of the first moment (adam, adamw)")
    beta2: float = Field(0.999, ge=0, lt=1, description="decay of the second moment (adam, adamw)")
    momentum: float = Field(0.9, ge=0, lt=1, description="of sgd")
    weight_decay: float = Field(0.0, ge=0, description="L2 penalty (adam, sgd), or decoupled decay (adamw)")
    schedule: Literal["constant", "cosine", "steps"] = Field("constant", description="course of the learning rate")
    warmup: float = Field(0.0, ge=0, lt=1, description="share of training in which the rate rises linearly from zero")
    steps: tuple[float, ...] = Field((0.8, 0.9), description="shares of training at which `steps` lowers the rate")
    step_factor: float = Field(0.1, gt=0, lt=1, description="by what `steps` multiplies the rate each time")
    class_weights_from: Literal["original", "effective"] = Field(
        "original", description="counts that class weights are made of: before or after resampling (US+CS, OS+CS)"
    )
    selection: Literal["acsa", "last"] = Field(
        "acsa", description="epoch that is tested: best validation ACSA (ties: lower cross-entropy), or the last"
    )
    eval_per_class: int | None = Field(None, ge=1, description="cut validation and test to so many images a class")
    precision: Literal["float32", "bfloat16"] = Field("float32", description="arithmetic of the network's layers")
    threads: int = Field(1, ge=1, description="CPU threads of one worker; they change the order of sums")

    @field_validator("backbone", mode="before")
    @classmethod
    def _parsed(cls, value: object) -> object:
        try:
            return Call.parse(value, "backbone") if isinstance(value, str) else value
        except ConfigError as error:
            raise ValueError(str(error)) from None

    @field_serializer("backbone")
    def _spelled(self, value: Call) -> str:
        return str(value)

    @model_validator(mode="after")
    def _crop_fits(self) -> Protocol:
        if self.load_size < self.image_size:
            raise ValueError(f"load_size = {self.load_size} is smaller than image_size = {self.image_size}")
        return self

    def epoch_images(self, counts: tuple[int, ...], train_images: int) -> int:
        """Return the images of one epoch, given the task's counts and the images of the method's own training set.

        Of equal length is an epoch in which a training set balanced by repetition is seen once: with two classes twice
        the majority, with K classes K times the largest, so that no class of a long tail is starved.
        """
        if self.epoch == "dataset":
            return train_images
        equal = len(counts) * max(counts)
        return min(equal, self.epoch_limit or equal)
