"""What docs/methods.md shows runs: hooks in a plain loop, and complete methods that keep the laws."""

from __future__ import annotations

import re
from pathlib import Path

import laws
import pytest
from builders import fitted, forget_plugins

from bench import registry
from bench.errors import ConfigError
from bench.plan.compose import compose

README = Path(__file__).resolve().parents[2] / "README.md"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "methods.md"
BLOCKS = re.findall(r"^```python( method)?\n(.*?)^```", PAGE.read_text(encoding="utf8"), re.MULTILINE | re.DOTALL)
LOOPS = [code for method, code in BLOCKS if not method]
METHODS = {re.findall(r'register\("(\w+)"', code)[0]: code for method, code in BLOCKS if method}


@pytest.mark.parametrize("number", range(4))
def test_a_method_works_in_a_plain_training_loop(number: int) -> None:
    assert len(LOOPS) == 4 and "trainer" not in LOOPS[number]
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
    assert list(METHODS) == ["RootCS", "Hard", "Deferred", "Smoothing", "Retrained"]


def test_what_does_not_rebalance_is_composed_with_what_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "hard.py").write_text(METHODS["Hard"])
    (tmp_path / "root.py").write_text(METHODS["RootCS"])
    forget_plugins(monkeypatch)
    registry.load((str(tmp_path / "hard.py"), str(tmp_path / "root.py")))
    assert compose("OS+Hard").name == "OS+Hard"
    with pytest.raises(ConfigError, match=r"OS.*RootCS"):
        compose("OS+RootCS")


def test_the_first_lines_of_readme_for_ones_own_loop_run() -> None:
    section = README.read_text(encoding="utf8").split("## Your own training loop")[1].split("\n## ")[0]
    (code,) = re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})


def test_a_method_is_imported_by_the_name_of_its_class_or_of_its_row() -> None:
    import bench.methods

    assert bench.methods.OS is bench.methods.Oversampling and bench.methods.LDAM(s=10).parameters["s"] == 10
    with pytest.raises(AttributeError, match="no method 'LDMA'; `imbench list methods` names all"):
        bench.methods.LDMA  # noqa: B018  # it is the looking up that fails


def test_the_deferred_weights_come_late(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "deferred.py").write_text(METHODS["Deferred"])
    forget_plugins(monkeypatch)
    registry.load((str(tmp_path / "deferred.py"),))
    named = ("Deferred(share=0.5)", "Vanilla")
    ours, plain = (fitted(compose(it), (12, 3), epochs=2, selection="last") for it in named)
    losses = [[row["loss"] for row in done.history] for done in (ours, plain)]
    assert losses[0][0] == losses[1][0] and losses[0][1] != losses[1][1]
