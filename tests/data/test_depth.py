"""Colours of more than 8 bits a value: what is scaled is said, and what that leaves dull is pointed at."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from bench.data.decoding import SAID, decoded
from bench.data.depth import LOST

RAMP = np.linspace(0, 255, 24 * 16).reshape(16, 24).astype(np.uint8)
COLOURS = np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1]], 2)


def wide_colours(values: np.ndarray) -> bytes:
    """Return 16-bit values (H, W, 3) as a PNG, which Pillow does not write."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width, _ = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    head = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("step", "dull"), [(257, False), (16, True)])
def test_16_bits_of_colour_are_scaled_and_dark_ones_pointed_at(step: int, dull: bool, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(wide_colours(COLOURS.astype(np.uint16) * step))
    said = decoded(tmp_path / "a.png").info[SAID]
    assert said[0] == "16 bits a value are scaled to 8" and any(LOST in it for it in said) == dull
