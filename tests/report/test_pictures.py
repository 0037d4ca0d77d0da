"""Every picture: legible, described in words, the same bytes every time, and of no effect on anything else."""

from __future__ import annotations

import io
import itertools
import os
import signal
import struct
import subprocess
import sys
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
import pytest
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from PIL import Image
from small_pictures import COLORS, FOURTEEN, examples

from bench.errors import UserError
from bench.report.pictures import heatmaps
from bench.report.pictures.draw import FEW, draw
from bench.report.pictures.panels import arranged, columns_for, shown
from bench.report.pictures.picture import Picture

ROOT = Path(__file__).resolve().parents[2]
NAMES = tuple(examples())
OF_IMAGES = {"heatmaps", "translations"}


class Drawn(NamedTuple):
    """A picture and where each text in it stands, in pixels."""

    picture: Picture
    texts: list[tuple[str, Bbox]]


@cache
def drawn(name: str) -> Drawn:
    boxes: dict[Text, Bbox] = {}  # a layout draws twice: the last time counts
    draw = Text.draw

    def noted(text: Text, renderer: RendererBase) -> None:
        draw(text, renderer)
        if text.get_visible() and text.get_text().strip():
            boxes[text] = Text.get_window_extent(text, renderer).padded(-1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", noted)
        made = examples()[name]()
    return Drawn(made, [(text.get_text(), box) for text, box in boxes.items()])


def picture(name: str) -> Picture:
    return drawn(name).picture


def pixels(picture: Picture) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB"))


def chunks(data: bytes) -> set[bytes]:
    """Return the names of a PNG's chunks."""
    found, place = set(), 8
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        found.add(data[place + 4 : place + 8])
        place += length + 12
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_same_data_give_the_same_bytes_whatever_the_users_settings(name: str) -> None:
    before = examples(("Vanilla", "AUG"))[name]().png
    with matplotlib.rc_context({"font.size": 20, "lines.linewidth": 9, "savefig.dpi": 30, "axes.grid": True}):
        settings = dict(matplotlib.rcParams)
        assert examples(("Vanilla", "AUG"))[name]().png == before
        assert dict(matplotlib.rcParams) == settings
    assert chunks(before) - {b"PLTE"} == {b"IHDR", b"pHYs", b"IDAT", b"IEND"}


@pytest.mark.parametrize("name", NAMES)
def test_it_comes_with_words_for_a_reader_who_cannot_see_it(name: str) -> None:
    alt, caption = picture(name).alt, picture(name).caption
    assert "Toy" in alt and alt.endswith(".") and len(alt) > 60
    assert caption[0].isupper() and caption.endswith(".") and len(caption) > 60
    for words in (alt, caption):
        assert "nan" not in words and "{" not in words and "  " not in words
    if name in {"counts", "tails", "confusion", "training", "calibration", "priors", "pareto", "ranks"}:
        assert [method for method in FOURTEEN if shown(method) not in alt] == []
    assert picture(name).shows_images == (name in OF_IMAGES)
    assert picture(name).name.replace("_", "").isalnum()


@pytest.mark.parametrize("name", NAMES)
def test_fourteen_methods_stay_legible_no_two_texts_overlap(name: str) -> None:
    whole, texts = pixels(picture(name)).shape[1::-1], drawn(name).texts
    assert len(texts) > 4
    assert [words for words, box in texts if min(box.min) < 0 or (box.max > whole).any()] == []
    assert [(a, b) for (a, one), (b, two) in itertools.combinations(texts, 2) if one.overlaps(two)] == []


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (5, 5), (6, 4), (12, 4), (14, 5), (15, 5), (16, 4), (20, 5)])
def test_panels_leave_as_few_empty_places_as_can_be(count: int, columns: int) -> None:
    assert columns_for(count) == columns


def test_the_lowest_panel_of_every_column_has_the_axis_numbers() -> None:
    table = arranged(Figure(), 5, 3)
    told = [[bool(axes.xaxis.get_tick_params()["labelbottom"]) for axes in row] for row in table]
    assert told == [[False, False, True], [True, True, True]]


def test_tiles_stand_in_the_order_of_their_headings() -> None:
    page = pixels(picture("translations"))
    rows = [row for row in page if (row == COLORS[0]).all(axis=1).sum() > 50]
    seen = [tuple(map(int, color)) for color, _ in itertools.groupby(map(tuple, rows[len(rows) // 4]))]
    assert [color for color in seen if color in COLORS] == COLORS


def test_evidence_is_red_on_grey_and_none_is_grey_alone() -> None:
    image = np.full((3, 2, 2), 100, np.uint8)
    image[0] = 200
    mixed = heatmaps.overlay(image, np.array([[0.0, 1.0], [0.5, 0.0]]))
    assert np.ptp(mixed[0, 0]) < 1e-9 and np.array_equal(mixed[0, 0], mixed[1, 1])
    redness = mixed[..., 0] - mixed[..., 1]
    assert redness[0, 1] > redness[1, 0] > redness[0, 0]
    assert mixed.min() >= 0 and mixed.max() <= 1
    flat = heatmaps.overlay(image, np.full((2, 2), 0.7))
    assert np.ptp(flat) < 1e-9


def test_a_wrong_prediction_is_marked() -> None:
    # Its second row calls a sparrow a flycatcher.
    page = pixels(picture("heatmaps")).astype(int)
    orange = (np.abs(page - (0xD5, 0x5E, 0x00)).sum(axis=2) < 12).any(axis=1)
    assert orange.any() and np.flatnonzero(orange).min() > len(page) / 3


def test_nothing_global_is_touched() -> None:
    code = (
        "import importlib, pkgutil, sys, bench.report.pictures as room\n"
        "for module in pkgutil.iter_modules(room.__path__): importlib.import_module(f'{room.__name__}.{module.name}')\n"
        "print('matplotlib.pyplot' in sys.modules, len(sys.modules) > 500)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["False", "True"]


def test_charts_drawn_in_other_processes_are_those_drawn_here_and_in_the_same_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bench.report.ahead.cpu_count", lambda: 2)
    charts = [chart for name, chart in examples(FOURTEEN[:2]).items() if name not in OF_IMAGES]
    assert len(charts) > FEW
    assert list(draw(charts)) == list(draw(charts, here=True))
    assert os.getpid() not in list(draw([os.getpid] * len(charts)))  # type: ignore[list-item,comparison-overlap]


def test_a_process_of_charts_that_is_killed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.report.ahead.cpu_count", lambda: 2)
    deadly = partial(signal.raise_signal, signal.SIGKILL)
    with pytest.raises(UserError, match="a process that drew charts was killed, by the system for want of memory"):
        list(draw([os.getpid] * FEW + [deadly] * FEW))  # type: ignore[list-item]
    assert len(list(draw([os.getpid] * (FEW + 1)))) == FEW + 1, "another report draws"  # type: ignore[list-item]


def test_a_name_may_hold_what_elsewhere_means_a_formula() -> None:
    assert "B$^$_{" in examples(["Vanilla", "B$^$_{"])["counts"]().alt
