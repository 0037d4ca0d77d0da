"""The protocol: everything that all methods of a comparison share.

Each reading of the paper that could have been taken another way is one field here, so that the other reading is one
line in bench.toml. Every value enters the identity of a fit; nothing is ever "auto", so that two machines can share
records.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Protocol(BaseModel):
    """How one classifier is trained and selected. The defaults are the paper's protocol (Sahoo et al. 2020, §4)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    image_size: int = Field(256, ge=32, description="side in pixels of what the classifier sees")
    load_size: int = Field(286, ge=32, description="side to which a training image is resized before a random crop")
    flip: bool = Field(True, description="mirror a training image with probability one half")
    width: int = Field(64, ge=1, description="filters of the first convolution; the next have 2, 4 and 8 times as many")
    norm: Literal["instance", "none"] = Field("instance", description="normalisation after convolutions 2 to 4")
    head: Literal["flat", "gap"] = Field("flat", description="flatten the one-channel map, or pool the 4th convolution")
    dropout: float = Field(0.5, ge=0, lt=1, description="dropout on the 256 features before the last layer")
    init_std: float = Field(0.02, gt=0, description="weights start as N(0, init_std), biases at 0")
    epochs: int = Field(20, ge=1, description="epochs, each followed by one selection check")
    epoch: Literal["dataset", "equal"] = Field(
        "dataset", description="images of one epoch: the method's training set once, or 2 x n_majority for every method"
    )
    batch_size: int = Field(1, ge=1, description="images of one step")
    learning_rate: float = Field(2e-4, gt=0, description="Adam's, constant")
    beta1: float = Field(0.5, ge=0, lt=1, description="Adam's decay of the first moment")
    beta2: float = Field(0.999, ge=0, lt=1, description="Adam's decay of the second moment")
    weight_decay: float = Field(0.0, ge=0, description="Adam's L2 penalty")
    class_weights_from: Literal["original", "effective"] = Field(
        "original", description="counts that class weights are made of: before or after resampling (US+CS, OS+CS)"
    )
    selection: Literal["acsa", "last"] = Field(
        "acsa", description="epoch that is tested: best validation ACSA (ties: lower cross-entropy), or the last"
    )
    eval_per_class: int | None = Field(None, ge=1, description="cut validation and test to so many images a class")
    precision: Literal["float32", "bfloat16"] = Field("float32", description="arithmetic of the network's layers")
    threads: int = Field(1, ge=1, description="CPU threads of one worker; they change the order of sums")

    @model_validator(mode="after")
    def _crop_fits(self) -> Protocol:
        if self.load_size < self.image_size:
            raise ValueError(f"load_size = {self.load_size} is smaller than image_size = {self.image_size}")
        return self
