"""The image cache: every image of a part decoded and resized once, shared by all workers through the page cache."""

from __future__ import annotations

import errno
import fcntl
import json
import math
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from hashlib import file_digest, sha256
from pathlib import Path
from tokenize import TokenError

import numpy as np
import torch

from bench.data.decoding import colours_of, fitted, picture_of
from bench.data.manifest import Progress
from bench.data.pinned import as_pinned
from bench.dataset import Dataset, Split
from bench.errors import StoreError
from bench.store.leftovers import sweep
from bench.store.lock import open_lock, stand_aside, waiting_for
from bench.store.regular import MIB, is_odd, open_regular, read_regular

RULE = 1  # raise it when the preparation changes a pixel
TIFF_RULE = 2  # the same for a part that holds TIFFs: since 2, turned grey ones and those whose zero is white are right
COLOUR_RULE = 1  # the same where colour profiles count, as they do in people's own images
WRITTEN = (".npy", ".sha256", ".part", ".partial", ".chunks")  # by who builds images, or features of them
DAMAGED_HEADER = (SyntaxError, TokenError)  # numpy's, beside ValueError
_CHUNK = 64  # images decoded ahead of the writer


def prepare(
    dataset: Dataset, split: Split, part: str, size: int, cache_dir: Path, progress: Progress | None = None
) -> Path:
    """Return the verified cache file of one part, built if it is not there yet; call it once per run, in the parent.

    Parameters
    ----------
    part
        `train`, `val`, `test` or `spare`; row i of the cache is `split.names(part)[i]`.
    size
        Side in pixels of the square that images become, as the dataset's `shape` says.
    progress
        Called with images done and images in all while building.

    Raises
    ------
    DataError
        An image is missing, damaged, or not the one that the edition's manifest names.
    StoreError
        The cache cannot be written; no half file is left.
    """
    names = split.names(part)
    found = as_pinned(dataset, names, cache_dir)
    made_of: list[object] = [
        RULE,
        size,
        [found[name] for name in names],
        *([] if dataset.shape == "squash" else [dataset.shape]),
    ]
    made_of += [f"TIFF {TIFF_RULE}"] if any(name.lower().endswith((".tif", ".tiff")) for name in names) else []
    made_of += [f"colours {COLOUR_RULE}"] if colours_of(dataset) == "shown" else []
    key = sha256(json.dumps(made_of).encode()).hexdigest()[:16]
    path = cache_dir / f"{dataset.name}-{part}-{size}-{key}.npy"
    if is_whole(path):
        return path  # also where the folder can only be read
    with writing(cache_dir, len(names) * 3 * size * size), locked(path):
        _remove_leftovers(cache_dir)
        if not is_whole(path):
            _build(path, dataset, {name: found[name] for name in names}, size, progress)
    return path


def open_cache(path: Path) -> torch.Tensor:
    """Return the images of a cache file, uint8 (N, 3, size, size), mapped into memory.

    The mapping is private: pages are shared until somebody writes to one, and no write reaches the file.

    Raises
    ------
    StoreError
        The file is missing or not whole (its length is checked, its content is not).
    """
    try:
        pixels = np.load(path, mmap_mode="c", allow_pickle=False)
    except FileNotFoundError as error:
        raise StoreError(f"{path}: no such image cache; run the same command again, it will be built") from error
    except (OSError, ValueError, EOFError, *DAMAGED_HEADER) as error:
        raise StoreError(f"{path}: not a whole image cache ({error}); delete it, it will be built again") from error
    return torch.from_numpy(pixels)


def _build(path: Path, dataset: Dataset, names: Mapping[str, str], size: int, progress: Progress | None) -> None:
    """Write the pixels to a temporary file, then the digest beside it, then rename: where the file is, it is whole."""
    partial = path.with_suffix(".part")
    try:
        with partial.open("wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": (len(names), 3, size, size)}
            np.lib.format.write_array_header_1_0(file, header)
            for done, pixels in enumerate(_decoded(dataset, names, size), 1):
                file.write(pixels.tobytes())
                if progress:
                    progress(done, len(names))
            file.flush()
            os.fsync(file.fileno())
        path.with_suffix(".sha256").write_text(f"{digest_of(partial)}  {path.name}\n", encoding="utf8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _decoded(dataset: Dataset, names: Mapping[str, str], size: int) -> Iterator[np.ndarray]:
    """Yield each image, given by its name with its digest, as uint8 (3, size, size).

    Pillow's integer arithmetic gives the same on every machine.
    """

    def decode(name: str) -> np.ndarray:
        return np.asarray(fitted(picture_of(dataset, name, names[name]), dataset.shape, size)).transpose(2, 0, 1)

    every = list(names)
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for start in range(0, len(names), _CHUNK):
            yield from pool.map(decode, every[start : start + _CHUNK])


def is_whole(path: Path) -> bool:
    """Return whether the file has the size that its header tells, and the digest that was stored when it was built."""
    try:
        wanted = read_regular(path.with_suffix(".sha256"), MIB).split()[0].decode()
        return _has_its_size(path) and wanted == digest_of(path)
    except (OSError, IndexError, ValueError, *DAMAGED_HEADER):
        return False


def _has_its_size(path: Path) -> bool:
    # What has grown to terabytes would be hashed for hours.
    with open_regular(path) as file:
        np.lib.format.read_magic(file)
        shape, _, kind = np.lib.format.read_array_header_1_0(file)
        return os.fstat(file.fileno()).st_size == file.tell() + math.prod(shape) * kind.itemsize


def digest_of(path: Path) -> str:
    with open_regular(path) as file:
        return file_digest(file, "sha256").hexdigest()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of one cache file, so that of two builders one waits and then finds the work done.

    What is no file, and stands where they write one, is renamed: a pipe would be waited for, a link written through.
    """
    with waiting_for(path.with_suffix(".lock")):
        for suffix in WRITTEN:
            stand_aside(path.with_suffix(suffix))
        yield


def _remove_leftovers(cache_dir: Path) -> None:
    """Delete what killed builds left: temporary files whose lock nobody holds."""
    sweep(cache_dir)
    for partial in cache_dir.glob("*.part"):
        descriptor = open_lock(partial.with_suffix(".lock"))
        try:
            with suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not is_odd(partial):
                    partial.unlink(missing_ok=True)
        finally:
            os.close(descriptor)


@contextmanager
def writing(cache_dir: Path, size: int) -> Iterator[None]:
    """Turn the system's errors about the cache folder into one clear line."""
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = f"disk full, {size / 1e6:.0f} MB are needed" if full else error.strerror or error
        raise StoreError(f"{cache_dir}: cannot write the image cache ({reason}); see [paths] cache") from error
    except MemoryError as error:  # several pictures are decoded at a time
        raise StoreError(f"{cache_dir}: not enough memory to decode the pictures; make large ones smaller") from error
