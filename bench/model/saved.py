"""A model in a folder: weights as safetensors, all else as JSON, a card to read; loading one runs none of its code."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from bench.data.colours import Colours
from bench.errors import ConfigError, UserError
from bench.expression import Call, Expression, frozen
from bench.model.origin import Choice
from bench.networks.layers.classifier import Classifier
from bench.protocol import Protocol
from bench.record import Predictions, Ratios
from bench.store.leftovers import write_anew
from bench.store.plausible import MOST_IMAGES, no_predictions
from bench.store.regular import MIB, read_regular
from bench.training.composition import Composition, build
from bench.training.device import Device
from bench.training.frozen import frozen_classifier

WEIGHTS, FACTS, CARD = FILES = "model.safetensors", "model.json", "README.md"
BATCH = 50
MOST_FACTS, MOST_WEIGHTS = 256 * MIB, 16_384 * MIB  # that a file of either can have


class Written(BaseModel):
    """A method with all its arguments, as JSON holds it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    given: dict[str, Any] = Field(default_factory=dict)


class Facts(BaseModel):
    """All that a model is but its weights.

    `factors` multiply the scores of the classes before the largest is taken: what `imbench threshold` chose; ones else.
    `licence` is that of the body, as its packages state it; `choice` says why this method, if runs recommended it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["imbench model 1"] = "imbench model 1"
    dataset: str
    place: str
    classes: tuple[str, ...]
    counts: tuple[Annotated[int, Field(ge=1, le=MOST_IMAGES)], ...]
    method: tuple[Written, ...] = Field(min_length=1)
    protocol: dict[str, Any]
    shape: Literal["squash", "pad", "crop"] = "squash"
    colours: Colours = "stored"
    chosen: dict[str, float] = Field(default_factory=dict)
    factors: tuple[float, ...] = ()
    factors_for: str = ""
    records: tuple[str, ...] = ()
    figures: dict[str, float] = Field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    network: str = ""
    normalisation: dict[str, Any] = Field(default_factory=dict)
    licence: str = ""
    choice: Choice | None = None
    validation: Predictions | None = None
    test: Predictions | None = None
    weights: str = ""  # SHA-256 in hex of the file of weights, so that those of another model are not taken for its own

    @model_validator(mode="after")
    def _fits_together(self) -> Facts:
        classes = len(self.classes)
        if classes < 2 or len(set(self.classes)) < classes:
            raise ValueError("a model has at least two classes, each of its own name")
        if len(self.counts) != classes:
            raise ValueError(f"counts has not a number for each of {classes} classes")
        if self.factors and (len(self.factors) != classes or not all(0 <= it < math.inf for it in self.factors)):
            raise ValueError(f"factors has not a number for each of {classes} classes")
        for name, part in (("validation", self.validation), ("test", self.test)):
            if part is not None and (reason := no_predictions(part, self.classes)):
                raise ValueError(f"{name}: {reason}")
        return self


@dataclass(frozen=True, eq=False)
class Model:
    """A classifier ready for use, with the decision that belongs to it."""

    facts: Facts
    protocol: Protocol
    method: Composition
    classifier: Classifier
    device: Device

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, by label."""
        return self.facts.classes

    @property
    def shape(self) -> Literal["squash", "pad", "crop"]:
        """How a picture that is not square becomes one."""
        return self.facts.shape

    @property
    def colours(self) -> Colours:
        """Whether the colour profiles in files count."""
        return self.facts.colours

    @property
    def image_size(self) -> int:
        """Side in pixels of the squares that the network sees."""
        return self.protocol.image_size

    def decided(self, pixels: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Return probabilities, float32 (N, K), and labels, int64 (N,), of images uint8 (N, 3, S, S)."""
        probabilities = self.probabilities(pixels)
        return probabilities, self.decide(probabilities)

    def probabilities(self, pixels: Tensor) -> np.ndarray:
        """Return class probabilities, float32 (N, K), of images uint8 (N, 3, S, S) of the model's size S."""
        parts = []
        with torch.inference_mode(), self.device.session(self.protocol):
            for batch in pixels.split(BATCH):
                with self.device.autocast(self.protocol):
                    logits = self.classifier(self.device.images(batch))
                parts.append(logits.float().softmax(dim=1).cpu())
        return torch.cat(parts).numpy()

    def decide(self, probabilities: np.ndarray) -> np.ndarray:
        """Return the class of each row of probabilities (N, K), int64 (N,): the method's decision, then the factors.

        It is made from what a record keeps of probabilities, so that a record's images get the record's decisions.
        """
        kept = Ratios.of(probabilities).array()
        scores = self.method.hook("adjust")(kept, np.asarray(self.facts.counts))
        decided: np.ndarray = (scores * np.asarray(self.facts.factors or 1.0)).argmax(axis=1)
        return decided


def save_model(folder: Path, facts: Facts, weights: dict[str, Tensor], card: str) -> None:
    """Write a model; a folder that holds one is replaced file by file, the facts first, by which it is known as one.

    Raises
    ------
    StoreError
        The folder cannot be written.
    """
    data = save({name: value.contiguous() for name, value in weights.items()})
    write_facts(folder, facts.model_copy(update={"weights": sha256(data).hexdigest()}))
    write_anew(folder / WEIGHTS, data)
    write_anew(folder / CARD, card.encode())


def write_facts(folder: Path, facts: Facts) -> None:
    """Write a model's facts alone."""
    text = json.dumps(facts.model_dump(mode="json"), indent=1, ensure_ascii=False)
    write_anew(folder / FACTS, (text + "\n").encode())


def read_facts(folder: Path) -> Facts:
    """Return a model's facts.

    Raises
    ------
    UserError
        There is no model in the folder, or its facts are damaged or of another program.
    """
    path = folder / FACTS
    try:
        return Facts.model_validate_json(read_regular(path, MOST_FACTS))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}; `imbench fit` writes models") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = "".join(f"{it}." for it in first["loc"]).removesuffix(".")
        said = first["msg"].removeprefix("Value error, ")
        raise UserError(f"{path}: not a model of this suite ({f'{place}: ' if place else ''}{said})") from None


def load_model(folder: Path, device: Device) -> Model:
    """Return the model in a folder.

    Raises
    ------
    UserError
        It is not there, damaged, or needs a method or network that is not here; the text names the file.
    """
    facts = read_facts(folder)
    path = folder / WEIGHTS
    try:
        protocol = Protocol(**facts.protocol)
        method = build(expression_of(facts))
        data = read_regular(path, MOST_WEIGHTS)
        if facts.weights and sha256(data).hexdigest() != facts.weights:
            raise UserError(f"{path}: not the weights that {folder / FACTS} tells of; `imbench fit` writes both anew")
        weights = load(data)
        classifier = frozen_classifier(method, protocol, len(facts.classes), weights, device)
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path}: cannot be read as weights ({error})") from None
    except ValidationError as error:
        raise UserError(f"{folder / FACTS}: protocol: {error.errors()[0]['msg']}") from None
    except ConfigError as error:
        raise UserError(f"{folder / FACTS}: {error}") from None
    except (RuntimeError, ValueError) as error:
        raise UserError(f"{path}: not the weights of this model ({' '.join(str(error).split())[:200]})") from None
    if facts.chosen:
        method = _with_chosen(method, facts)
    model = Model(facts, protocol, method, classifier, device)
    try:
        model.decide(np.full((1, len(facts.classes)), 1 / len(facts.classes), np.float32))
    except (RuntimeError, ValueError) as error:
        raise UserError(f"{folder / FACTS}: its decision cannot be made ({error})") from None
    return model


def expression_of(facts: Facts) -> Expression:
    """Return the method of a model as a value."""
    calls = [Call(it.name, frozen(it.arguments), frozen(it.given)) for it in facts.method]
    return Expression(tuple(calls))


def written(expression: Expression) -> tuple[Written, ...]:
    """Return a method as JSON holds it."""
    return tuple(
        Written(name=call.name, arguments=dict(call.arguments), given=dict(call.given)) for call in expression.calls
    )


def _with_chosen(method: Composition, facts: Facts) -> Composition:
    """Return the method with the number that its decision chose on the validation images, chosen again."""
    if facts.validation is None:
        return method
    probabilities = facts.validation.probabilities.array()
    return method.tuned(probabilities, facts.validation.labels, np.asarray(facts.counts))
