"""Sections of bench.toml: what they have in common, and what one says of a dataset."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from bench.errors import unknown
from bench.protocol import numbers_are_numbers

SUMS = ".sha256"  # how the file of digests beside a split ends


class Strict(BaseModel):
    """A frozen section of bench.toml that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _numbers(cls, values: Any) -> Any:
        return numbers_are_numbers(cls, values)

    @model_validator(mode="before")
    @classmethod
    def _words_are_words(cls, values: Any) -> Any:
        for key, value in values.items() if isinstance(values, dict) else ():
            field = cls.model_fields.get(key)
            if isinstance(value, bool) and field is not None and get_origin(field.annotation) is Literal:
                choices = " or ".join(map(repr, get_args(field.annotation)))
                raise ValueError(f"{key} = {str(value).lower()}: say {choices}")
        return values

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, values: Any) -> Any:
        if isinstance(values, dict):
            for key in values:
                if key not in cls.model_fields:
                    raise ValueError(unknown("key", str(key), cls.model_fields))
        return values


def no_empty_path(value: Any, info: ValidationInfo) -> Any:
    """Return the value of a field; refuse an empty text, which as a path would be the working directory."""
    if isinstance(value, str) and not value.strip():
        raise ValueError(f"an empty path; leave {info.field_name} out where there is none")
    return value


class DatasetSection(Strict):
    """What bench.toml says of one dataset: how it is cut and, of a user's own, where its images are."""

    folder: Path | None = None
    labels: Path | None = None
    columns: dict[Literal["file", "class", "part"], str] = Field(default_factory=dict)
    delimiter: str = Field("", max_length=1)
    lists: dict[str, Path] = Field(default_factory=dict)
    group: str = ""
    val: float = Field(0.15, gt=0, lt=1)
    test: float = Field(0.15, gt=0, lt=1)
    parts: Literal["natural", "balanced"] = "natural"
    minority: tuple[int, ...] = ()
    imbalances: tuple[int | str | tuple[int, ...], ...] = ()
    seed: int = Field(0, ge=0, lt=2**63)
    split: Path | None = None
    near_duplicates: Literal["on", "off"] = "on"
    damaged: Literal["refuse", "skip"] = "refuse"
    shape: Literal["squash", "pad", "crop"] = "squash"

    @field_validator("folder", "labels", "lists", "split", mode="before")
    @classmethod
    def _paths_are_said(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse an empty path, and expand ~."""
        if isinstance(value, dict):
            return {label: cls._paths_are_said(path, info) for label, path in value.items()}
        return os.path.expanduser(no_empty_path(value, info)) if isinstance(value, str) else value

    @field_validator("split")
    @classmethod
    def _split_is_a_file(cls, path: Path | None) -> Path | None:
        if path is not None and (path.name in ("", "..") or os.path.isdir(path)):
            raise ValueError(f"'{path}' is a folder; name the file that keeps the split, such as splits/mine.json")
        if path is not None and path.suffix == SUMS:
            raise ValueError(f"'{path}' ends in {SUMS}, as the digests beside a split do; call it splits/mine.json")
        return path

    @model_validator(mode="after")
    def _fit_together(self) -> DatasetSection:
        if self.val + self.test >= 1:
            raise ValueError(f"val = {self.val:g} and test = {self.test:g} leave nothing to train on")
        if self.labels and self.lists:
            raise ValueError("labels and lists are two ways to say the same; give one")
        if not self.labels and (of_table := [key for key in ("columns", "delimiter") if getattr(self, key)]):
            raise ValueError(f"{of_table[0]} is about labels, which is not given")
        if len(self.lists) == 1:
            raise ValueError("lists needs at least two classes")
        return self

    def kept_split(self, name: str, results: Path) -> Path:
        """Return where the split of the dataset of that name is kept."""
        return self.split or results / "splits" / f"{name}-{self.seed}.json"

    @property
    def root(self) -> Path | None:
        """The folder of a user's images: as said, else that of the table or of the first list; None: not a user's."""
        said = self.labels or next(iter(self.lists.values()), None)
        return self.folder or (said.parent if said else None)

    @property
    def wanted(self) -> tuple[int | str | tuple[int, ...], ...]:
        """How to cut the training part, as it is spelled; counts of the rarest class first."""
        return (*self.minority, *self.imbalances)
