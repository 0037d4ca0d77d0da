"""Artifacts on disk: tensors as safetensors, each file named after its content, and a checkpoint of what is not done.

root/stages/<id>/<name>-<digest>.safetensors   an artifact of the record <id>
root/stages/<id>/checkpoint.<code>.safetensors  the state of a training that goes on, or was killed
"""

from __future__ import annotations

import os
import time
from hashlib import file_digest, sha256
from pathlib import Path

import torch

from bench.errors import StoreError
from bench.stage import Tensors
from bench.store.atomic import write_atomically
from bench.store.regular import MIB, open_regular

CHECKPOINT_SECONDS = 120.0
MOST_BYTES = 65536 * MIB  # of an artifact: a million images of 128 x 128 have 49 GB
MOST_OF_STATE = 16384 * MIB  # of what a training goes on from, which has to fit into memory three times
DIGEST = "sha256"  # of tensors and of whose they are, kept inside the file
ARTIFACT, CLASSIFIER = "artifact", "classifier"


class Weights:
    """The artifacts below one results folder. `set_aside` lists the files that this object found damaged.

    `went_on` says whether a training went on from what an earlier sitting had kept.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.set_aside: list[Path] = []
        self.went_on = False

    def save(self, id: str, tensors: Tensors, name: str = ARTIFACT) -> Path:
        """Write an artifact; it replaces one of the same record and name.

        Raises
        ------
        StoreError
            The folder cannot be written, or the disk is full.
        """
        from safetensors.torch import save

        kept = {key: value.contiguous() for key, value in tensors.items()}
        data = save(kept, {DIGEST: digest_of(f"{id}/{name}", kept)})
        path = self._folder(id) / f"{name}-{sha256(data).hexdigest()[:16]}.safetensors"
        before = [found for found in self._files(id, name) if found != path]
        write_atomically(path, data)
        for old in before:
            self._forget(old)
        return path

    def find(self, id: str, name: str = ARTIFACT) -> Path | None:
        """Return the file of an artifact if it is there and whole; one that is not is moved aside."""
        for path in self._files(id, name):
            # In this order: what is hashed is read block by block, tensors are in memory.
            if self._is_whole(path) and self._belongs(path, f"{id}/{name}"):
                return path
            self._move_aside(path)
        return None

    def load(self, id: str, name: str = ARTIFACT) -> dict[str, torch.Tensor]:
        """Return an artifact's tensors, mapped into memory.

        Raises
        ------
        StoreError
            It is missing or damaged.
        """
        path = self.find(id, name)
        if path is None:
            raise StoreError(f"{self._folder(id)}: {name} is missing or damaged; run the same command again")
        from safetensors.torch import load_file

        return load_file(path)

    def checkpoint(self, id: str, code: str) -> FileCheckpoint:
        """Return where the making of an artifact keeps its state; that of other code, by its digest, is forgotten."""
        own = self._folder(id) / f"checkpoint.{code[:16]}.safetensors"
        for other in self._folder(id).glob("checkpoint*.safetensors"):
            if other != own:
                self._forget(other)
        return FileCheckpoint(own, self)

    def _folder(self, id: str) -> Path:
        return self.root / "stages" / id

    def _files(self, id: str, name: str) -> list[Path]:
        found = self._folder(id).glob("*-*.safetensors")
        return sorted(path for path in found if path.stem.rpartition("-")[0] == name)

    def _is_whole(self, path: Path) -> bool:
        try:
            with open_regular(path, MOST_BYTES) as file:
                return file_digest(file, "sha256").hexdigest()[:16] == path.stem.rpartition("-")[2]
        except OSError:
            return False

    def _belongs(self, path: Path, whose: str) -> bool:
        """Return whether an artifact was written for this record: another of its shapes would be taken unseen."""
        return read_state(path, whose, MOST_BYTES) is not None

    def _forget(self, path: Path) -> None:
        """Delete a file; whatever else has its name is moved aside."""
        try:
            path.unlink(missing_ok=True)
        except OSError:  # a folder
            self._move_aside(path)

    def _move_aside(self, path: Path) -> None:
        place, number = self.root / "aside" / f"{path.parent.name}-{path.name}", 1
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            while os.path.lexists(place):  # a folder could not take its place, and a file is not to
                number += 1
                place = place.with_name(f"{path.parent.name}-{path.name}.{number}")
            path.rename(place)
        except OSError:
            return  # gone by now, or not ours to move: it does not count either way
        self.set_aside.append(path)


class FileCheckpoint:
    """A training's state in one file that is replaced every few minutes."""

    def __init__(self, path: Path, weights: Weights) -> None:
        self.path, self._weights = path, weights
        self._saved = time.monotonic()
        self.loaded = False  # whether a training goes on from what was kept

    def load(self) -> dict[str, torch.Tensor] | None:
        """Return the state kept last; None where there is none.

        What is not as it was written, or was written by another training, is moved aside: None, too.
        """
        if not os.path.lexists(self.path):
            return None
        found = read_state(self.path, self._whose, MOST_OF_STATE)
        if found is None:
            self.set_aside()
            return None
        self.loaded = self._weights.went_on = True
        return found

    def set_aside(self) -> None:
        """Move the state out of the way, under its own name: a training did not start from it, or not well."""
        self.loaded = self._weights.went_on = False
        self._weights._move_aside(self.path)

    @property
    def due(self) -> bool:
        """Whether two minutes have passed since the state was kept."""
        return time.monotonic() - self._saved > CHECKPOINT_SECONDS

    def save(self, state: Tensors) -> None:
        """Keep a state instead of the one before."""
        from safetensors.torch import save

        kept = {name: value.contiguous() for name, value in state.items()}
        write_atomically(self.path, save(kept, {DIGEST: digest_of(self._whose, kept)}))
        self._saved = time.monotonic()

    def remove(self) -> None:
        """Forget the state: the artifact is done."""
        self.path.unlink(missing_ok=True)

    @property
    def _whose(self) -> str:
        # Trainings of one shape would go on from each other's state, and nothing would look wrong.
        return f"{self.path.parent.name}/{self.path.name}"


def digest_of(whose: str, tensors: Tensors) -> str:
    """Return the SHA-256 in hex of tensors, and of whose they are."""
    from safetensors.torch import save

    content = sha256(f"{whose}\n".encode())
    content.update(save(dict(tensors)))
    return content.hexdigest()


def read_state(path: Path, whose: str, most: int) -> dict[str, torch.Tensor] | None:
    """Return the tensors of a file of at most so many bytes; None where it holds none, or no digest of theirs."""
    from safetensors import SafetensorError, safe_open

    try:
        open_regular(path, most).close()
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
            held = (file.metadata() or {}).get(DIGEST)
        return tensors if held == digest_of(whose, tensors) else None
    except (SafetensorError, OSError, ValueError, RuntimeError, MemoryError):  # which torch and the machine raise
        return None
