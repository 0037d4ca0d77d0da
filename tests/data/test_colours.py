"""A profile inside a picture counts in people's own images, as it does in their viewers."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.data.cache import open_cache, prepare
from bench.data.colours import TURNED
from bench.data.decoding import SAID, decoded
from bench.dataset import Dataset, Pinned, Split, rare

# Primaries of Adobe RGB (1998) as seen under D50, and its gamma: the specification of May 2005, section 4.3.
ADOBE = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
GAMMA = 563 / 256
SRGB = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
)  # as ICC has it
D50 = struct.pack(">3i", 63190, 65536, 54061)
MUDDY = (150, 120, 90)


def fixed(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def profile(space: bytes, name: str = "wide", gamma: float = GAMMA) -> bytes:
    """Return an ICC profile of version 2: three primaries, or grey, and a gamma."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    spelled = name.encode() + b"\0"
    desc = b"desc" + bytes(4) + struct.pack(">I", len(spelled)) + spelled + bytes(78)
    tags = {
        b"desc": desc,
        b"cprt": b"text" + bytes(4) + b"none\0",
        b"wtpt": b"XYZ " + bytes(4) + fixed(0.9642, 1, 0.8249),
    }
    if space == b"GRAY":
        tags[b"kTRC"] = curve
    else:
        for k, letter in enumerate((b"r", b"g", b"b")):
            tags |= {letter + b"XYZ": b"XYZ " + bytes(4) + fixed(*ADOBE[:, k]), letter + b"TRC": curve}
    table, data = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        table += tag + struct.pack(">II", start + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    head = bytes(4) + bytes(4) + struct.pack(">I", 0x02400000) + b"mntr" + space + b"XYZ " + bytes(12) + b"acsp"
    head += bytes(28) + D50 + bytes(48)
    whole = head + table + data
    return struct.pack(">I", len(whole)) + whole[4:]


def shown(values: tuple[int, ...], matrix: np.ndarray = ADOBE, gamma: float = GAMMA) -> np.ndarray:
    """Return what values of a profile are in sRGB (IEC 61966-2-1), by hand."""
    linear = np.linalg.inv(SRGB) @ matrix @ (np.array(values) / 255) ** gamma
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear.clip(0) ** (1 / 2.4) - 0.055)
    return np.asarray(curved.clip(0, 1) * 255)


def first_pixel(path: Path) -> np.ndarray:
    return np.asarray(decoded(path), float)[0, 0]


@pytest.mark.parametrize("ending", ["png", "jpg", "tif", "webp"])
def test_a_wide_gamut_is_shown_as_viewers_show_it(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    kind = {"quality": 100} if ending == "jpg" else {"lossless": True} if ending == "webp" else {}
    Image.new("RGB", (8, 8), MUDDY).save(path, icc_profile=profile(b"RGB "), **kind)
    assert np.abs(first_pixel(path) - shown(MUDDY)).max() <= 2
    assert np.abs(shown(MUDDY) - MUDDY).max() > 5
    assert decoded(path).info[SAID] == (TURNED,)
    assert first_pixel(path).tolist() != np.asarray(decoded(path, colours="stored"), float)[0, 0].tolist()


def test_pictures_of_other_kinds_have_profiles_too(tmp_path: Path) -> None:
    grey, clear, palette = tmp_path / "grey.png", tmp_path / "clear.png", tmp_path / "palette.png"
    Image.new("L", (8, 8), 64).save(grey, icc_profile=profile(b"GRAY", gamma=1.0))
    assert np.abs(first_pixel(grey) - shown((64, 64, 64), SRGB, 1.0)).max() <= 1
    half = Image.new("RGBA", (8, 8), (*MUDDY, 255))
    half.putpixel((7, 7), (0, 0, 0, 0))
    half.save(clear, icc_profile=profile(b"RGB "))
    assert np.abs(first_pixel(clear) - shown(MUDDY)).max() <= 2
    assert np.asarray(decoded(clear))[7, 7].tolist() == [255, 255, 255]
    Image.new("RGB", (8, 8), MUDDY).quantize(4).save(palette, icc_profile=profile(b"RGB "))
    assert np.abs(first_pixel(palette) - shown(MUDDY)).max() <= 2


@pytest.mark.parametrize(
    "icc", [b"", b"not a profile", profile(b"RGB ")[:300], profile(b"GRAY"), profile(b"RGB ", "sRGB IEC61966-2.1")]
)
def test_a_profile_that_says_nothing_changes_nothing(tmp_path: Path, icc: bytes) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (8, 8), MUDDY).save(path, icc_profile=icc)
    assert first_pixel(path).tolist() == list(MUDDY)
    assert decoded(path).info[SAID] == ()


class Shipped(Dataset):
    """Two pictures in a folder."""

    name = "two"
    classes = ("a", "b")
    imbalances = (rare(1),)

    def pin(self) -> Pinned:
        empty = dict.fromkeys(self.classes, ())
        names = {"a": ("a.png",), "b": ("b.png",)}
        return Pinned("two-1", Split(self.classes, {"train": names, "val": empty, "test": empty, "spare": empty}))


class Own(Shipped):
    """The same, as somebody's own."""

    of_users = True


def test_people_s_own_images_are_read_as_shown_and_shipped_ones_as_stored(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        Image.new("RGB", (8, 8), MUDDY).save(tmp_path / name, icc_profile=profile(b"RGB "))
    pixels = [
        open_cache(prepare(it, it.split(), "train", 8, tmp_path)).numpy() for it in (Shipped(tmp_path), Own(tmp_path))
    ]
    assert pixels[0][0, :, 0, 0].tolist() == list(MUDDY)
    assert np.abs(pixels[1][0, :, 0, 0] - shown(MUDDY)).max() <= 2
