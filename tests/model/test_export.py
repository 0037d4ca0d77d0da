"""An exported model gives other programs the probabilities that it gives us."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from builders import CPU, as_on_a_fresh_machine, bench_toml, imbench

from bench.model.saved import load_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a model of stripes."""
    folder = tmp_path_factory.mktemp("export")
    with pytest.MonkeyPatch.context() as patch:
        as_on_a_fresh_machine(patch, folder)
        toml = bench_toml(folder, methods=["OS"], minority=[])
        said = imbench("fit", "stripes", "--method", "OS", "--at", "12:6", "--out", folder / "mine", "--config", toml)
        assert said.status == 0, said.err
    return folder / "mine"


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    return torch.randint(256, (5, 3, 32, 32), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


@pytest.mark.slow
def test_onnx_gives_our_probabilities_for_any_number_of_images(
    model: Path, pictures: torch.Tensor, tmp_path: Path
) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    said = imbench("export", model, "--out", tmp_path / "model.onnx")
    assert said.status == 0, said.err
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    (theirs,) = session.run(None, {"pixels": pictures.float().numpy()})
    ours = load_model(model, CPU).probabilities(pictures)
    np.testing.assert_allclose(theirs, ours, atol=1e-5)
    assert (theirs.argmax(axis=1) == ours.argmax(axis=1)).all()


@pytest.mark.slow
def test_torchs_own_program_gives_our_probabilities(model: Path, pictures: torch.Tensor, tmp_path: Path) -> None:
    said = imbench("export", model, "--format", "pt2", "--out", tmp_path / "model.pt2")
    assert said.status == 0, said.err
    theirs = torch.export.load(tmp_path / "model.pt2").module()(pictures.float())
    np.testing.assert_allclose(theirs.detach().numpy(), load_model(model, CPU).probabilities(pictures), atol=1e-5)
