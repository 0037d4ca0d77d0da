"""Features of a frozen body: what it says of every image of a part in a few fixed views, made once for all fits."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bench.data.cache import digest_of, is_whole, locked, open_cache, writing
from bench.data.manifest import Progress
from bench.errors import ConfigError
from bench.networks.layers.body import Body
from bench.networks.network import network_of
from bench.networks.pretrained import Pretrained
from bench.protocol import Protocol
from bench.store.regular import MIB, read_regular
from bench.training.device import Device

RULE = 1  # raise it when a view, or anything else about a feature, changes
CROPS = ("centre", "top left", "top right", "bottom left", "bottom right")
# In this order: the first so many of them are the views of a protocol.
VIEWS = ("whole", "whole mirrored", *CROPS, *(f"{crop} mirrored" for crop in CROPS))
BATCH = 8  # images on a CPU at a time: their maps fit its cache, which makes it nearly twice as fast as 32
MOST_BYTES = 64 * MIB  # of a journal: one of a million chunks has so many
CHUNK = 64  # images that are written at a time, and lost at most when a run is killed


@dataclass(frozen=True, eq=False)
class FrozenBody:
    """A protocol's frozen body with all that its features depend on but the images."""

    network: Pretrained
    image_size: int
    threads: int
    device: Device

    @cached_property
    def body(self) -> Body:
        """The body with its weights, in evaluation mode on the device."""
        made = self.device.model(self.network.body().eval().requires_grad_(False))
        assert isinstance(made, Body)
        return made

    @cached_property
    def digest(self) -> str:
        """Digest of the network's settings that its body depends on, and of every weight."""
        state = {name: value.cpu().contiguous().numpy() for name, value in self.body.state_dict().items()}
        content = sha256(json.dumps(self.network.body_identity, sort_keys=True).encode())
        for name, value in sorted(state.items()):
            content.update(f"{name} {value.dtype} {value.shape}".encode())
            content.update(value.tobytes())
        return content.hexdigest()

    def features(self, pixels: Tensor, views: int) -> np.ndarray:
        """Return features, float32 (N, views, D), of uint8 images (N, 3, H, W)."""
        with torch.inference_mode():
            return torch.stack([self._of(view(pixels, name, self.image_size)) for name in VIEWS[:views]], dim=1).numpy()

    def _of(self, pixels: Tensor) -> Tensor:
        batches = pixels.split(CHUNK if self.device.is_cuda else BATCH)
        return torch.cat([self.body(self.device.images(some))[0].float().cpu() for some in batches])


def frozen_body(protocol: Protocol, device: Device) -> FrozenBody:
    """Return the body whose features a protocol's fits see.

    Raises
    ------
    ConfigError
        The protocol's network has no frozen body, or its crops would be whole images.
    """
    network = network_of(protocol.backbone)
    if not isinstance(network, Pretrained) or not network.views:
        raise ConfigError(f"{network.name} has no frozen body")
    if network.views > 2 and protocol.load_size == protocol.image_size:
        raise ConfigError(
            f"{network.name}: views = {network.views} takes crops, so load_size must be larger than image_size = "
            f"{protocol.image_size}"
        )
    return FrozenBody(network, protocol.image_size, protocol.threads, device)


def part_features(
    caches: Mapping[str, Path], frozen: FrozenBody, cache_dir: Path, progress: Progress | None = None
) -> dict[str, Path]:
    """Return the files of features of each part that a fit sees, from its files of decoded images.

    Training images have the views that the network's settings ask for, all others the whole image alone.
    """
    views = {part: frozen.network.views if part == "train" else 1 for part in caches if part != "spare"}
    return {part: prepare_features(caches[part], frozen, n, cache_dir, progress) for part, n in views.items()}


def prepare_features(
    images: Path, frozen: FrozenBody, views: int, cache_dir: Path, progress: Progress | None = None
) -> Path:
    """Return the verified file of a body's features of decoded images, made or finished if it is not whole yet.

    It holds an array, float32 (N, views, D), whose row i is of row i of the images; `bench.data.cache.open_cache` opens
    it. Call it once per run, in the parent.

    Parameters
    ----------
    images
        A file of decoded images; its name holds the digest of its content.

    Raises
    ------
    UserError
        A package, published weights or room on the disk are missing.
    """
    pixels = open_cache(images)
    named = json.dumps([RULE, images.name, frozen.digest, VIEWS[:views], frozen.image_size if views > 2 else None])
    path = cache_dir / f"{images.stem}-features-{sha256(named.encode()).hexdigest()[:16]}.npy"
    shape = (len(pixels), views, frozen.network.widths[0])
    if is_whole(path):
        return path.resolve()  # also where the folder can only be read
    with writing(cache_dir, 4 * int(np.prod(shape))), locked(path):
        if not is_whole(path):
            _finish(path, pixels, frozen, shape, progress)
    return path.resolve()


def view(pixels: Tensor, name: str, size: int) -> Tensor:
    """Return one view of images (N, 3, H, W): as they are, or a crop of a side, perhaps mirrored; see `VIEWS`."""
    place = name.removesuffix(" mirrored")
    if place != "whole":
        height, width = (side - size for side in pixels.shape[-2:])
        top = height // 2 if place == "centre" else height * place.startswith("bottom")
        left = width // 2 if place == "centre" else width * place.endswith("right")
        pixels = pixels[..., top : top + size, left : left + size]
    return pixels.flip(-1) if name.endswith(" mirrored") else pixels


def _finish(
    path: Path, pixels: Tensor, frozen: FrozenBody, shape: tuple[int, int, int], progress: Progress | None
) -> None:
    """Write chunk after chunk, each with its digest, going on behind those that are whole; then rename."""
    partly, journal = path.with_suffix(".partial"), path.with_suffix(".chunks")
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": shape})
    begin, each = header.tell(), 4 * shape[1] * shape[2]
    done = _whole_chunks(partly, journal, begin, each * CHUNK) if partly.exists() else []
    journal.write_text("".join(f"{digest}\n" for digest in done))
    with partly.open("r+b" if done else "wb") as file, journal.open("a") as digests:
        file.write(header.getvalue())
        file.truncate(begin + len(done) * each * CHUNK)
        file.seek(0, os.SEEK_END)
        images = len(done) * CHUNK
        for features in _computed(pixels[images:], frozen, shape[1]):
            file.write(data := features.astype("<f4").tobytes())
            file.flush()
            os.fsync(file.fileno())
            digests.write(f"{sha256(data).hexdigest()}\n")
            digests.flush()
            images += len(features)
            if progress:
                progress(images, shape[0])
    path.with_suffix(".sha256").write_text(f"{digest_of(partly)}  {path.name}\n")
    partly.replace(path)
    journal.unlink()


def _whole_chunks(partly: Path, journal: Path, begin: int, size: int) -> list[str]:
    """Return the digests of the full chunks, from the first on, that are on the disk as they were written."""
    try:
        wanted = read_regular(journal, MOST_BYTES).decode().splitlines()
    except (OSError, ValueError):
        wanted = []  # there is none, or nobody wrote it so
    done: list[str] = []
    with partly.open("rb") as file:
        file.seek(begin)
        for digest in wanted:
            data = file.read(size)
            if len(data) < size or sha256(data).hexdigest() != digest:
                break
            done.append(digest)
    return done


def _computed(pixels: Tensor, frozen: FrozenBody, views: int) -> Iterator[np.ndarray]:
    """Yield the features of chunk after chunk; what is side by side depends on no neighbour."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    hands = 1 if frozen.device.is_cuda else max(1, cores // frozen.threads)
    threads, _ = torch.get_num_threads(), frozen.body
    try:
        with ThreadPoolExecutor(hands, initializer=partial(torch.set_num_threads, frozen.threads)) as pool:
            yield from pool.map(lambda chunk: frozen.features(chunk, views), pixels.split(CHUNK))
    finally:
        torch.set_num_threads(threads)
