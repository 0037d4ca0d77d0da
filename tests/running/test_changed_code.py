"""A number is never of other code than its record says: what was edited since it was imported is refused by name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from builders import PLUGIN, as_on_a_fresh_machine, bench_toml

import bench
from bench import registry
from bench.errors import ConfigError
from bench.plan.code import code_digests
from bench.plan.config import Config, load_config
from bench.running.handshake import own_files
from bench.running.planning import Plan, make_plan
from bench.running.run import run
from bench.store.store import Store

MINE = (
    PLUGIN
    + """
import {helper}

@register("Mine")
class Mine(Method):
    def class_weights(self, counts, progress):
        return {helper}.weights(counts)
"""
)
WEIGHTS = "def weights(counts):\n    return counts / counts\n"


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "own")


def planned(folder: Path, helper: str, executor: str = "inline") -> tuple[Config, Plan, Store]:
    """Return a run of a method of one's own with a module beside it, planned and not yet begun."""
    own = folder / "own"
    own.mkdir()
    (own / f"{helper}.py").write_text(WEIGHTS)
    (own / "mine.py").write_text(MINE.format(helper=helper))
    config = load_config(bench_toml(folder, plugins=[own / "mine.py"], methods=["Mine"], executor=executor, workers=1))
    registry.load(config.plugins)
    store = Store(config.paths.results)
    return config, make_plan(config, store), store


@pytest.mark.parametrize(("executor", "edited"), [("inline", "mine"), ("inline", "helper"), ("loky", "helper")])
def test_an_edit_between_import_and_work_is_refused_by_name(tmp_path: Path, executor: str, edited: str) -> None:
    helper = f"helper_{executor}_{edited}"
    config, plan, store = planned(tmp_path, helper, executor)
    name = helper if edited == "helper" else "mine"
    path = tmp_path / "own" / f"{name}.py"
    path.write_text(path.read_text() + "\nCHANGED = True\n")
    with pytest.raises(ConfigError) as refused:
        run(config, plan, store)
    assert name in str(refused.value) and "run the same command again" in str(refused.value)
    assert not [*store.records()], "nothing was computed, or nothing was kept"


@pytest.mark.parametrize("executor", ["inline", "loky"])
def test_an_edited_comment_changes_nothing(tmp_path: Path, executor: str) -> None:
    config, plan, store = planned(tmp_path, f"helper_comment_{executor}", executor)
    path = tmp_path / "own" / "mine.py"
    path.write_text("# why\n" + path.read_text())
    assert run(config, plan, store)["done"] == 1
    (record,) = store.records()
    assert {"plugin mine", f"helper_comment_{executor}"} <= record.code.keys()


def test_an_edit_while_a_job_runs_is_refused_where_the_job_imports_the_edited_file(tmp_path: Path) -> None:
    late = MINE.format(helper="early").replace("return early", "import late\n        return late")
    own = tmp_path / "own"
    own.mkdir()
    (own / "early.py").write_text("")
    (own / "late.py").write_text(WEIGHTS)
    edit = f"open({str(own / 'late.py')!r}, 'a').write('CHANGED = True\\n')"
    (own / "mine.py").write_text(late.replace("import late\n", f"{edit}; import late\n"))
    config = load_config(bench_toml(tmp_path, plugins=[own / "mine.py"], methods=["Mine"]))
    registry.load(config.plugins)
    store = Store(config.paths.results)
    with pytest.raises(ConfigError, match="late: its file has changed"):
        run(config, make_plan(config, store), store)
    assert not [*store.records()]


def helpers_of(folder: Path, source: str, files: dict[str, str]) -> list[str]:
    """Return the modules, but for the suite's, that are part of the code of a plugin with files beside it."""
    for file, text in files.items():
        path = folder / "own" / f"{file}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "own" / "mine.py").write_text(PLUGIN + source)
    registry.load((str(folder / "own" / "mine.py"),))
    (plugin,) = [name for name in sys.modules if name.startswith("imbench_plugin_mine")][-1:]
    return [name for name in code_digests([plugin]) if not name.startswith("bench.")]


def test_a_helper_in_a_package_below_the_plugin_is_part_of_its_code(tmp_path: Path) -> None:
    texts = {"__init__": "", "deep/__init__": "from . import one", "deep/one": "from .. import two", "two": WEIGHTS}
    files = {f"parts_of_mine/{name}": text for name, text in texts.items()}
    modules = ["parts_of_mine", "parts_of_mine.deep", "parts_of_mine.deep.one", "parts_of_mine.two"]
    source = "import numpy\nimport json\nfrom parts_of_mine import deep\n"
    assert helpers_of(tmp_path, source, files) == [*modules, "plugin mine"]


def test_a_package_counts_with_its_module_and_a_folder_without_a_package_too(tmp_path: Path) -> None:
    files = {"whole_of_mine/__init__": "", "whole_of_mine/one": "", "loose_of_mine/deep/two": ""}
    source = "import whole_of_mine.one\nimport loose_of_mine.deep.two\n"
    modules = ["loose_of_mine.deep.two", "plugin mine", "whole_of_mine", "whole_of_mine.one"]
    assert helpers_of(tmp_path, source, files) == modules


def test_a_helper_that_a_call_imports_is_part_of_the_code(tmp_path: Path) -> None:
    source = 'import importlib\nimportlib.import_module("called_of_mine")\n__import__("named_of_mine")\n'
    files = {"called_of_mine": "", "named_of_mine": "import further_of_mine", "further_of_mine": ""}
    assert helpers_of(tmp_path, source, files) == [
        *("called_of_mine", "further_of_mine", "named_of_mine", "plugin mine")
    ]


def test_a_module_of_the_suite_that_was_edited_after_the_start_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import bench.plan.sources as sources

    monkeypatch.setattr(sources, "_examined", {})
    path = sources.path_of("bench.training.loop")
    monkeypatch.setitem(sources.bench.BEGAN, str(path), (1, 2, 3, 4))
    with pytest.raises(ConfigError, match=r"bench\.training\.loop: its file has changed since this process began"):
        code_digests(["bench.training.trainer"])


@pytest.mark.parametrize("file", ["running/worker.py", "record.py"])
def test_a_process_that_began_after_an_edit_of_the_suite_does_not_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    """No digest covers these files; workers that have grown are replaced by processes that import what is there."""
    config = load_config(bench_toml(tmp_path, methods=["Vanilla"], executor="loky", workers=1))
    store = Store(config.paths.results)
    plan = make_plan(config, store)
    (path,) = [path for path in bench.BEGAN if path.endswith(f"bench/{file}")]
    monkeypatch.setitem(bench.BEGAN, path, (1, 2, 3, 4))  # as if the file had been another when this run began
    own_files.cache_clear()
    with pytest.raises(ConfigError, match="files of the suite have changed since this run began; run the same command"):
        run(config, plan, store)
    own_files.cache_clear()
    assert not [*store.records()]
