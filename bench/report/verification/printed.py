"""What a report.json says of how it was made, checked: it may have been edited by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bench.errors import UserError, no_file_name
from bench.plan.bounds import MOST_SEEDS
from bench.report.jsonform import from_text
from bench.store.regular import MIB, read_regular


class Part(BaseModel):
    """A part of a report.json, of which only what is read here is checked."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class MadeWith(Part):
    """The options that a report was made with."""

    seeds: int = Field(default=1, ge=1, le=MOST_SEEDS)
    interval: bool = True
    requested: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    stale: frozenset[str] = frozenset()


class PictureEntry(Part):
    """A picture whose file lies beside."""

    name: str
    alt: str = ""
    caption: str = ""
    shows_images: bool

    @field_validator("name")
    @classmethod
    def _is_a_file(cls, name: str) -> str:
        if wrong := no_file_name("picture", name):
            raise ValueError(wrong)
        return name


class Printed(Part):
    """A report.json: `data` is all of it, the others are what it is built again with."""

    profile: str
    banner: str = ""
    made_with: MadeWith = MadeWith()
    pictures: tuple[PictureEntry, ...] = ()
    left_out: tuple[str, ...] = ()
    reproduce: tuple[tuple[str, str], ...] = ()
    environment: tuple[Any, ...] = ()
    data: dict[str, Any]


def read_printed(path: Path) -> Printed:
    """Read a report.json.

    Raises
    ------
    UserError
        There is none, or no report is written so; the text names the place.
    """
    try:
        data: dict[str, Any] = from_text(read_regular(path, 1024 * MIB).decode())
        return Printed(
            **{name: it for name, it in data.items() if name in Printed.model_fields and name != "data"}, data=data
        )
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; `imbench report` writes it") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UserError(f"{path}: it is not what `imbench report` writes: {place}: {first['msg']}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: it is not what `imbench report` writes: {error}") from None
