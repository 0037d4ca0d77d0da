"""A user's code counts in whatever way it is read; what is read too late for its digest fails the run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from builders import PLUGIN, as_on_a_fresh_machine, bench_toml, imbench, refused

from bench.store.store import Store
from bench.watching.reading import sources_read

WEIGHTS = "def weights(counts):\n    return {}\n"
MINE = (
    "import importlib, sys, os, types, pathlib\nimport importlib.util as u\nfrom importlib import import_module as im\n"
    "here = pathlib.Path(__file__).parent\n"
    + PLUGIN
    + """
{top}

@register("Mine")
class Mine(Method):
    def class_weights(self, counts, progress):
        {hook}
        return helper.weights(counts)
"""
)
WAYS = {
    "a keyword": "helper = importlib.import_module(name='{name}')",
    "another name": "helper = im('{name}')",
    "a name that is put together": "helper = importlib.import_module('{name}'[:3] + '{name}'[3:])",
    "its text": "helper = types.ModuleType('h'); exec((here / '{name}.py').read_text(), helper.__dict__)",
    "a place": "s = u.spec_from_file_location('h', here / '{name}.py'); "
    "helper = u.module_from_spec(s); s.loader.exec_module(helper)",
    "a folder above": "helper = importlib.import_module(name='above_{name}')",
}


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    (tmp_path / "own").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "own")
    monkeypatch.syspath_prepend(tmp_path)


def helper_of(folder: Path, way: str) -> tuple[str, Path]:
    """Write the helper; return the line that reads it, and its file. Modules of one process need names of their own."""
    name = f"helper_by_{list(WAYS).index(way)}_{abs(hash(str(folder)))}"
    path = folder / f"above_{name}.py" if way == "a folder above" else folder / "own" / f"{name}.py"
    path.write_text(WEIGHTS.format("counts / counts"))
    return WAYS[way].format(name=name), path


def configured(folder: Path, top: str, hook: str = "pass", more: tuple[Path, ...] = ()) -> None:
    (folder / "own" / "mine.py").write_text(MINE.format(top=top, hook=hook))
    bench_toml(folder, plugins=[folder / "own" / "mine.py", *more], methods=["Mine"])


def afresh(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, where no plugin has been imported yet."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    command = [sys.executable, "-m", "bench", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_record_knows_the_code_that_its_plugin_read_and_no_other(tmp_path: Path) -> None:
    helpers: dict[str, Path] = {}
    plugins = []
    for number, way in enumerate(WAYS):
        line, helpers[f"Mine{number}"] = helper_of(tmp_path, way)
        text = MINE.format(top=f"sys.path[:0] = [str(here), str(here.parent)]; {line}", hook="pass")
        plugins.append(tmp_path / "own" / f"mine{number}.py")
        plugins[-1].write_text(text.replace("Mine", f"Mine{number}"))
    bench_toml(tmp_path, plugins=plugins, methods=[*helpers])
    assert imbench("run").status == 0
    records = [*Store(tmp_path / "results").records()]
    code = {name: it.code for name in helpers for it in records if name in str(it.identity["method"])}
    known = {name: [own for own, path in helpers.items() if path.stem in " ".join(code[name])] for name in helpers}
    assert known == {name: [name] for name in helpers}
    assert "nothing left to do" in afresh("status").stdout, "where Python kept the helper, too"
    for path in helpers.values():
        path.write_text(WEIGHTS.format("50.0 / counts"))
    said = afresh("run")
    assert said.returncode == 1 and f"{len(WAYS)} stale" in said.stderr


@pytest.mark.parametrize("way", [way for way in WAYS if way != "its text"])
def test_code_that_is_first_read_by_a_hook_is_refused_by_its_name(tmp_path: Path, way: str) -> None:
    line, path = helper_of(tmp_path, way)
    configured(tmp_path, "", line)
    refused(imbench("run"), str(path), "import it at the top of the plugin")
    assert not [*Store(tmp_path / "results").records()]


@pytest.mark.parametrize("way", WAYS)
def test_a_helper_that_is_edited_while_another_plugin_is_imported_is_refused(tmp_path: Path, way: str) -> None:
    line, path = helper_of(tmp_path, way)
    edit = tmp_path / "own" / "slow.py"
    edit.write_text(
        f"import pathlib\npathlib.Path({str(path)!r}).write_text('def weights(counts): return 50.0 / counts')"
    )
    configured(tmp_path, line, more=(edit,))
    refused(imbench("run"), path.stem, "has changed since this process began")


def test_packages_and_the_suite_are_nobodys_own_code(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("")
    (tmp_path / "data.json").write_text("{}")
    with sources_read() as read:
        import this  # noqa: F401

        import bench.methods.cbgan

        Path(bench.methods.cbgan.__file__).read_bytes()
        (tmp_path / "mine.py").read_text()
        (tmp_path / "data.json").read_text()
        (tmp_path / "made.py").write_text("")
    assert [*read] == [(tmp_path / "mine.py").resolve()]
