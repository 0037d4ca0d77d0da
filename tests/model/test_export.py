"""An exported model gives other programs the probabilities and decisions that it gives us."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from builders import CPU, imbench, model_of_stripes, refused
from PIL import Image

from bench.errors import UserError
from bench.model.export import factors_of
from bench.model.saved import Model, load_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a model of stripes, whose decision is not that of the largest probability."""
    folder = tmp_path_factory.mktemp("export")
    made = model_of_stripes(folder)
    assert imbench("threshold", made, "--prior", "vertical=0.3", "--write").status == 0
    return made


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    return torch.randint(256, (5, 3, 32, 32), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def ours(model: Path, pictures: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    return load_model(model, CPU).decided(pictures)


@pytest.mark.slow
def test_onnx_decides_as_we_do_for_any_number_of_images(model: Path, pictures: torch.Tensor, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    said = imbench("export", model, "--out", tmp_path / "model.onnx")
    assert said.status == 0, said.err
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    probabilities, labels = session.run(None, {"pixels": pictures.float().numpy()})
    np.testing.assert_allclose(probabilities, ours(model, pictures)[0], atol=1e-5)
    assert (labels == ours(model, pictures)[1]).all()
    for i, pixels in enumerate(pictures):
        Image.fromarray(pixels.permute(1, 2, 0).numpy()).save(tmp_path / f"{i}.png")
    rows = [predicted(it, tmp_path, tmp_path / "said.csv") for it in (model, tmp_path / "model.onnx")]
    assert len(rows[0]) == 5 and rows[0] == rows[1]
    (tmp_path / "other.onnx").write_bytes((tmp_path / "model.onnx").read_bytes().replace(b"imbench", b"another"))
    refused(imbench("predict", tmp_path / "other.onnx", tmp_path), "not an ONNX file that `imbench export` wrote")


def predicted(model: Path, images: Path, out: Path) -> list[tuple[str, str]]:
    said = imbench("predict", model, images, "--out", out)
    assert said.status == 0, said.err
    with out.open(encoding="utf8") as file:
        return [(row["file"], row["decision"]) for row in csv.DictReader(file)]


@pytest.mark.slow
def test_torchs_own_program_decides_as_we_do(model: Path, pictures: torch.Tensor, tmp_path: Path) -> None:
    said = imbench("export", model, "--format", "pt2", "--out", tmp_path / "model.pt2")
    assert said.status == 0, said.err
    probabilities, labels = torch.export.load(tmp_path / "model.pt2").module()(pictures.float())
    np.testing.assert_allclose(probabilities.detach().numpy(), ours(model, pictures)[0], atol=1e-5)
    assert (labels.numpy() == ours(model, pictures)[1]).all()


def test_a_damaged_onnx_file_and_a_place_that_cannot_be_written_are_one_line(model: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    (tmp_path / "model.onnx").write_bytes(b"no model")
    refused(imbench("predict", tmp_path / "model.onnx", tmp_path), "model.onnx: cannot be read as ONNX")
    refused(imbench("predict", tmp_path / "none.onnx", tmp_path), "none.onnx: No such file")
    (tmp_path / "file").write_text("")
    refused(imbench("export", model, "--format", "pt2", "--out", tmp_path / "file" / "model.pt2"), "model.pt2: ")
    refused(imbench("export", model, "--format", "pt2", "--out", tmp_path), "a folder; what is exported goes")
    refused(imbench("export", model, "--out", tmp_path / "model.pt2"), "model.pt2: its ending says pt2")
    refused(imbench("export", model, "--out", tmp_path / "mine"), "mine: its ending says nothing")
    refused(imbench("predict", tmp_path / "file", tmp_path), "a model's folder, or an ONNX file")


def test_a_decision_that_is_no_product_is_refused_by_name(model: Path) -> None:
    loaded = load_model(model, CPU)

    class Odd:
        name = "Odd"

        def hook(self, name: str) -> object:
            return lambda probabilities, counts: probabilities[:, ::-1]

    assert factors_of(loaded).shape == (2,)
    odd = Model(loaded.facts, loaded.protocol, Odd(), loaded.classifier, CPU)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="Odd decides in a way of its own"):
        factors_of(odd)
