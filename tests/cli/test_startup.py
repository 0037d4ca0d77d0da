"""Start-up: a command waits for nothing it does not need; modules are counted, for seconds depend on the machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench
from small_stages import STAGES

from bench.cli import options
from bench.plan import config

HEAVY = ("torch._C", "torchvision", "pandas", "scipy", "sklearn", "imblearn", "matplotlib", "safetensors.torch")
LIGHT = ("numpy", "PIL", "bench.protocol")  # a tenth of a second or two: what help can do without
COMMAND = """
import sys
sys.argv = ["imbench", *sys.argv[1:]]
from bench.__main__ import main
try:
    main()
finally:
    print("\\nLOADED", *(name for name in {names!r} if name in sys.modules))
"""


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))


def loaded(*arguments: str, names: tuple[str, ...] = HEAVY) -> list[str]:
    """Return which modules a command has loaded in a process of its own."""
    command = [sys.executable, "-c", COMMAND.format(names=names), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.rpartition("LOADED")[2].split()


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("run", "--help"), ("report", "--help")])
def test_help_loads_no_numbers(arguments: tuple[str, ...]) -> None:
    assert loaded(*arguments, names=(*HEAVY, *LIGHT)) == []


@pytest.mark.parametrize("what", ["methods", "datasets", "profiles", "stages", "networks"])
def test_a_list_loads_nothing_heavy(tmp_path: Path, what: str) -> None:
    bench_toml(tmp_path)
    assert loaded("list", what) == []


@pytest.mark.parametrize("dataset", ["digits", pytest.param("stripes", marks=pytest.mark.long)])
def test_status_and_why_load_nothing_heavy(tmp_path: Path, dataset: str) -> None:
    bench_toml(tmp_path, STAGES.format(more=""), methods=["CS", "AUG", "ALT"], datasets=[dataset])
    assert loaded("status") == loaded("why", f"{dataset}/6/CS/0") == []
    assert "not counted yet (`imbench run --dry-run` counts it)" in " ".join(imbench("status").out.split())
    assert "not counted yet" not in imbench("run", "--dry-run").err
    assert "not counted yet" not in imbench("status").out, "it remembers what was counted"
    assert loaded("status") == []
    assert loaded("run", "--dry-run") == [], "nor does a dry run once it is known"


def test_what_is_deferred_is_loaded_at_its_first_use_and_is_the_same_module() -> None:
    code = """
import sys
from bench.cli.lazy import defer
defer("torch", "no_such_module")
import torch, inspect
assert not hasattr(torch, "__wrapped__") and "torch._C" not in sys.modules and "no_such_module" not in sys.modules
import torch.nn.functional
assert torch.zeros(2).tolist() == [0.0, 0.0] and sys.modules["torch"] is torch and torch.__version__
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr == ""


def test_help_shows_the_file_that_is_read_by_default() -> None:
    assert options.DEFAULT_FILE == config.DEFAULT_FILE


def test_the_first_use_of_a_deferred_module_may_be_one_of_its_submodules() -> None:
    program = (
        "from bench.cli.lazy import defer; defer('torch')\n"
        "from torch.utils.flop_counter import FlopCounterMode\n"
        "import torch, sys; assert torch.utils is sys.modules['torch.utils'] and torch.utils._pytree\n"
        "print(torch.ones(2).sum().item(), torch.utils.__spec__.loader.__class__.__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[2], capture_output=True, text=True
    )
    assert done.stdout.split() == ["2.0", "SourceFileLoader"], done.stderr


def test_a_process_that_draws_charts_loads_no_torch() -> None:
    rooms = "import sys, pkgutil, bench.report.pictures as it, importlib\n"
    each = "[importlib.import_module(f'{it.__name__}.{room.name}') for room in pkgutil.iter_modules(it.__path__)]\n"
    command = [sys.executable, "-c", f"{rooms}{each}print(*(name for name in {HEAVY!r} if name in sys.modules))"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, {*ended.stdout.split()}) == (0, {"pandas", "scipy", "matplotlib"}), ended.stderr
