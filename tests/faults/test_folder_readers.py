"""A damaged file of a model, of a report, or of remembered digests: it is read, or one line says what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, model_of_stripes
from damaged import MANY, contents, outcome
from hypothesis import given
from hypothesis import strategies as st

from bench.data.manifest import digests
from bench.dataset import Dataset, Pinned, Split
from bench.model.saved import FACTS, load_model
from bench.plan.config import load_config
from bench.report.emit import JSON
from bench.report.verification.checks import CELLS, check_cells
from bench.report.verification.printed import read_printed
from bench.store.store import Store
from bench.training.device import Device


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a model."""
    return model_of_stripes(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with records of two cells and their report."""
    folder = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        as_on_a_fresh_machine(patch, folder)
        bench_toml(folder, datasets=["stripes"], methods=["TS"], minority=[6])
        assert imbench("run").status == 0 == imbench("report").status
    return folder


@MANY
@given(data=st.data())
def test_a_models_facts_are_read_or_refused_in_one_line(model: Path, data: st.DataObject) -> None:
    whole = (model / FACTS).read_bytes()
    with changed(model / FACTS, data.draw(contents(whole), label="content")):
        found, refused = outcome(lambda: load_model(model, Device.best()))
    assert refused or len(found.classes) == 2


@pytest.mark.parametrize("name", [CELLS, JSON])
@MANY
@given(data=st.data())
def test_a_reports_file_is_read_and_judged_or_refused_in_one_line(
    name: str, written: Path, data: st.DataObject
) -> None:
    path = written / "reports" / "tiny" / name
    config, stores = load_config(written / "bench.toml"), [Store(written / "results", read_only=True)]
    with changed(path, data.draw(contents(path.read_bytes()), label="content")):
        outcome(lambda: check_cells(path, config, stores) if name == CELLS else read_printed(path))


class Tiny(Dataset):
    """A file in a folder."""

    name = "tiny"
    classes = ("a", "b")
    imbalances = ()

    def pin(self) -> Pinned:
        return Pinned("tiny-1", Split(self.classes, {}))


@MANY
@given(data=st.data())
def test_whatever_is_remembered_of_digests_is_used_or_forgotten(tmp_path: Path, data: st.DataObject) -> None:
    memo, tiny = tmp_path / "memo.json", Tiny(tmp_path)
    if not tiny.path("picture").exists():  # examples share the folder
        tiny.path("picture").write_bytes(b"pixels")
    memo.unlink(missing_ok=True)
    right = digests(tiny, ["picture"], memo)
    memo.write_bytes(data.draw(contents(memo.read_bytes()), label="content"))
    assert digests(tiny, ["picture"], memo).keys() == right.keys()
    assert digests(tiny, ["picture"]) == right


@contextmanager
def changed(path: Path, content: bytes) -> Iterator[None]:
    """Let a file have another content for a while."""
    whole = path.read_bytes()
    path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(whole)
