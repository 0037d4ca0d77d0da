"""The doctor names what is wrong outside the code."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

import bench.registry
from bench.dataset import Dataset, Pinned, Split, rare
from bench.plan.config import Config
from bench.registry import Registry
from bench.running import doctor


def config(folder: Path, **paths: Path) -> Config:
    folders = {name: folder / name for name in ("data", "results", "reports", "cache")} | paths
    return Config(
        run={"datasets": ["toy"], "methods": ["Vanilla"], "profile": "p"},
        profiles={"p": {}},
        paths=folders,
        datasets={"mine": {"folder": folder / "mine"}},
    )


def by_name(checks: list[doctor.Check]) -> dict[str, doctor.Check]:
    return {check.name: check for check in checks}


def files(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


class Toy(Dataset):
    """Two images in a folder."""

    name, classes, imbalances = "toy", ("a", "b"), (rare(1),)

    def split(self) -> Split:
        return Split(self.classes, {part: {"a": ("a.png",), "b": ("b.png",)} for part in ("train", "val", "test")})

    def pin(self) -> Pinned:
        raise AssertionError("the doctor does not need the digests")


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    registry: Registry[Dataset] = Registry("dataset")
    registry.register("toy")(Toy)
    monkeypatch.setattr(bench.registry, "DATASETS", registry)
    monkeypatch.setattr(doctor, "dataset_named", lambda name, config: Toy(config.paths.data_root / name))
    monkeypatch.delenv("IMBENCH_DATA", raising=False)


@pytest.mark.usefixtures("toy")
def test_examination_is_one_line_a_check_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    before = files(tmp_path)
    checks = doctor.examine(config(tmp_path))
    assert files(tmp_path) == before
    assert len(by_name(checks)) == len(checks)
    for check in checks:
        assert check.status in {"ok", "warn", "fail"}
        assert check.line
        assert "\n" not in check.line
    assert by_name(checks)["write results"].status == by_name(checks)["locking"].status == "ok"


@pytest.mark.usefixtures("toy")
def test_missing_images_are_counted_and_the_command_that_gets_them_is_named(tmp_path: Path) -> None:
    found = by_name(doctor.examine(config(tmp_path)))
    assert found["data"].status == found["dataset toy"].status == found["dataset mine"].status == "warn"
    assert "6 of 6" in found["dataset toy"].line
    assert "imbench data prepare toy" in found["dataset toy"].line

    (tmp_path / "data" / "toy").mkdir(parents=True)
    (tmp_path / "mine").mkdir()
    for name in ("a.png", "b.png"):
        (tmp_path / "data" / "toy" / name).touch()
    found = by_name(doctor.examine(config(tmp_path)))
    assert found["data"].status == found["dataset toy"].status == found["dataset mine"].status == "ok"


@pytest.mark.usefixtures("toy")
def test_folder_that_cannot_be_written_fails_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()  # not a permission bit: those do not stop root
    found = by_name(doctor.examine(config(tmp_path, results=tmp_path / "file" / "results")))
    assert found["write results"].status == found["locking"].status == "fail"
    assert str(tmp_path / "file") in found["write results"].line
    assert found["write reports"].status == "ok"


def test_file_system_that_does_not_lock_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fcntl.flock", lambda descriptor, operation: None)
    check = doctor.locking(tmp_path)
    assert check.status == "fail"
    assert "one runner" in check.line


def test_version_that_differs_from_the_constraints_is_named(tmp_path: Path) -> None:
    constraints = tmp_path / "constraints.txt"
    constraints.write_text(f"# head\nnumpy=={version('numpy')}\nscikit-learn==0.0.1\nnot-installed==1\n")
    check = doctor.packages(constraints)
    assert check.status == "warn"
    assert f"scikit-learn {version('scikit-learn')} (not 0.0.1)" in check.line
    assert "numpy" not in check.line
    assert "not-installed" not in check.line

    constraints.write_text(f"numpy=={version('numpy')}\n")
    assert doctor.packages(constraints).status == "ok"
    assert doctor.packages(tmp_path / "absent.txt").status == "warn"
