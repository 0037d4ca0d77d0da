"""What the repository promises about itself: its commands, its documents, and what lies in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bench

ROOT = Path(__file__).resolve().parent.parent
PROMISED = ("setup", "bench", "report", "smoke", "test", "lint", "docs", "clean", "lock")
MEASURING = ("compare", "compare-gan", "false-alarms", "coverage", "overhead", "paper-step", "cpu-profile", "startup")
MEASURING += ("cuda-checks", "generator-step", "compare-frozen", "decisions", "false-verdicts", "from-nothing")
# In pieces, so that this file does not find itself.
MACHINE_PATHS = re.compile(r"(?<![\w.~-])/(?:" + "|".join(("work", "root", "home/[a-z]", "Users/[a-z]")) + r")\b/?")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf8")


def project() -> dict[str, Any]:
    return tomllib.loads(text("pyproject.toml"))


@cache
def repository_files() -> tuple[Path, ...]:
    """Files that git keeps, or would keep; without git, skip."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git clone")
    return tuple(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


def sources() -> list[Path]:
    """Files that people write: no records, no reports, no splits, no charts of findings."""
    generated = (ROOT / "results", ROOT / "reports", ROOT / "datasets" / "splits", ROOT / "docs" / "findings")
    return [p for p in repository_files() if not any(p.is_relative_to(folder) for folder in generated)]


def run_make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make as a user does, without what an outer `make test` leaves in the environment."""
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    return subprocess.run(["make", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True)


def make(*arguments: str) -> str:
    done = run_make(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


@needs_make
def test_every_promised_target_is_in_the_help() -> None:
    listed = set(re.findall(r"^  ([a-z-]+)  ", make("help"), re.MULTILINE))
    assert listed >= {*PROMISED, *MEASURING}


@needs_make
def test_help_is_what_make_alone_does() -> None:
    assert make() == make("help")


@needs_make
def test_variables_of_make_bench_reach_the_command_as_they_are_written() -> None:
    shown = make(
        "-n", "bench", "DATASET=horse2zebra", "METHODS=US+CS CBL(beta=0.99,kind='x')", "MINORITY=25 50", "REPORTS=r"
    )
    printed = subprocess.run(["sh", "-c", f'for a in {_options(shown)}; do echo "$a"; done'], capture_output=True)
    assert printed.stdout.decode().split() == [
        "--first-look",
        *("--dataset", "horse2zebra"),
        *("--method", "US+CS", "--method", "CBL(beta=0.99,kind='x')"),
        *("--minority", "25", "--minority", "50"),
        *("--out", "r"),
    ]


def _options(shown: str) -> str:
    found = re.search(r"-m bench run (.*?) *\|\|", shown)
    assert found, shown
    return found[1]


@needs_make
@pytest.mark.parametrize(("status", "reported"), [(0, True), (1, True), (2, False), (130, False)])
def test_make_bench_reports_after_failed_cells_and_keeps_the_status(
    tmp_path: Path, status: int, reported: bool
) -> None:
    fake = tmp_path / "bin" / "python"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\necho "did $3"\n[ "$3" != run ] || exit {status}\n')
    fake.chmod(0o755)
    (tmp_path / ".ready").touch()
    done = run_make("bench", f"VENV={tmp_path}")
    assert done.stdout.split("\n")[:-1] == ["did run", "did report"][: 1 + reported]
    assert (f"Error {status}" in done.stderr) == (status != 0)


def test_scripts_of_the_measuring_targets_exist() -> None:
    scripts = re.findall(r"benchmarks/\w+\.py", text("Makefile"))
    assert len(scripts) == len(MEASURING)
    assert [script for script in scripts if not (ROOT / script).is_file()] == []


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_commands_of_a_document_exist(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:^ *|`|\$ )make ([a-z][a-z-]*)", text(document), re.MULTILINE))
    assert "test" in named
    assert named <= targets
    options = set(re.findall(r"\b([A-Z_]{4,})=", " ".join(re.findall(r"make [a-z-]+ .*", text(document)))))
    assert {option for option in options if f"$({option})" not in text("Makefile")} == set()


def test_readme_gives_the_two_commands_and_the_files_it_links_exist() -> None:
    assert {"make bench", "make test"} <= set(re.findall(r"make (?:bench|test)\b", text("README.md")))
    for document in [path for path in sources() if path.suffix == ".md"]:
        for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", document.read_text(encoding="utf8")):
            assert (document.parent / target).exists(), f"{document.relative_to(ROOT)} links {target}"


def test_bench_toml_has_the_three_profiles_and_the_embedded_default() -> None:
    shipped = tomllib.loads(text("bench.toml"))
    assert {"paper", "cpu", "smoke"} <= set(shipped["profiles"])
    assert shipped["run"]["datasets"] == ["digits"]
    assert shipped["run"]["seeds"] == 5


def test_changelog_and_citation_name_the_version() -> None:
    assert f"## [{bench.__version__}]" in text("CHANGELOG.md")
    assert re.search(rf"^version: {re.escape(bench.__version__)}$", text("CITATION.cff"), re.MULTILINE)
    assert "2008.05524" in text("CITATION.cff")


def test_every_dependency_has_exactly_one_locked_version() -> None:
    pins = dict(re.findall(r"^([a-z0-9-]+)==([\w.]+)$", text("constraints.txt"), re.MULTILINE))
    lines = [line for line in text("constraints.txt").splitlines() if not line.startswith("#")]
    assert len(lines) == len(pins)
    tables = project()["project"]
    wanted = [*tables["dependencies"], *(line for extra in tables["optional-dependencies"].values() for line in extra)]
    assert {re.split("[<>=~]", line)[0].lower() for line in wanted} <= set(pins)
    assert (pins["torch"], pins["torchvision"]) == ("2.14.1", "0.29.1")


def test_nothing_names_a_path_of_one_machine() -> None:
    for path in sources():
        for number, line in enumerate(path.read_text(encoding="utf8").splitlines(), 1):
            assert not MACHINE_PATHS.search(line), f"{path.relative_to(ROOT)}:{number}: {line.strip()}"


def test_make_set_up_says_in_one_line_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "sh").symlink_to(str(shutil.which("sh")))
    environment = {"PATH": str(tmp_path), "VENV": str(tmp_path / "venv"), "PYTHON": ""}
    done = subprocess.run(["sh", ".ci/setup"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: no Python 3.11 or newer found")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "venv").exists()


def test_no_photograph_and_no_weight_is_in_the_repository() -> None:
    heavy = {".jpg", ".jpeg", ".webp", ".bmp", ".npy", ".npz", ".pt", ".pth", ".safetensors", ".zip"}
    found = [path for path in repository_files() if path.suffix.lower() in heavy]
    places = {
        path for path in found if path.match("datasets/splits/*.order-*.npy")
    }  # a number for each image, no pixel
    assert [path for path in found if path not in places] == []
    assert all(np.load(path, allow_pickle=False).ndim == 1 for path in places)
    pictures = [path for path in repository_files() if path.suffix.lower() in {".png", ".gif"}]
    assert [path for path in pictures if path.relative_to(ROOT).parts[0] not in {"docs", "reports"}] == []


def test_no_file_but_records_and_reports_of_many_seeds_is_larger_than_two_megabytes() -> None:
    most = {ROOT / "results" / "reference": 50 * 2**20, ROOT / "reports": 12_000_000}
    limits = {
        path: next((size for folder, size in most.items() if path.is_relative_to(folder)), 2_000_000)
        for path in repository_files()
    }
    assert [path for path, limit in limits.items() if path.stat().st_size > limit] == []


def test_package_data_is_complete() -> None:
    patterns = project()["tool"]["setuptools"]["package-data"]
    for top in ("bench", "methods", "datasets"):
        for path in (
            p for p in repository_files() if p.is_relative_to(ROOT / top) and p.suffix != ".py" and not p.is_dir()
        ):
            packages = [parent for parent in path.parents if (parent / "__init__.py").is_file()]
            assert packages, f"{path.relative_to(ROOT)} lies in no package"
            names = [(package, ".".join(package.relative_to(ROOT).parts)) for package in packages]
            names = [(package, name if name.split(".")[0] == "bench" else f"bench.{name}") for package, name in names]
            held = any(
                fnmatch(path.relative_to(package).as_posix(), pattern)
                for package, name in names
                for pattern in patterns.get(name, [])
            )
            assert held, f"{path.relative_to(ROOT)}: add it to [tool.setuptools.package-data]"
