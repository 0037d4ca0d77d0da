"""Pictures that Pillow alone would misread are read right, or refused with how to save them; and pipes are none."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from bench.data.decoding import decoded
from bench.errors import DataError

RAMP = np.linspace(0, 255, 24 * 16).reshape(16, 24).astype(np.uint8)
COLOURS = np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1]], 2)


def pixels(path: Path) -> np.ndarray:
    return np.asarray(decoded(path), int)


def tiff(planes: np.ndarray, bits: int, **tags: int) -> bytes:
    """Return an uncompressed TIFF of planes (B, H, W) that lie one after the other."""
    bands, height, width = planes.shape
    data = planes.tobytes()
    size = len(data) // bands
    start = 8 + 2 + 12 * (9 + len(tags)) + 4
    shorts, begins, counts = start, start + 2 * bands, start + 2 * bands + 4 * bands
    pixels = counts + 4 * bands
    entries = {
        256: (4, 1, width),
        257: (4, 1, height),
        258: (3, bands, shorts if bands > 2 else bits),
        259: (3, 1, 1),
        262: (3, 1, 2 if bands == 3 else 1),
        273: (4, bands, begins if bands > 1 else pixels),
        277: (3, 1, bands),
        278: (4, 1, height),
        279: (4, bands, counts if bands > 1 else size),
    } | {int(tag[1:]): (3, 1, value) for tag, value in tags.items()}
    head = struct.pack("<2sHIH", b"II", 42, 8, len(entries))
    for tag, (kind, count, value) in sorted(entries.items()):
        head += struct.pack("<HHI", tag, kind, count) + (struct.pack("<I", value))
    head += struct.pack("<I", 0) + struct.pack(f"<{bands}H", *[bits] * bands)
    head += struct.pack(f"<{bands}I", *(pixels + size * band for band in range(bands)))
    head += struct.pack(f"<{bands}I", *[size] * bands)
    return head + data


def test_what_pillow_would_misread_is_refused(tmp_path: Path) -> None:
    wide = (COLOURS.astype("<u2") * 257).transpose(2, 0, 1)
    (tmp_path / "planes.tif").write_bytes(tiff(wide, 16, t284=2))
    with pytest.raises(DataError, match="16-bit values in separate planes"):
        decoded(tmp_path / "planes.tif")
    (tmp_path / "narrow.tif").write_bytes(tiff(COLOURS.transpose(2, 0, 1), 8, t284=2))
    assert np.array_equal(pixels(tmp_path / "narrow.tif"), COLOURS)
    (tmp_path / "signed.tif").write_bytes(tiff((RAMP.astype(int) - 128).astype(np.int8)[None], 8, t339=2))
    with pytest.raises(DataError, match="signed values"):
        decoded(tmp_path / "signed.tif")


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_the_hidden_grey_of_a_png_is_white_whatever_its_bits(bits: int, tmp_path: Path) -> None:
    levels = np.arange(8 * 8).reshape(8, 8) % 2**bits
    hidden = min(1, 2**bits - 1)
    whole = "".join(format(level, f"0{bits}b") for level in levels.ravel())
    rows = np.packbits([int(bit) for bit in whole]).reshape(8, bits)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 8, 8, bits, 0, 0, 0, 0)),
        (b"tRNS", struct.pack(">H", hidden)),
        (b"IDAT", data),
        (b"IEND", b""),
    ]
    text = b"".join(
        struct.pack(">I", len(it)) + kind + it + struct.pack(">I", zlib.crc32(kind + it)) for kind, it in chunks
    )
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + text)
    expected = np.where(levels == hidden, 255, levels * 255 // (2**bits - 1))
    assert np.array_equal(pixels(tmp_path / "a.png")[..., 0], expected)


def test_a_pipe_is_no_picture_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(DataError, match="a pipe"):
        decoded(tmp_path / "a.png")
