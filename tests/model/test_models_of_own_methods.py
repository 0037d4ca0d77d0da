"""A model of one's own method is of today's code, and is put to use where its plugin is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, refused
from PIL import Image

from bench.datasets.stripes import pixels
from bench.model.saved import read_facts

METHOD = """
import numpy as np
from bench.method import Method, normalised
from bench.registry import register

@register("PowerCS", reference="a test")
class PowerCS(Method):
    def class_weights(self, counts: np.ndarray, progress: float) -> np.ndarray:
        return normalised(counts ** -{power})
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a plugin, a configuration that names it, a picture and a model of its method; return the folder."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        as_on_a_fresh_machine(patch, folder)
        (folder / "power.py").write_text(METHOD.format(power=0.2))
        Image.fromarray(pixels("test/vertical/000")).save(folder / "one.png")
        fitted(bench_toml(folder, methods=["PowerCS"], minority=[], plugins=[folder / "power.py"]), "mine")
    return folder


@pytest.fixture
def toml(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the configuration in a copy of that folder, which a test may change and works in."""
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    shutil.copytree(home, tmp_path, dirs_exist_ok=True)
    toml = tmp_path / "bench.toml"
    toml.write_text(toml.read_text().replace(str(home), str(tmp_path)))
    return toml


def afresh(*arguments: object) -> None:
    """Run a command in a process of its own, that imports plugins as they are now."""
    done = subprocess.run([sys.executable, "-m", "bench", *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def fitted(toml: Path, folder: str) -> bytes:
    afresh("fit", "stripes", "--method", "PowerCS", "--at", "12:6", "--out", folder, "--config", toml)
    return (Path(folder) / "model.safetensors").read_bytes()


def test_a_model_of_ones_own_method_is_used_where_its_plugin_is(toml: Path) -> None:
    for command in (("predict", "mine", "one.png"), ("threshold", "mine", "--recall", "vertical=1")):
        assert imbench(*command, "--config", toml).status == 0, command


@pytest.mark.parametrize("redone", [False, True], ids=["stale", "done again without weights"])
def test_a_model_is_never_of_code_that_has_changed_since(redone: bool, toml: Path, tmp_path: Path) -> None:
    before, old = Path("mine/model.safetensors").read_bytes(), read_facts(Path("mine"))
    (tmp_path / "power.py").write_text(METHOD.format(power=3.0))
    if redone:
        afresh("run", "--dataset", "stripes", "--at", "12:6", "--config", toml, "--redo-stale")
    assert fitted(toml, "again") != before
    new = read_facts(Path("again"))
    assert new.test is not None and old.test is not None
    assert not np.array_equal(new.test.probabilities.array(), old.test.probabilities.array())


def test_no_model_of_changed_code_is_written_where_the_new_code_fails(toml: Path, tmp_path: Path) -> None:
    power = METHOD.format(power=0.2)
    (tmp_path / "power.py").write_text(power.replace("return normalised(", "raise ValueError("))
    command = ["fit", "stripes", "--method", "PowerCS", "--at", "12:6", "--out", "again", "--config", str(toml)]
    done = subprocess.run([sys.executable, "-m", "bench", *command], capture_output=True, text=True)
    assert done.returncode == 2 and "PowerCS" in done.stderr.splitlines()[-1] and "failed" in done.stderr
    assert not Path("again").exists()


def test_what_a_model_loses_that_is_written_anew_is_said(toml: Path) -> None:
    said = imbench("threshold", "mine", "--recall", "vertical=1", "--write", "--config", toml)
    assert "chosen on validation images, of which " in said.err and "vertical are found" in said.err
    again = imbench("fit", "stripes", "--method", "OS", "--at", "12:6", "--out", "mine", "--config", toml)
    assert "mine: its decision for recall vertical=1 is dropped" in again.err
    assert "mine: the model there, of PowerCS, is replaced" in again.err
    for _ in range(2):  # the second is of the same method, whatever the order of its parts
        again = imbench(
            "fit", "stripes", "--method", "CBL(beta=0.9)+US", "--at", "12:6", "--out", "other", "--config", toml
        )
    assert again.status != 0 or "is replaced" not in again.err


def test_a_folder_that_is_gone_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    monkeypatch.chdir(tmp_path)
    for label in ("cat", "dog"):
        (tmp_path / "pets" / label).mkdir(parents=True)
        for i in range(14):
            noise = np.random.default_rng([*label.encode(), i]).integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(noise).save(tmp_path / "pets" / label / f"{i}.png")
    toml = tmp_path / "bench.toml"
    toml.write_text(
        '[run]\ndatasets = ["mine"]\nprofile = "smoke"\nmethods = ["Vanilla"]\n[datasets.mine]\nfolder = "pets"\n'
    )
    assert imbench("run", "--seeds", "1").status == 0
    shutil.move(tmp_path / "pets", tmp_path / "moved")
    for command in (("data", "show", "mine"), ("run", "--seeds", "1")):
        said = imbench(*command)
        assert f"the folder {tmp_path / 'pets'} is gone, and with it all 28 images" in said.out + said.err, command
    refused(imbench("data", "show", "gone.csv"), "gone.csv: no such folder of images, nor csv of labels")
