"""Pictures are decoded as an image viewer shows them, or one line says why not."""

from __future__ import annotations

import struct
import subprocess
import sys
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from bench.data import decoding
from bench.data.decoding import BACKGROUND, BORDER, SAID, SUFFIXES, decoded, fitted
from bench.data.depth import LOST
from bench.errors import DataError

RAMP = np.linspace(0, 255, 24 * 16).reshape(16, 24).astype(np.uint8)
COLOURS = np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1]], 2)


def saved(folder: Path, name: str, image: Image.Image, **options: object) -> Path:
    image.save(folder / name, **options)
    return folder / name


def pixels(path: Path) -> np.ndarray:
    return np.asarray(decoded(path), int)


@pytest.mark.parametrize("name", ["a.png", "a.PNG", "a.tif", "a.TIFF", "a.webp", "a.bmp", "a.ppm", "a.tga", "a.jp2"])
def test_lossless_formats_give_the_very_pixels(name: str, tmp_path: Path) -> None:
    options = {"lossless": True} if name.endswith("webp") else {}
    path = saved(tmp_path, name, Image.fromarray(COLOURS), **options)
    assert np.array_equal(pixels(path), COLOURS) and path.suffix.lower() in SUFFIXES
    assert decoded(path).info[SAID] == ()


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.jfif", "a.gif", "a.avif"])
def test_lossy_formats_give_nearly_the_pixels(name: str, tmp_path: Path) -> None:
    options = {"format": "JPEG"} if name.endswith("jfif") else {}
    path = saved(tmp_path, name, Image.fromarray(COLOURS), **options)
    assert np.abs(pixels(path) - COLOURS).mean() < 25 and path.suffix.lower() in SUFFIXES


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.pgm"])
def test_16_bits_are_scaled_to_8_not_cut(name: str, tmp_path: Path) -> None:
    wide = RAMP.astype(np.uint16) * 257
    path = saved(tmp_path, name, Image.fromarray(wide))
    assert np.array_equal(pixels(path), np.stack([RAMP] * 3, 2))
    assert decoded(path).info[SAID] == ("16 bits a pixel are scaled to 8",)


def test_12_bits_in_a_tiff_are_scaled_by_their_own_depth(tmp_path: Path) -> None:
    values = np.linspace(0, 4095, 4).astype(int)
    bits = "".join(f"{v:012b}" for v in values)
    data = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
    entries = [(256, 4), (257, 1), (258, 12), (259, 1), (262, 1), (273, 8 + 2 + 12 * 9 + 4), (277, 1), (278, 1)]
    entries.append((279, len(data)))
    tiff = b"II*\0" + struct.pack("<IH", 8, len(entries))
    tiff += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries) + struct.pack("<I", 0) + data
    (tmp_path / "a.tif").write_bytes(tiff)
    assert pixels(tmp_path / "a.tif")[0, :, 0].tolist() == [0, 85, 170, 255]


@pytest.mark.parametrize(
    ("low", "high", "dull"), [(0, 4095, True), (0, 255, True), (30_000, 32_000, True), (0, 65_535, False)]
)
def test_16_bits_that_keep_little_of_their_contrast_are_told(low: int, high: int, dull: bool, tmp_path: Path) -> None:
    path = saved(tmp_path, "a.png", Image.fromarray(np.linspace(low, high, 384).reshape(16, 24).astype(np.uint16)))
    assert any(LOST in text for text in decoded(path).info[SAID]) == dull


def test_dull_pictures_of_16_bits_that_lose_nothing_are_not_told(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.png", Image.fromarray((RAMP // 8).astype(np.uint16) * 257))
    assert decoded(path).info[SAID] == ("16 bits a pixel are scaled to 8",)


def test_zero_is_white_where_a_tiff_says_so(tmp_path: Path) -> None:
    for name, depth in (("a.tif", np.uint8), ("b.tif", np.uint16)):
        path = saved(tmp_path, name, Image.fromarray(RAMP.astype(depth) * (257 if depth == np.uint16 else 1)))
        one_is_white, zero_is_white = (struct.pack("<HHIHH", 262, 3, 1, how, 0) for how in (1, 0))
        assert path.read_bytes().count(one_is_white) == 1
        path.write_bytes(path.read_bytes().replace(one_is_white, zero_is_white))
        assert np.array_equal(pixels(path)[..., 0], 255 - RAMP)


def test_a_transparent_value_of_16_bits_is_put_on_white(tmp_path: Path) -> None:
    wide = RAMP.astype(np.uint16) * 257
    path = saved(tmp_path, "a.png", Image.fromarray(wide), transparency=0)
    assert np.array_equal(pixels(path)[..., 0], np.where(RAMP == 0, 255, RAMP))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_grey_tiffs_are_turned_upright(depth: type, orientation: int, tmp_path: Path) -> None:
    grey = RAMP.astype(depth) * (257 if depth == np.uint16 else 1)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path, "a.tif", Image.fromarray(grey), tiffinfo={0x0112: orientation})
    upright = pixels(saved(tmp_path, "a.png", Image.fromarray(RAMP), exif=exif))
    assert np.array_equal(pixels(path), upright)


def test_floating_point_pictures_of_no_stated_range_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.tif", Image.fromarray(RAMP.astype(np.float32)))
    with pytest.raises(DataError, match=r"a\.tif.*32-bit values of no stated range"):
        decoded(path)


def test_half_transparent_pictures_are_put_on_white(tmp_path: Path) -> None:
    alpha = np.where(RAMP < 128, 0, 255).astype(np.uint8)
    path = saved(tmp_path, "a.png", Image.fromarray(np.dstack([COLOURS, alpha])))
    shown = pixels(path)
    assert (shown[alpha == 0] == BACKGROUND).all() and np.array_equal(shown[alpha > 0], COLOURS[alpha > 0])
    assert decoded(path).info[SAID] == ("transparent pixels are put on white",)


def test_palettes_keep_their_colours_and_their_transparency(tmp_path: Path) -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([200, 10, 30, 0, 0, 90])
    picture.putdata([0, 1])
    assert pixels(saved(tmp_path, "a.png", picture)).tolist() == [[[200, 10, 30], [0, 0, 90]]]
    path = saved(tmp_path, "b.png", picture, transparency=1)
    assert pixels(path).tolist() == [[[200, 10, 30], [255, 255, 255]]]


def test_cmyk_is_shown_in_its_colours(tmp_path: Path) -> None:
    ink = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    for name in ("a.jpg", "a.tif"):
        assert np.abs(pixels(saved(tmp_path, name, ink)).mean((0, 1)) - (255, 0, 0)).max() < 12


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
def test_pictures_are_turned_upright_once(name: str, orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95} if name.endswith("jpg") else {"lossless": True} if name.endswith("webp") else {}
    path = saved(tmp_path, name, Image.fromarray(COLOURS), exif=exif, **options)
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"), int)
    assert np.array_equal(pixels(path), expected)
    assert expected.shape == ((24, 16, 3) if orientation > 4 else (16, 24, 3))


@pytest.mark.parametrize("cut", range(6, 60, 5))
def test_damaged_exif_turns_nothing_and_the_picture_is_read(cut: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E], exif[0x829A] = 1, "a camera", (1, 50)
    block = exif.tobytes()[:cut] + b"\xff" * 9
    path = saved(tmp_path, "a.jpg", Image.fromarray(COLOURS), exif=block)
    assert pixels(path).shape == (16, 24, 3)


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "a.tif"])
def test_of_several_frames_the_first_is_used_and_it_is_said(name: str, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ((250, 0, 0), (0, 250, 0))]
    options = {"lossless": True} if name.endswith("webp") else {}
    path = saved(tmp_path, name, frames[0], save_all=True, append_images=frames[1:], **options)
    assert np.abs(pixels(path).mean((0, 1)) - (250, 0, 0)).max() < 3
    assert decoded(path).info[SAID] == ("only the first of its frames is used",)


def test_a_small_file_that_claims_to_be_huge_is_refused_by_name_and_our_limit_alone_speaks(tmp_path: Path) -> None:
    for side in (9_000, 13_300, 30_000):  # Pillow has a remark on the second, an error for the third
        (tmp_path / f"{side}.ppm").write_bytes(b"P6 %d %d 255\n" % (side, side))
    code = """
from bench.data.decoding import Path, decoded
for path in Path().iterdir():
    try:
        decoded(path)
    except Exception as error:
        print(error)
"""
    said = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert said.stderr == "" and "9000.ppm: 9000 x 9000 pixels; at most 80,000,000" in said.stdout
    assert said.stdout.count(".ppm: ") == said.stdout.count("pixels; at most 80,000,000 are decoded\n") == 3


def test_nothing_that_starts_ghostscript_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subprocess.Popen", lambda *a, **k: pytest.fail("a program was started"))
    for name in ("a.eps", "b.png"):
        Image.fromarray(COLOURS).save(tmp_path / name, format="EPS")
        with pytest.raises(DataError, match=name):
            decoded(tmp_path / name)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    kind=st.sampled_from(["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"]),
    seed=st.integers(0, 2**32),
    flips=st.integers(1, 30),
)
def test_damage_of_any_kind_is_a_picture_or_one_line_with_the_name(
    kind: str, seed: int, flips: int, tmp_path: Path
) -> None:
    rng = np.random.default_rng(seed)
    buffer = BytesIO()
    Image.fromarray(COLOURS).save(buffer, kind)
    data = bytearray(buffer.getvalue())
    for _ in range(flips):
        data[rng.integers(len(data))] = rng.integers(256)
    path = tmp_path / "odd.bin"
    path.write_bytes(data)
    said = ""
    with suppress(DataError):
        try:
            assert decoded(path).mode == "RGB"
        except DataError as error:
            said = str(error)
            raise
    assert said == "" or said.startswith(str(path))
    assert said.isprintable() and len(said) < len(str(path)) + 260


def test_whatever_a_decoder_raises_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, "a.png", Image.fromarray(COLOURS))
    for error in (struct.error("unpack"), KeyError("x"), MemoryError(), RuntimeError("a\x1b[31m\nb"), IndexError()):

        def broken(image: object, raised: Exception = error) -> None:
            raise raised

        monkeypatch.setattr(decoding, "_upright", broken)
        with pytest.raises(DataError, match=r"a\.png: cannot be read as an image") as caught:
            decoded(path)
        assert str(caught.value).isprintable()


def test_a_picture_that_is_not_square_is_squashed_padded_or_cut() -> None:
    wide = Image.fromarray(np.full((20, 40, 3), 200, np.uint8))
    assert (np.asarray(fitted(wide, "squash", 8)) == 200).all()
    assert (np.asarray(fitted(wide, "crop", 8)) == 200).all()
    padded = np.asarray(fitted(wide, "pad", 8))
    assert padded.shape == (8, 8, 3) and (padded[2:6] == 200).all() and (padded[[0, 1, 6, 7]] == BORDER).all()
    middle = np.zeros((20, 40, 3), np.uint8)
    middle[:, 10:30] = 90
    assert (np.asarray(fitted(Image.fromarray(middle), "crop", 8)) == 90).all()
    assert np.asarray(fitted(Image.fromarray(middle), "squash", 8)).std() > 30
