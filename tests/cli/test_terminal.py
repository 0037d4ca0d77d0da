"""Output goes where it can: no colours into files, no traceback into a closed pipe or a narrow locale."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, refused
from PIL import Image

from bench.errors import printable

ROOT = Path(__file__).resolve().parents[2]
NARROW = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
COLOURS = {"FORCE_COLOR": "1", "TTY_COMPATIBLE": "1", "PY_COLORS": "1", "CLICOLOR_FORCE": "1"}


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)


def shell(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the shell in which `imbench` is the suite's."""
    text = command.replace("imbench", f'"{sys.executable}" -m bench')
    variables = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    return subprocess.run(["bash", "-c", text], env=variables, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("what", ["imbench list methods | head -1", "imbench list methods --json | true"])
def test_a_closed_pipe_is_a_quiet_end(what: str) -> None:
    said = shell(f"set -o pipefail; {what}")
    assert said.stderr == "" and said.returncode in (0, 141)


def test_output_that_cannot_be_written_is_no_success() -> None:
    assert shell("imbench list methods >&-").returncode == 0
    said = shell("imbench list methods > /dev/full")
    assert said.returncode in (1, 2) and said.stderr.count("\n") == 1 and "the output cannot be written" in said.stderr


@pytest.mark.parametrize("kind", ["a device", "a pipe", "a link to itself", "a file"])
def test_a_folder_that_is_none_is_one_line(tmp_path: Path, kind: str) -> None:
    bench_toml(tmp_path, methods=["CS"])
    assert imbench("run").status == 0
    target = tmp_path / "target"
    make: dict[str, Callable[[], object]] = {
        "a device": lambda: target.symlink_to("/dev/full"),
        "a pipe": lambda: os.mkfifo(target),
        "a link to itself": lambda: target.symlink_to("target"),
        "a file": target.touch,
    }
    make[kind]()
    for command in (("report", "--out", target), ("run", "--results", target), ("status", "--results", target)):
        refused(imbench(*command), str(target))


def test_an_error_of_the_system_is_one_line_wherever_it_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "/some/file")

    monkeypatch.setattr("bench.cli.looking.show", forbidden)
    refused(imbench("list", "methods"), "/some/file: Permission denied")


def test_no_escape_code_goes_into_a_file_whatever_the_environment_says(tmp_path: Path) -> None:
    bench_toml(tmp_path, methods=["CS"])
    for command in ("run", "run --help", "run --no-such-option"):
        said = shell(f"imbench {command}", **COLOURS)
        assert "\x1b" not in said.stdout + said.stderr, command


def noise_in(folder: Path, counts: dict[str, int], ending: str) -> None:
    """Write so many pictures of noise for each class, each called by its number and an ending."""
    rng = np.random.default_rng(0)
    for label, count in counts.items():
        (folder / label).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(0, 256, (20, 24, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{number}{ending}")


def test_no_name_of_a_class_or_file_steers_the_terminal(tmp_path: Path) -> None:
    noise_in(tmp_path / "own", {"a\x1b[31m": 24, "b\x1b]0;t\x07": 12}, "\x1b[2J.png")
    bench_toml(tmp_path, f'[datasets.mine]\nfolder = "{tmp_path / "own"}"\nminority = [3]\n', methods=["CS"])
    (tmp_path / "own" / "a\x1b[31m" / "damaged\x1b[2J.png").touch()
    assert "a\\x1b[31m/damaged\\x1b[2J.png" in imbench("data", "check", "mine").out
    (tmp_path / "own" / "a\x1b[31m" / "damaged\x1b[2J.png").unlink()
    for command in ("data show mine", "data check mine", "run --dataset mine --minority 3", "recommend --dataset mine"):
        said = imbench(*command.split())
        assert not {"\x1b", "\x07"} & {*said.out, *said.err}, command


def test_names_beyond_ascii_are_read_and_printed_in_any_locale(tmp_path: Path) -> None:
    noise_in(tmp_path / "tiere", {"kätzchen": 24, "luchs": 12}, " ü.png")
    bench_toml(tmp_path, f'[datasets.mine]\nfolder = "{tmp_path / "tiere"}"\nminority = [3]\n', methods=["CS"])
    said = shell("imbench run --dataset mine --minority 3", **NARROW)
    assert said.returncode == 0, said.stderr
    (ascii,) = [shell("imbench list datasets", PYTHONIOENCODING="ascii", **NARROW)]
    assert ascii.returncode == 0 and "Traceback" not in ascii.stderr
    assert shell("imbench status --dataset mine --minority 3").returncode == 0


def test_what_would_steer_a_terminal_is_escaped() -> None:
    assert printable("kätzchen: fünf\n\tok") == "kätzchen: fünf\n\tok"
    assert printable("a\x1b[2Jb\x07\x9b\u202e\ud800") == "a\\x1b[2Jb\\x07\\x9b\\u202e\\ud800"


def test_a_full_shared_memory_is_one_line_that_names_the_way_out(tmp_path: Path) -> None:
    hide = "mount -t tmpfs -o ro tmpfs /dev/shm"
    if os.geteuid() or shell(f"unshare -m sh -c '{hide}'").returncode:
        pytest.skip("cannot hide shared memory from a process here")
    bench_toml(tmp_path, methods=["CS"], executor="loky", workers=1)
    said = shell(f"unshare -m bash -c '{hide}; imbench run'".replace("imbench", f"{sys.executable} -m bench"))
    last = said.stderr.strip().splitlines()[-1]
    assert said.returncode == 2 and "--executor inline" in last and "Traceback" not in said.stderr


def test_the_systems_own_files_keep_their_places(tmp_path: Path) -> None:
    bench_toml(tmp_path)
    for path in ("/dev/stdout", "/proc/self/fd/1", "/dev/fd/1", "/sys/new"):
        refused(imbench("pack", path, "--dataset", "stripes"), f"{path}: no place for a file")
        refused(imbench("predict", "model", "images", "--out", path), f"{path}: no place for a file")
    assert Path("/dev/stdout").is_symlink()


def test_workers_work_where_standard_streams_are_closed(tmp_path: Path) -> None:
    bench_toml(tmp_path, methods=["Vanilla"], executor="loky", workers=1)
    assert shell("imbench run 0<&- 1>&- 2>&-").returncode == 0
    assert "1 done" in imbench("run", "--dry-run").err


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-"])
def test_no_file_takes_the_place_of_a_standard_stream_that_is_closed(tmp_path: Path, closed: str) -> None:
    opens = "from bench.cli.terminal import settle; settle(); assert open('own', 'w').fileno() > 2"
    assert shell(f'{sys.executable} -c "{opens}" {closed}').returncode == 0
    assert (tmp_path / "own").exists()
