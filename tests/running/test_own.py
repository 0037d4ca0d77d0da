"""A dataset or a method of one's own needs a few lines and no change to the suite; what is wrong with it is named."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from builders import PLUGIN, as_on_a_fresh_machine, bench_toml, imbench, refused, reported_cells, tables
from PIL import Image

from bench.cli.fitting import settings_for
from bench.store.store import Store

EXPLODES = """
@register("Explodes", reference="none")
class Explodes(Method):
    \"\"\"Make the loss of the second epoch infinite.\"\"\"

    def __init__(self) -> None:
        self.steps = 0

    def loss(self, logits, labels):
        self.steps += 1
        return super().loss(logits, labels) * (float("nan") if self.steps > 3 else 1)
"""
MINE = '''
import numpy as np
from bench.method import Method, normalised
from bench.registry import register


@register("SquareRoot", reference="Mahajan et al. 2018, arXiv 1805.00932")
class SquareRoot(Method):
    """Weigh a class by the inverse square root of its count."""

    def class_weights(self, counts, progress):
        return normalised(1 / np.sqrt(counts))
'''


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)


def pictures(folder: Path, counts: dict[str, int]) -> Path:
    """Make a folder with one subfolder of noise pictures per class."""
    rng = np.random.default_rng(0)
    for label, count in counts.items():
        (folder / label).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(0, 256, (20, 24, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{number}.png")
    return folder


def test_a_folder_of_ones_own_in_three_lines(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "animals", {"cat": 24, "lynx": 12})
    bench_toml(tmp_path, f'[datasets.mine]\nfolder = "{folder}"\nminority = [3, 6]\n')
    ran = imbench("run", "--dataset", "mine", "--minority", "3", "--minority", "6")
    assert ran.status == 0 and "4 fits done now" in ran.err
    assert imbench("report", "--dataset", "mine").status == 0
    rows = reported_cells(tmp_path)
    assert {(row["task"], row["minority_count"]) for row in rows} == {("mine", "3"), ("mine", "6")}
    assert "mine" in tables(tmp_path) and "lynx" in tables(tmp_path)


@pytest.mark.usefixtures("undrawn")
def test_a_second_opinion_trains_on_the_split_of_the_first(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "animals", {"cat": 24, "lynx": 12})
    bench_toml(tmp_path, f'[datasets.mine]\nfolder = "{folder}"\n')
    assert imbench("run", "--dataset", "mine", "--minority", "3").status == 0
    pictures(tmp_path / "more", {"cat": 9})
    for path in (tmp_path / "more" / "cat").iterdir():  # a split drawn now would be another
        path.rename(folder / "cat" / f"later {path.name}")
    assert imbench("audit", "--dataset", "mine", "--rerun", "100%").status == 0
    assert not (tmp_path / "results" / "second" / "splits").exists()
    first, again = ([*Store(root).records()] for root in (tmp_path / "results", tmp_path / "results" / "second"))
    tested = {record.test.probabilities for record in first if record.test}
    assert again and {record.test.probabilities for record in again if record.test} == tested


@pytest.mark.usefixtures("undrawn")
def test_records_of_a_table_that_has_changed_since_are_shown_with_a_word(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "animals", {"cat": 24, "lynx": 12})
    rows = [f"{path.parent.name}/{path.name},{path.parent.name}" for path in sorted(folder.rglob("*.png"))]
    labels = tmp_path / "labels.csv"
    labels.write_text("\n".join(["file,class", *rows]))
    bench_toml(tmp_path, f'[datasets.mine]\nfolder = "{folder}"\nlabels = "{labels}"\n', seeds=2)
    assert imbench("run", "--dataset", "mine", "--minority", "3").status == 0
    assert "records alone" not in imbench("recommend", "mine").err
    labels.write_text("\n".join(["file,class", *rows[1:]]))
    said = imbench("recommend", "mine")
    assert said.status == 0 and "mine, " in said.out
    assert "mine: shown from its records alone: " in said.err and "labels.csv has changed since" in said.err
    assert imbench("report", "--dataset", "mine").status == 0
    assert "labels.csv has changed since" in (tmp_path / "reports" / "tiny" / "report.json").read_text()


def test_folders_that_differ_behind_a_dot_are_two_datasets(tmp_path: Path) -> None:
    bench_toml(tmp_path)
    names = set()
    for version in ("scans.v1", "scans.v2"):
        folder = pictures(tmp_path / version, {"cat": 6, "lynx": 6})
        names.add(settings_for(str(folder), tmp_path / "bench.toml")[1])
    assert names == {"scans.v1", "scans.v2"}


@pytest.mark.parametrize("damage", ["truncated", "text"])
def test_a_file_that_is_no_image_is_named(tmp_path: Path, damage: str) -> None:
    folder = pictures(tmp_path / "animals", {"cat": 20, "lynx": 12})
    broken = folder / "lynx" / "7.png"
    broken.write_bytes(broken.read_bytes()[:500] if damage == "truncated" else b"I am no image")
    bench_toml(tmp_path, f'[datasets.mine]\nfolder = "{folder}"\n')
    refused(imbench("run", "--dataset", "mine", "--minority", "3"), str(broken), "cannot be read as an image")


def test_an_image_that_changed_after_the_split_is_named(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "animals", {"cat": 20, "lynx": 12})
    bench_toml(tmp_path, f'[datasets.mine]\nfolder = "{folder}"\n')
    assert imbench("run", "--dataset", "mine", "--minority", "3", "--method", "CS").status == 0
    for path in folder.rglob("*.png"):
        path.write_bytes(path.read_bytes()[:500])
    line = refused(imbench("run", "--dataset", "mine", "--minority", "3", "--method", "US"))
    assert str(folder) in line and ".png is not the image of edition" in line
    assert imbench("data", "check", "mine").status == 1


@pytest.mark.usefixtures("undrawn")
def test_a_method_of_ones_own_in_one_file(tmp_path: Path) -> None:
    plugin = tmp_path / "square_root.py"
    plugin.write_text(MINE)
    bench_toml(tmp_path, plugins=[plugin], methods=["CS", "SquareRoot"])
    assert imbench("run").status == 0
    assert imbench("report").status == 0
    assert {row["method"]: row["status"] for row in reported_cells(tmp_path)} == {"CS": "done", "SquareRoot": "done"}
    assert "SquareRoot" in tables(tmp_path)
    listed = json.loads(imbench("list", "methods", "--json").out)
    assert next(row for row in listed if row["method"] == "SquareRoot")["fills"] == "weights"


def test_a_dataset_of_three_classes_has_no_translator_and_its_cells_say_so(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "animals", {"cat": 24, "fox": 24, "lynx": 12})
    own = f'[datasets.mine]\nfolder = "{folder}"\nminority = [3]\n'
    bench_toml(tmp_path, own, datasets=["mine"], methods=["Vanilla", "AUG", "ALT"])
    said = imbench("run", "--dry-run").err
    assert all(f"{name} translates between two classes, the task has 3" in said for name in ("AUG", "ALT"))
    ran = imbench("run")
    assert ran.status == 0 and "1 fit done now" in ran.err
    assert imbench("report").status == 0
    rows = {row["method"]: row for row in reported_cells(tmp_path)}
    assert {name: row["status"] for name, row in rows.items()} == {
        "Vanilla": "done",
        "AUG": "not applicable",
        "ALT": "not applicable",
    }


@pytest.mark.parametrize(
    ("source", "reason"),
    [(None, "no such file"), ("def broken(:\n", "SyntaxError"), ("import not_there_at_all\n", "ModuleNotFoundError")],
)
def test_a_plugin_that_cannot_be_loaded_is_named(tmp_path: Path, source: str | None, reason: str) -> None:
    plugin = tmp_path / "mine.py"
    if source is not None:
        plugin.write_text(source)
    bench_toml(tmp_path, plugins=[plugin])
    refused(imbench("status"), str(plugin), reason)


def test_a_method_whose_hook_is_misspelt_is_no_second_vanilla(tmp_path: Path) -> None:
    plugin = tmp_path / "misspelt.py"
    plugin.write_text(MINE.replace("SquareRoot", "Misspelt").replace("def class_weights", "def class_weight"))
    bench_toml(tmp_path, plugins=[plugin], methods=["Misspelt"])
    for command in ("run", "status"):
        refused(imbench(command), str(plugin), "Misspelt would be Vanilla: it overrides none of", "class_weights")
    plugin.write_text(plugin.read_text().replace("def class_weight(", "def class_weights("))
    assert imbench("status").status == 0, "mended, it is taken"


def test_a_method_that_raises_fails_its_own_cell(tmp_path: Path) -> None:
    plugin = tmp_path / "raises.py"
    body = "    def resample(self, train, rng):\n        raise RuntimeError('no\\nluck')\n"
    plugin.write_text(PLUGIN + f'@register("Raises")\nclass Raises(Method):\n{body}')
    bench_toml(tmp_path, plugins=[plugin], methods=["Raises", "Vanilla"])
    ran = imbench("run")
    assert ran.status == 1 and "1 fit done now, 0 before, 1 failed" in ran.err and "Traceback" not in ran.err
    assert "failed: stripes 12:6 Raises seed 0: RuntimeError: no" in imbench("status").out


@pytest.mark.usefixtures("undrawn")
def test_a_loss_that_diverges_is_a_failed_cell_and_the_others_go_on(tmp_path: Path) -> None:
    plugin = tmp_path / "explodes.py"
    plugin.write_text(PLUGIN + EXPLODES)
    path = bench_toml(tmp_path, plugins=[plugin], methods=["Explodes", "Vanilla", "CS"])
    path.write_text(path.read_text().replace("epochs = 1", "epochs = 4"))
    ran = imbench("run")
    assert ran.status == 1 and "2 fits done now, 0 before, 1 failed" in ran.err
    assert "failed: stripes 12:6 Explodes seed 0: " in imbench("status").out
    (failed,) = [record for record in Store(tmp_path / "results").records() if record.status == "failed"]
    assert failed.failed_epoch == 2 and "nan in epoch 2" in failed.error
    assert imbench("report").status == 0
    status = {row["method"]: row["status"] for row in reported_cells(tmp_path)}
    assert status == {"Explodes": "failed", "Vanilla": "done", "CS": "done"}
    assert imbench("run").status == 1, "what failed is tried again"


def test_an_error_with_a_name_that_is_no_text_fails_its_own_cell(tmp_path: Path) -> None:
    raises = MINE.replace("return normalised(1 / np.sqrt(counts))", "raise ValueError('gone\\udcff.csv')")
    (tmp_path / "raises.py").write_text(raises)
    bench_toml(tmp_path, plugins=[tmp_path / "raises.py"], methods=["SquareRoot", "Vanilla"])
    ran = imbench("run")
    assert ran.status == 1 and "1 fit done now, 0 before, 1 failed" in ran.err
    assert "gone\\udcff.csv" in imbench("status").out


def test_a_folder_whose_name_is_no_text_is_fitted(tmp_path: Path) -> None:
    folder = pictures(tmp_path / os.fsdecode(b"pets\xff"), {"cat": 24, "lynx": 12})
    bench_toml(tmp_path)
    said = imbench("fit", folder, "--method", "Vanilla", "--out", "mine")
    assert said.status == 0 and "mine: Vanilla on pets_, balanced accuracy" in said.err, said.err
