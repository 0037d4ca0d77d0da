"""What docs/methods.md shows runs: hooks in a plain loop, and complete methods that keep the laws."""

from __future__ import annotations

import re
from pathlib import Path

import laws
import pytest
from builders import fitted, forget_plugins

from bench import registry
from bench.plan.compose import compose

PAGE = Path(__file__).resolve().parents[2] / "docs" / "methods.md"
BLOCKS = re.findall(r"^```python( method)?\n(.*?)^```", PAGE.read_text(encoding="utf8"), re.MULTILINE | re.DOTALL)
LOOPS = [code for method, code in BLOCKS if not method]
METHODS = {re.findall(r'register\("(\w+)"', code)[0]: code for method, code in BLOCKS if method}


@pytest.mark.parametrize("number", range(3))
def test_a_method_works_in_a_plain_training_loop(number: int) -> None:
    assert len(LOOPS) == 3 and "harness" not in LOOPS[number]
    exec(compile(LOOPS[number], f"docs/methods.md, loop {number}", "exec"), {})


@pytest.mark.parametrize("name", METHODS)
def test_a_documented_method_is_short_and_keeps_every_law(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    lines = METHODS[name].strip().splitlines()
    assert len(lines) <= 20, f"{name} has {len(lines)} lines"
    (tmp_path / "mine.py").write_text(METHODS[name])
    forget_plugins(monkeypatch)
    registry.load((str(tmp_path / "mine.py"),))
    method = compose(name)
    for law in laws.laws_of(method):
        law(method)


def test_one_method_of_each_kind_is_shown() -> None:
    assert len(METHODS) == 4


def test_the_growing_weights_grow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "growing.py").write_text(METHODS["GrowingCS"])
    forget_plugins(monkeypatch)
    registry.load((str(tmp_path / "growing.py"),))
    ours, plain = (fitted(compose(it), (12, 3), epochs=2, selection="last") for it in ("GrowingCS", "Vanilla"))
    losses = [[row["loss"] for row in done.history] for done in (ours, plain)]
    assert losses[0][0] == losses[1][0] and losses[0][1] != losses[1][1]
