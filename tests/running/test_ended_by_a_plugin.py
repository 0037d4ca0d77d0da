"""Success is said only where every cell has a record of today's code, whatever a plugin raises."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from builders import PLUGIN, as_on_a_fresh_machine, bench_toml, imbench

from bench.running.work import LONGEST, Done, failure_of
from bench.store.store import Store

MINE = (
    PLUGIN
    + """
import sys

class Odd(BaseException):
    def __str__(self):
        raise RuntimeError("no text")

@register("Ends")
class Ends(Method):
    def {hook}:
        {ending}

    def loss(self, logits, labels):
        return super().loss(logits, labels)
"""
)
ENDINGS = {
    "sys.exit": "sys.exit(0)",
    "exit": "raise SystemExit",
    "odd": "raise Odd",
    "generator": "raise GeneratorExit",
    "import": "import ends_python",
}
AT_ONCE = {
    "os": "__import__('os')._exit(0)",
    "posix": "__import__('posix')._exit(0)",
    "another program": "__import__('os').execv('/bin/true', ['true'])",
    "C": "__import__('ctypes').CDLL(None).exit(0)",
    "at exit": "__import__('atexit').register(lambda: __import__('os')._exit(0)); raise ValueError",
}
HOOKS = "class_weights(self, counts, progress)", "requires(self, counts, protocol)"
QUICK = set(zip(HOOKS, ("C", "os"), strict=True))
AS_A_COMMAND = {
    "typer": "import typer; raise typer.Exit()",
    "click": "import click; raise click.exceptions.Exit(0)",
    "a command": "import click; click.command()(lambda: None)([])",
    "a closed pipe": "raise BrokenPipeError",
}


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


def configured(folder: Path, hook: str, ending: str, executor: str = "inline") -> None:
    (folder / "ends_python.py").write_text("import sys\nsys.exit()\n")
    (folder / "mine.py").write_text(MINE.format(hook=hook, ending=(ENDINGS | AT_ONCE | AS_A_COMMAND)[ending]))
    bench_toml(folder, plugins=[folder / "mine.py"], methods=["CS", "Ends"], executor=executor, workers=1)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_hook_that_ends_python_fails_its_own_cell(tmp_path: Path, ending: str) -> None:
    configured(tmp_path, "class_weights(self, counts, progress)", ending)
    said = imbench("run")
    assert said.status == 1 and "1 fit done now, 0 before, 1 failed" in said.err
    assert ("failed: stripes 12:6 Ends seed 0" in said.err and "mine.py:14" in said.err) or ending == "import"
    assert {record.status for record in Store(tmp_path / "results").records()} == {"done", "failed"}


def test_a_hook_that_ends_python_fails_its_own_cell_in_a_process_too(tmp_path: Path) -> None:
    configured(tmp_path, "class_weights(self, counts, progress)", "sys.exit", "loky")
    said = imbench("run")
    assert said.status == 1 and "SystemExit: 0 (mine.py:14)" in said.err


@pytest.mark.parametrize(("command", "ending"), [("run", "sys.exit"), ("run", "odd"), ("status", "exit")])
def test_a_hook_that_ends_python_while_the_run_is_planned_is_one_line(
    tmp_path: Path, command: str, ending: str
) -> None:
    configured(tmp_path, "requires(self, counts, protocol)", ending)
    said = imbench(command)
    assert said.status == 1 and said.err.count("\n") == 1
    assert "imbench: " in said.err and "nothing but a command may end the program" in said.err


@pytest.mark.parametrize(
    ("hook", "ending"),
    [it if it in QUICK else pytest.param(*it, marks=pytest.mark.long) for it in product(HOOKS, AT_ONCE)],
)
def test_a_hook_that_leaves_at_once_is_no_success(tmp_path: Path, hook: str, ending: str) -> None:
    configured(tmp_path, hook, ending)
    command = [sys.executable, "-m", "bench", "run"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert said.returncode in (1, 2) and "Traceback" not in said.stderr
    if ending == "os":
        last = said.stderr.strip().splitlines()[-1]
        assert last == "imbench: os._exit in mine.py:14: nothing but a command may end the program"
    assert "nothing but a command may end the program" in said.stderr or ending == "at exit"


@pytest.mark.parametrize("ending", AS_A_COMMAND)
def test_a_hook_that_ends_as_a_command_does_while_the_run_is_planned_is_one_line(tmp_path: Path, ending: str) -> None:
    configured(tmp_path, "requires(self, counts, protocol)", ending)
    said = imbench("run")
    assert said.status in (1, 2) and said.err.count("\n") == 1
    assert "mine.py" in said.err and "Traceback" not in said.err


def test_a_run_whose_workers_say_done_and_leave_no_record_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench_toml(tmp_path, methods=["CS"])
    monkeypatch.setattr("bench.running.run.work", lambda *_: Done("done"))
    assert imbench("run").status == 1


def test_a_text_of_an_error_is_cut_at_a_sensible_length() -> None:
    text = str(failure_of(RuntimeError("x" * 100_000)))
    assert len(text) < LONGEST + 100 and "99000 more characters" in text
