"""The commands as a user meets them: a job from start to table, and one clear line for each thing that is wrong."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import get_type_hints

import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, refused, reported_cells
from typer.main import get_command

from bench.cli.app import app
from bench.cli.options import no_number
from bench.errors import UserError


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)


def test_from_run_to_table_and_back(tmp_path: Path) -> None:
    bench_toml(tmp_path, datasets=["digits"], seeds=2)
    planned = imbench("run", "--dry-run")
    assert planned.status == 0 and "6 cells from 4 fits (4 missing)" in planned.err
    assert not (tmp_path / "results").exists(), "a dry run writes nothing"

    ran = imbench("run")
    assert ran.status == 0 and "4 fits done now, 0 before, 0 failed" in ran.err
    state = json.loads(imbench("status", "--json").out)
    assert state == [{"dataset": "digits", "counts": "12:6", "done": 4, "stale": 0, "failed": 0, "missing": 0}]

    reported = imbench("report", "--json")
    assert reported.status == 0
    written = [Path(row["file"]) for row in json.loads(reported.out)]
    assert all(path.is_file() for path in written) and {path.suffix for path in written} >= {".md", ".tex", ".csv"}
    rows = reported_cells(tmp_path)
    assert len(rows) == 6 and {row["status"] for row in rows} == {"done"}
    wanted = "task minority_count method seed profile status f1_minority f1_majority acsa seconds"
    assert set(wanted.split()) <= rows[0].keys()

    before = {path: path.read_bytes() for path in (tmp_path / "results" / "records").rglob("*.json")}
    again = imbench("run")
    assert again.status == 0 and "nothing left to do" in again.err and "0 fits done now, 4 before" in again.err
    assert {path: path.read_bytes() for path in (tmp_path / "results" / "records").rglob("*.json")} == before


def test_stopping_a_run_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench_toml(tmp_path)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.running.run.run_schedule", interrupted)
    said = imbench("run")
    assert said.status == 130 and "stopped; what was finished is stored" in said.err


def test_stopping_any_other_command_is_one_line_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench_toml(tmp_path)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.report.build.build_report", interrupted)
    said = imbench("report")
    assert (said.status, said.out, said.err.strip().splitlines()[-1]) == (130, "", "imbench: stopped")


@pytest.mark.parametrize("module", ["typer", "torch"])
def test_stopping_while_a_command_is_loaded_is_no_traceback(tmp_path: Path, module: str) -> None:
    bench_toml(tmp_path)
    (tmp_path / f"{module}.py").write_text("raise KeyboardInterrupt\n")
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    command = [sys.executable, "-m", "bench", "run", "--dry-run"]
    ended = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert ended.returncode in (1, 130) and ended.stdout == "" and "Traceback" not in ended.stderr
    assert module != "typer" or (ended.returncode, ended.stderr) == (130, "")


def test_why_explains_what_is_there_and_what_is_not(tmp_path: Path) -> None:
    bench_toml(tmp_path)
    imbench("run", "--method", "CS")
    found = json.loads(imbench("why", "stripes/6/CS/0", "--json").out)
    assert found["state"] == "done" and found["changed code"] == ["none"] and found["identity"]["counts"] == [12, 6]
    missing = imbench("why", "stripes/6/CS/1")
    assert missing.status == 0 and "state: missing" in missing.out and "streams.order: 1 here, 0 there" in missing.out
    assert json.loads(imbench("why", found["record"][:8], "--json").out)["record"] == found["record"]
    (tmp_path / "results" / "reference").mkdir()
    imbench("pack", tmp_path / "results" / "reference" / "stripes.jsonl", "--dataset", "stripes")
    shutil.rmtree(tmp_path / "results" / "records")
    for name in ("stripes/6/CS/0", found["record"][:8]):
        shown = json.loads(imbench("why", name, "--json").out)
        assert shown["outcome"] == "done" and shown["in"].endswith("reference")
    refused(imbench("why", "stripes/CS"), "is not DATASET/PLACE/METHOD/SEED, such as")
    refused(imbench("why", f"stripes/6/CS/{'9' * 5000}"), "is not DATASET/PLACE/METHOD/SEED, such as")


@pytest.mark.parametrize(
    ("what", "key", "names"),
    [
        ("methods", "method", {"Vanilla", "TS", "CS", "US", "OS", "SMOTE", "CBL"}),
        ("datasets", "dataset", {"digits", "stripes", "horse2zebra", "celeba", "cub"}),
        ("profiles", "field", {"image_size", "epochs", "selection"}),
    ],
)
def test_list_tells_what_there_is(tmp_path: Path, what: str, key: str, names: set[str]) -> None:
    bench_toml(tmp_path)
    rows = json.loads(imbench("list", what, "--json").out)
    assert names <= {row[key] for row in rows}
    assert imbench("list", what).status == 0


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("--dataset", "digitz"), ("unknown dataset 'digitz': did you mean 'digits'?",)),
        (("--method", "SMOT"), ("unknown method 'SMOT': did you mean 'SMOTE'?",)),
        (("--profile", "tinny"), ("bench.toml", "unknown profile 'tinny': did you mean 'tiny'?")),
        (("--minority", "5000"), ("stripes: minority count 5000 is not possible", "the training part has")),
        (("--minority", "0"), ("stripes: minority count 0 is not possible",)),
        (("--method", "OS+TS"), ("OS and TS would correct the class prior twice", "[composition] allow")),
        (("--config", "no.toml"), ("no.toml: no such file",)),
        (("--dataset", "horse2zebra", "--minority", "9"), ("horse2zebra", "imbench data prepare horse2zebra")),
    ],
)
def test_a_wrong_option_of_run_is_one_line(tmp_path: Path, arguments: tuple[str, ...], parts: tuple[str, ...]) -> None:
    bench_toml(tmp_path)
    refused(imbench("run", *arguments), *parts)
    assert not list(tmp_path.rglob("records/*/*.json"))


def test_an_exception_for_a_dataset_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    bench_toml(tmp_path, "[profiles.tiny.datasets.stripez]\nepochs = 3\n")
    refused(imbench("run", "--dry-run"), "unknown dataset 'stripez': did you mean 'stripes'?")


def test_a_rare_class_larger_than_the_common_one_is_one_line(tmp_path: Path) -> None:
    bench_toml(tmp_path)
    refused(imbench("run", "--dry-run", "--minority", "50"), "stripes: minority count 50 is not possible", "12 images")


@pytest.mark.parametrize(
    "twice", [("--method", "CS", "--method", "CS"), ("--dataset", "digits", "--dataset", "digits")]
)
def test_what_is_asked_for_twice_is_done_and_counted_once(tmp_path: Path, twice: tuple[str, ...]) -> None:
    bench_toml(tmp_path, methods=["CS"])
    assert "1 cell from 1 fit " in imbench("run", "--dry-run", *twice, *twice).err


def test_missing_images_name_the_folder_and_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench_toml(tmp_path)
    monkeypatch.setenv("IMBENCH_DATA", str(tmp_path / "nowhere"))
    line = refused(imbench("run", "--dataset", "celeba", "--minority", "9"))
    assert str(tmp_path / "nowhere" / "celeba") in line and "IMBENCH_DATA" in line


def test_a_wrong_key_or_option_is_exit_status_2(tmp_path: Path) -> None:
    bench_toml(tmp_path, "[profiles.mine]\nepohcs = 3\n")
    refused(imbench("status"), "bench.toml: profiles.mine: unknown key 'epohcs': did you mean 'epochs'?")
    said = imbench("run", "--minorty", "3")
    assert said.status == 2 and "--minority" in said.err


def test_too_few_images_for_smote_is_not_applicable_and_no_failure(tmp_path: Path) -> None:
    bench_toml(tmp_path, methods=["Vanilla", "SMOTE"], minority=[3])
    ran = imbench("run")
    assert ran.status == 0 and "not applicable: 1 cell" in ran.err
    shown = imbench("status").out
    assert "not applicable: stripes 12:3 SMOTE: SMOTE needs 6 images of every class, the smallest has 3" in shown
    imbench("report")
    row = next(row for row in reported_cells(tmp_path) if row["method"] == "SMOTE")
    assert row["status"] == "not applicable" and "needs 6 images" in row["error"]
    table = (tmp_path / "reports" / "tiny" / "stripes.md").read_text()
    assert "SMOTE" in table and "needs 6 images of every class" in table


@pytest.mark.parametrize("kind", ["dataset", "profile"])
@pytest.mark.parametrize("name", ["../x", "pets/dogs", ".hidden", "/abs", "a\\\\b", "new\\nline", "x" * 101])
def test_a_name_that_leads_out_of_a_folder_is_refused(tmp_path: Path, kind: str, name: str) -> None:
    more = f'[datasets."{name}"]\nfolder = "x"\n' if kind == "dataset" else f'[profiles."{name}"]\nepochs = 1\n'
    bench_toml(tmp_path, more)
    refused(imbench("status"), f"cannot be the name of a {kind}")


def test_a_folder_may_not_take_a_shipped_name(tmp_path: Path) -> None:
    bench_toml(tmp_path, '[datasets.digits]\nfolder = "x"\n', datasets=["digits"])
    refused(imbench("status"), "a shipped dataset has that name")


def test_help_and_version(tmp_path: Path) -> None:
    assert imbench("--version").out.strip()[0].isdigit()
    shown = imbench("--help")
    assert shown.status == 0 and all(
        command in shown.out for command in ("run", "status", "report", "why", "list", "data")
    )


def test_no_help_has_square_brackets_which_are_taken_for_markup_and_vanish() -> None:
    commands = [get_command(app)]
    for command in commands:
        commands += getattr(command, "commands", {}).values()
    assert len(commands) > 10
    texts = [command.help or "" for command in commands]
    texts += [getattr(option, "help", None) or "" for command in commands for option in command.params]
    assert [text for text in texts if "[" in text] == []


def test_no_option_takes_what_is_no_number_for_one(tmp_path: Path) -> None:
    bench_toml(tmp_path)
    groups = [app]
    for group in groups:
        groups += [it.typer_instance for it in group.registered_groups if it.typer_instance]
    callbacks = [command.callback for group in groups for command in group.registered_commands if command.callback]
    options = {(it.__name__, name) for it in callbacks for name, hint in get_type_hints(it).items() if hint is float}
    assert options == {("run", "delta"), ("recommend", "delta")}
    for command, value in product(("run", "recommend"), ("nan", "inf", "-inf")):
        said = imbench(command, "--delta", value)
        assert said.status == 2 and "Traceback" not in said.err + said.out, (command, value)
    with pytest.raises(UserError, match="nan is no number"):
        no_number(float("nan"))  # which the ranges of some versions of typer let through


@pytest.mark.parametrize("width", [10**11, 10**17, 10**30])
def test_a_network_that_no_memory_holds_is_one_line(tmp_path: Path, width: int) -> None:
    path = bench_toml(tmp_path)
    path.write_text(path.read_text().replace("paper_cnn(width=2)", f"paper_cnn(width={width})"))
    refused(imbench("run", "--dry-run"), "not enough memory")
