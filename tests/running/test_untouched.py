"""What a plugin changes for everybody fails its own cell, and no other cell's figures are others by it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from builders import PLUGIN, as_on_a_fresh_machine, bench_toml, imbench, refused
from torch import nn
from torch.nn import functional as F

from bench.store.store import Store
from bench.watching.untouched import Touched, untouched

MINE = (
    PLUGIN
    + """
import os
import numpy as np
import torch
from torch.nn import functional as F
from bench.training import inputs
{top}

@register("Mine")
class Mine(Method):
    def class_weights(self, counts, progress):
        {hook}
        return counts / counts
"""
)
CHANGES = {
    "a function": ("F.relu = F.gelu", "torch.nn.functional.relu"),
    "a method": (
        "torch.nn.Conv2d.forward = lambda self, x: self._conv_forward(x, self.weight, None)",
        "Conv2d.forward",
    ),
    "an inherited method": ("torch.Tensor.sinh = torch.Tensor.cosh", "Tensor.sinh"),
    "a function of the suite": ("inputs.random_crops = lambda *_: 1 / 0", "bench.training.inputs.random_crops"),
    "the default type": ("torch.set_default_dtype(torch.float64)", "torch's default dtype"),
    "oneDNN": ("torch.backends.mkldnn.enabled = False", "oneDNN"),
    "numpy's errors": ("np.seterr(all='ignore')", "numpy"),
    "the folder": ("os.chdir('/')", "the current folder"),
}


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)


def configured(folder: Path, top: str = "", hook: str = "pass") -> None:
    (folder / "mine.py").write_text(MINE.format(top=top, hook=hook))
    bench_toml(folder, plugins=[folder / "mine.py"], methods=["Mine", "CS"])


def figures(folder: Path) -> dict[str, np.ndarray]:
    """Return the probabilities of the test part by method of all records that are done."""
    done = [record for record in Store(folder / "results").records() if record.test is not None]
    return {str(record.identity["method"]): record.test.probabilities.array() for record in done if record.test}


@pytest.mark.parametrize("change", CHANGES)
def test_a_hook_that_changes_what_all_share_fails_its_own_cell(tmp_path: Path, change: str) -> None:
    code, named = CHANGES[change]
    before = F.relu, nn.Conv2d.forward, torch.get_default_dtype(), np.geterr(), os.getcwd()
    configured(tmp_path, hook=code)
    said = imbench("run", "--seeds", 2)
    assert (F.relu, nn.Conv2d.forward, torch.get_default_dtype(), np.geterr(), os.getcwd()) == before
    assert said.status == 1 and "2 fits done now, 0 before, 2 failed" in said.err
    assert named in said.err and "all other cells compute with" in said.err
    (ours,) = figures(tmp_path).values()
    (tmp_path / "alone").mkdir()
    assert imbench("run", "--method", "CS", "--seeds", 2, "--results", tmp_path / "alone" / "results").status == 0
    (alone,) = figures(tmp_path / "alone").values()
    np.testing.assert_array_equal(ours, alone)


@pytest.mark.parametrize("change", CHANGES)
def test_a_plugin_that_changes_what_all_share_is_refused(tmp_path: Path, change: str) -> None:
    code, named = CHANGES[change]
    configured(tmp_path, top=code)
    assert named in refused(imbench("status"), "mine.py", "all other cells compute with")


def change(error: type[Exception] | None = None) -> None:
    """Change four things that are shared."""
    with untouched():
        F.relu = F.gelu
        np.seterr(all="raise")
        torch.Tensor.add = torch.Tensor.mul  # type: ignore[method-assign]
        torch.set_default_dtype(torch.float64)
        if error:
            raise error


def test_all_that_is_changed_is_counted() -> None:
    with pytest.raises(Touched, match="and 1 more"):
        change()
    assert torch.ones(1).add(1).item() == 2


def test_what_an_error_leaves_changed_is_put_back_too() -> None:
    before = F.relu, np.geterr(), torch.get_default_dtype()
    with pytest.raises(KeyError):
        change(KeyError)
    assert (F.relu, np.geterr(), torch.get_default_dtype()) == before


def test_what_torch_itself_puts_around_its_functions_is_no_change(tmp_path: Path) -> None:
    configured(tmp_path)
    said = imbench("run", "--executor", "loky", "--workers", 1)
    assert said.status == 0 and "2 fits done now, 0 before, 0 failed" in said.err, "in a process that begins anew"
