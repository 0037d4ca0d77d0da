"""A command that is ended from outside as it begins, tells an error or ends by itself, ends without a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGTERM, Signals

import pytest

ROOT = Path(__file__).resolve().parents[2]
STRUCK = """
import atexit, os, sys
moment, number = sys.argv.pop(1), int(sys.argv.pop(1))
from bench.cli import app
if moment == "atexit":
    atexit.register(lambda: os.kill(os.getpid(), number))
else:
    true = getattr(app, moment)
    def struck(*given):
        setattr(app, moment, true)
        os.kill(os.getpid(), number)
        return true(*given)
    setattr(app, moment, struck)
from bench.__main__ import main
main()
"""


@pytest.mark.parametrize("moment", ["settle", "refuse_empty_paths", "say", "finish", "atexit"])
@pytest.mark.parametrize("number", [SIGTERM, SIGHUP, SIGINT])
def test_a_signal_at_any_moment_is_no_traceback(tmp_path: Path, moment: str, number: Signals) -> None:
    command = ["data", "show", "no/such"] if moment == "say" else ["--version"]
    said = subprocess.run(
        [sys.executable, "-c", STRUCK, moment, str(int(number)), *command],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode in ({130, -SIGINT} if number == SIGINT else {143, -number}), said
    assert not {"Traceback", "Exception ignored"} & {*said.stderr.splitlines()} and len(said.stderr.splitlines()) < 3
