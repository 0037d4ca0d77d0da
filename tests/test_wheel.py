"""Installed from a wheel, the suite is one package `bench` that leaves other packages' names alone."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from the files that git keeps, as a release does; without a network, skip."""
    folder, source = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("source")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git clone")
    for name in filter(None, listed.stdout.split("\0")):
        if (
            name.startswith(("bench", "methods", "datasets", "pyproject", "README", "LICENSE"))
            and (ROOT / name).exists()
        ):
            target = source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_symlink():
                target.symlink_to((ROOT / name).readlink())
            else:
                target.write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode and "No matching distribution" in done.stderr:
        pytest.skip("no package index to build with")
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


@pytest.mark.slow
def test_the_wheel_brings_one_package_with_methods_datasets_and_their_files(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"bench"}
    wanted = {"bench/methods/smote.py", "bench/datasets/folder.py", "bench/datasets/splits/celeba.json"}
    assert wanted <= set(names)


@pytest.mark.slow
def test_beside_another_package_called_datasets_both_work_from_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    site, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    zipfile.ZipFile(wheel).extractall(site)
    (site / "datasets").mkdir()
    (site / "datasets" / "__init__.py").write_text("whose = 'theirs'\n")
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import datasets, bench; from bench import registry; registry.load()\n"
        "assert datasets.whose == 'theirs' and bench.__file__.startswith(sys.argv[1])\n"
        "print(len(list(registry.METHODS)), sorted(entry.name for entry in registry.DATASETS)[0])"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program, str(site)], cwd=empty, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[1] == "celeba"
    program = "import sys; sys.path.insert(0, sys.argv.pop(1)); from bench.__main__ import main; main()"
    command = [sys.executable, "-I", "-c", program, str(site), "list", "methods"]
    listed = subprocess.run(command, cwd=empty, capture_output=True, text=True)
    assert listed.returncode == 0 and "Vanilla" in listed.stdout, listed.stderr
