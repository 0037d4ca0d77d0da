"""An exported model put to use again: ONNX, run by onnxruntime, with what our own export wrote beside the network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor

from bench.data.colours import Colours
from bench.errors import ConfigError, UserError
from bench.model.export import ABOUT
from bench.store.regular import MIB, read_regular

SUFFIX = ".onnx"
MOST_BYTES = 2048 * MIB  # what the format can hold in one file


class About(BaseModel):
    """What `bench.model.export.about` writes."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    classes: tuple[str, ...] = Field(min_length=2)
    image_size: int = Field(ge=1, le=4096)
    shape: Literal["squash", "pad", "crop"]
    colours: Colours = "stored"


@dataclass(frozen=True, eq=False)
class Exported:
    """An ONNX file ready for use."""

    about: About
    session: Any

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, by label."""
        return self.about.classes

    @property
    def shape(self) -> Literal["squash", "pad", "crop"]:
        """How a picture that is not square becomes one."""
        return self.about.shape

    @property
    def colours(self) -> Colours:
        """Whether the colour profiles in files count."""
        return self.about.colours

    @property
    def image_size(self) -> int:
        """Side in pixels of the squares that the network sees."""
        return self.about.image_size

    def decided(self, pixels: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Return probabilities, float32 (N, K), and labels, int64 (N,), of images uint8 (N, 3, S, S)."""
        probabilities, labels = self.session.run(["probabilities", "decision"], {"pixels": pixels.float().numpy()})
        return probabilities, labels


def load_exported(path: Path) -> Exported:
    """Return the model in an ONNX file that `imbench export` wrote.

    Raises
    ------
    ConfigError
        onnxruntime is not installed.
    UserError
        The file cannot be read, or is another program's.
    """
    try:
        from onnxruntime import InferenceSession
    except ModuleNotFoundError:
        raise ConfigError("using an ONNX file needs: pip install onnxruntime") from None
    try:
        session = InferenceSession(read_regular(path, MOST_BYTES), providers=["CPUExecutionProvider"])
        about = About.model_validate_json(session.get_modelmeta().custom_metadata_map[ABOUT])
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None
    except (KeyError, ValidationError):
        raise UserError(f"{path}: not an ONNX file that `imbench export` wrote") from None
    except Exception as error:  # whatever the runtime raises about a damaged file
        raise UserError(f"{path}: cannot be read as ONNX ({' '.join(str(error).split())[:200]})") from None
    return Exported(about, session)
