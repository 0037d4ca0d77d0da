"""What is not ours, a name or an error's text, begins no line of its own, and makes none that nobody reads."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from builders import PLUGIN, Said, as_on_a_fresh_machine, bench_toml, imbench, refused
from PIL import Image
from rich.console import Console

from bench import registry
from bench.cli.listing import why_text
from bench.cli.rows import in_print
from bench.data.archive import unpack
from bench.data.check import Finding
from bench.errors import LONGEST_LINE, DataError, one_line, printable, shortened
from bench.plan.config import load_config
from bench.plan.estimate import Estimate
from bench.plan.grid import build_grid
from bench.running import progress

FORGED = "imbench: all is well"
STEERING = [
    *("\x07", "\x1b", "\x7f", "\x80", "\x84", "\x85", "\x90", "\x9b", "\x9d", "\x9f"),  # C0 and C1
    *("\u200e", "\u200f", "\u061c", *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))),  # directions
    *("\u2028", "\u2029", "\ufeff", "\ud800", "\U000e0041"),
]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)


@pytest.mark.parametrize("steers", STEERING, ids=ascii)
def test_what_steers_a_terminal_or_breaks_a_line_is_escaped(steers: str) -> None:
    assert printable(f"a{steers}b\n\tc") == f"a{steers.encode('unicode_escape').decode()}b\n\tc"
    assert one_line(f"a{steers}b\n\tc") == f"a{steers.encode('unicode_escape').decode()}b\\n\tc"


def own(folder: Path, ending: str = ".png") -> None:
    """Write two classes of pictures, and a csv of them with a column that nothing uses."""
    rng, lines = np.random.default_rng(0), [f'file,class,"note\n{FORGED}"']
    for label, count in (("cat", 24), ("dog", 12)):
        (folder / label).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(rng.integers(0, 256, (20, 24, 3), dtype=np.uint8)).save(
                folder / label / f"{number}{ending}"
            )
            lines.append(f"{label}/{number}{ending},{label},{number}")
    (folder / "labels.csv").write_text("\n".join(lines))


@pytest.mark.parametrize(
    "given",
    [
        "a file beside the classes",
        "an archive beside the classes",
        "a picture beside the classes",
        "an ending within a class",
        "a class of no image",
        "a column",
        "a group",
        "a folder",
    ],
)
@pytest.mark.parametrize("command", ["data show", "data check", "run --dry-run --dataset"])
def test_no_name_begins_a_line_that_looks_like_ours(tmp_path: Path, given: str, command: str) -> None:
    folder, section = tmp_path / "own", ""
    own(folder)
    name = f"notes\n{FORGED}"
    if given == "an ending within a class":
        (folder / "cat" / f"a.x\n{FORGED}").touch()
    elif given == "a class of no image":
        (folder / name).mkdir()
    elif given == "a column":
        section = f'labels = "{folder / "labels.csv"}"\n'
    elif given == "a group":
        section = f'labels = "{folder / "labels.csv"}"\ngroup = "note\\n{FORGED}"\n'
    elif given == "a folder":
        folder = folder.rename(tmp_path / name)
    else:
        (folder / f"{name}{'.zip' if 'archive' in given else '.png' if 'picture' in given else '.txt'}").touch()
    where = str(folder).replace("\n", "\\n")
    bench_toml(tmp_path, f'[datasets.mine]\nfolder = "{where}"\n{section}', methods=["CS"], minority=[])
    for dataset in ("mine", *([str(folder)] if "run" not in command and not section else [])):
        said = imbench(*command.split(), dataset)
        assert forged(said) == [] and "Traceback" not in said.err
        if given in ("a file beside the classes", "an ending within a class") and command == "data show":
            assert f"\\n{FORGED}" in said.out, "it is told, and how it is spelled"


def forged(said: Said) -> list[str]:
    return [line for line in (said.out + said.err).splitlines() if line.startswith(FORGED)]


@pytest.mark.parametrize("option", ["--results", "--config", "--method", "--dataset"])
def test_no_value_of_an_option_begins_a_line(tmp_path: Path, option: str) -> None:
    bench_toml(tmp_path)
    assert forged(imbench("run", "--dry-run", option, f"a\n{FORGED}")) == []


def test_rows_and_findings_keep_each_name_in_its_line() -> None:
    name = f"a\n{FORGED}"
    for text in (in_print([{"class": name, "n": 3}], 1000), in_print([{"class": name, "n": 3}], 5)):
        assert f"a\\n{FORGED}" in text
    assert str(Finding("error", "files", name, (name,))).count("\n") == 1
    lines = why_text({"error": name, "environment": {name: name}, "changed code": [name]}).splitlines()
    assert len(lines) == 6 and not any(line.startswith(FORGED) for line in lines)


LONG = "x" * 100_000


def long_stage(folder: Path) -> Said:
    bench_toml(folder, f"[profiles.tiny.stages.{LONG}]\nepochs = 1\n")
    return imbench("run", "--dry-run")


def long_method(folder: Path) -> Said:
    bench_toml(folder)
    return imbench("run", "--dry-run", "--method", LONG)


def long_plugin(folder: Path) -> Said:
    (folder / "mine.py").write_text(f"raise ValueError('{LONG}' + ' the last word')")
    bench_toml(folder, plugins=[folder / "mine.py"])
    return imbench("run", "--dry-run")


def long_hook(folder: Path) -> Said:
    source = """
@register("Mine")
class Mine(Method):
    def class_weights(self, counts, progress):
        return progress
    def supports(self, counts):
        raise ValueError("x" * 100_000 + " the last word")
"""
    (folder / "mine.py").write_text(PLUGIN + source)
    bench_toml(folder, plugins=[folder / "mine.py"], methods=["Mine"])
    return imbench("run", "--dry-run")


@pytest.mark.parametrize(
    ("given", "last"),
    [
        (long_stage, ""),
        (long_method, "Vanilla"),
        (long_plugin, "the last word"),
        (long_hook, "the last word"),
    ],
)
def test_an_error_is_as_long_as_anybody_reads_and_ends_as_it_does(
    tmp_path: Path, given: Callable[[Path], Said], last: str
) -> None:
    line = refused(given(tmp_path), "characters left out", last)
    assert len(line) < LONGEST_LINE + 100


def test_names_in_a_damaged_archive_leave_what_to_do(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a" * 60_000, "content")
    content = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(content.replace(b"a" * 60_000, b"b" * 60_000, 1))
    with pytest.raises(DataError) as caught:
        unpack(tmp_path / "a.zip", tmp_path / "a")
    line = shortened(one_line(str(caught.value)))
    assert len(str(caught.value)) > 60_000 and len(line) < LONGEST_LINE + 100
    assert line.startswith(str(tmp_path / "a.zip")) and line.endswith("delete it and download it again")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Console:
    """Have displays drawn on a terminal whose text is kept."""
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    monkeypatch.setattr(progress, "Console", lambda **_: console)
    return console


def test_what_changes_on_a_terminal_is_not_steered_by_names(tmp_path: Path, terminal: Console) -> None:
    registry.load()
    name = f"a\x9bb\u202ec\n{FORGED}"
    jobs = build_grid(load_config(bench_toml(tmp_path))).jobs
    display = progress.LiveProgress(jobs, Estimate(workers=1), terminal)
    display.running = lambda: [(SimpleNamespace(id="", label=name), 3.0)]  # type: ignore[method-assign, list-item]
    terminal.print(display._picture())
    display.say(name)
    with progress.counting(name) as count:
        count(1, 2)
    shown = terminal.file.getvalue()  # type: ignore[attr-defined]
    assert not {"\x9b", "\u202e"} & {*shown} and shown.count("a\\x9bb\\u202ec") >= 3
    assert not any(line.lstrip().startswith(FORGED) for line in shown.splitlines())
