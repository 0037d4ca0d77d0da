"""Small drawings as SVG: bars by class and curves, in the colours of the page around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 360, 170, 34, 26, 22
SHADES = (0.35, 0.9, 0.6)


def bars(said: str, labels: Sequence[str], series: Mapping[str, Sequence[float]], log: bool = False) -> str:
    """Return groups of bars, one a label; each series has a shade of its own."""
    from math import log10

    def size(value: float) -> float:
        return log10(value + 1) if log else value

    most = max((size(value) for values in series.values() for value in values), default=1) or 1
    step = (WIDTH - LEFT) / max(len(labels), 1)
    wide = min(28.0, step * 0.8 / len(series))
    marks = []
    for k, label in enumerate(labels):
        middle = LEFT + step * (k + 0.5)
        for j, values in enumerate(series.values()):
            tall = (HEIGHT - BOTTOM - TOP) * size(values[k]) / most
            x = middle + (j - len(series) / 2) * wide
            marks.append(_bar(x, HEIGHT - BOTTOM - tall, wide - 1, tall, j))
            marks.append(_text(x + wide / 2, HEIGHT - BOTTOM - tall - 3, _printed(values[k]), "middle", 8))
        if len(labels) <= 12:
            room = int(step / 5)
            marks.append(
                _text(middle, HEIGHT - 12, label if len(label) <= room else label[: room - 1] + "\u2026", "middle", 9)
            )
    return _drawing(said, [*marks, *_legend(series)])


def curves(said: str, x: Sequence[float], series: Mapping[str, Sequence[float]], across: str) -> str:
    """Return lines over common values of x."""
    most = max(value for values in series.values() for value in values) or 1
    marks = [_text(WIDTH / 2, HEIGHT - 4, across, "middle", 9)]
    for tick in (x[0], 0, x[-1]):
        marks.append(_text(_across(tick, x), HEIGHT - 14, f"{tick:g}", "middle", 9))
    for j, values in enumerate(series.values()):
        points = " ".join(
            f"{_across(a, x):.1f},{HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * max(b, 0) / most:.1f}"
            for a, b in zip(x, values, strict=True)
        )
        shade = SHADES[j % len(SHADES)]
        marks.append(
            f'<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="2" stroke-opacity="{shade}"/>'
        )
    marks.append(_text(2, TOP + 4, f"{most:.2g}", "start", 9))
    return _drawing(said, [*marks, *_legend(series)])


def flow(said: str, steps: Sequence[str]) -> str:
    """Return steps one above the other, each leading to the next."""
    tall = (HEIGHT - 10) / len(steps)
    marks = []
    for k, step in enumerate(steps):
        y = 6 + k * tall
        marks.append(
            f'<rect x="4" y="{y:.1f}" width="{WIDTH - 8}" height="{tall - 14:.1f}" rx="4" fill="none" '
            'stroke="currentColor" stroke-opacity="0.6"/>'
        )
        marks.append(_text(WIDTH / 2, y + (tall - 14) / 2 + 4, step, "middle", 11))
        if k + 1 < len(steps):
            marks.append(_text(WIDTH / 2, y + tall - 3, "\u2193", "middle", 11))
    return _drawing(said, marks)


def _printed(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _across(value: float, x: Sequence[float]) -> float:
    return LEFT + (WIDTH - LEFT - 8) * (value - x[0]) / (x[-1] - x[0])


def _bar(x: float, y: float, width: float, height: float, j: int) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="currentColor" '
        f'fill-opacity="{SHADES[j % len(SHADES)]}"/>'
    )


def _text(x: float, y: float, text: str, anchor: str, size: int) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="currentColor" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )


def _legend(series: Mapping[str, Sequence[float]]) -> list[str]:
    marks, x = [], float(LEFT)
    for j, name in enumerate(series):
        if name:
            marks += [_bar(x, 4, 9, 9, j), _text(x + 13, 12, name, "start", 10)]
            x += 26 + 6 * len(name)
    return marks


def _drawing(said: str, marks: Sequence[str]) -> str:
    return (
        f'<svg class="drawing" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img" '
        f'aria-label="{escape(said, quote=True)}" xmlns="http://www.w3.org/2000/svg">{"".join(marks)}</svg>'
    )
