"""Without a method, the recommended one is taken and says so; images are fitted by their path; a body has a licence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, refused
from PIL import Image

from bench import registry
from bench.model.origin import licences, normalisation
from bench.model.saved import read_facts
from bench.networks.network import network_named


def test_the_recommended_method_is_taken_and_its_choice_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    bench_toml(tmp_path, datasets=["stripes"], methods=["Vanilla", "OS"], minority=[], at=["12:6"], seeds=2)
    assert imbench("run").status == 0
    said = imbench("fit", "stripes", "--at", "12:6")
    assert said.status == 0 and "is taken. Chosen among 2 methods with runs on these test images" in said.err, said.err
    facts = read_facts(tmp_path / "stripes-model")
    assert facts.choice is not None and facts.choice.low <= facts.choice.mean <= facts.choice.high
    assert facts.method[0].name in ("Vanilla", "OS") and facts.network and facts.licence == ""
    other = "OS" if facts.method[0].name == "Vanilla" else "Vanilla"
    said = imbench("fit", "stripes", "--at", "12:6", "--method", other, "--out", "named")
    named = read_facts(tmp_path / "named").choice
    assert said.status == 0 and named is not None and named.instead == facts.method[0].name, said.err
    assert named.low <= named.mean <= named.high and named.mean != facts.choice.mean
    assert f"{other} is taken. Named by hand, one of 2 methods" in said.err
    assert read_facts(tmp_path / "named").method[0].name == other
    said = imbench("fit", "stripes", "--at", "12:6", "--method", "CS", "--out", "without")
    assert said.status == 0 and read_facts(tmp_path / "without").choice is None, said.err
    said = imbench("threshold", "stripes/12:6/OS/1", "--recall", "horizontal=0.75", "--chart", "trade.png")
    assert said.status == 0 and "horizontal" in said.out and (tmp_path / "trade.png").stat().st_size > 2000, said.err
    refused(imbench("threshold", "stripes/12:6/OS/1", "--recall", "horizontal=0.75", "--write"), "is a cell")
    refused(imbench("threshold", "stripes/12:6/OS/5", "--recall", "horizontal=0.75"), "stripes/12:6/OS/5", "no record")
    card = (tmp_path / "stripes-model" / "README.md").read_text(encoding="utf8")
    assert "Chosen among 2 methods with runs on these test images" in card and "flatter" not in card


def test_the_only_method_with_runs_is_not_said_to_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    bench_toml(tmp_path, datasets=["stripes"], methods=["Vanilla", "CS"], minority=[], at=["12:6"], seeds=2)
    assert imbench("run").status == 0
    for method in ((), (), ("--method", "OS")):
        said = imbench("fit", "stripes", "--at", "12:10", *method)
        assert said.status == 0 and "Chosen" not in said.err and "one of" not in said.err, said.err
        assert ("OS is taken. There are no runs" in said.err) == (not method)
        assert read_facts(tmp_path / "stripes-model").choice is None


def test_a_folder_is_fitted_by_its_path_and_a_csv_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    bench_toml(tmp_path, methods=["Vanilla"], minority=[])
    rows = []
    for label in ("cat", "dog"):
        for i in range(12):
            path = tmp_path / "some images" / label / f"{label} {i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            noise = np.random.default_rng([i, *label.encode()]).integers(0, 256, (12, 12, 3), dtype=np.uint8)
            Image.fromarray(noise).save(path)
            rows.append(f"{path.name},{label}")
    said = imbench("data", "show", "some images")
    assert said.status == 0 and "some images: 24 images of 2 classes" in said.out, said.err
    said = imbench("fit", "some images")
    assert said.status == 0 and "OS is taken. There are no runs of two methods at this place" in said.err, said.err
    assert "some images: 24 images of 2 classes" in said.err
    assert read_facts(tmp_path / "some images-model").counts == (8, 8)
    (tmp_path / "some images" / "labels.csv").write_text("\n".join(["file,label", *rows]), encoding="utf8")
    said = imbench("fit", "some images/labels.csv", "--method", "Vanilla", "--out", "again")
    assert said.status == 0 and read_facts(tmp_path / "again").classes == ("cat", "dog"), said.err


def noise(folder: Path, label: str, count: int, seed: int) -> None:
    """Write images of one class that no other seed has."""
    (folder / label).mkdir(parents=True, exist_ok=True)
    for i in range(count):
        pixels = np.random.default_rng([seed, i, *label.encode()]).integers(0, 256, (12, 12, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / label / f"{i}.png")


def test_two_folders_of_one_name_have_a_split_and_a_model_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    bench_toml(tmp_path, methods=["Vanilla"], minority=[])
    for seed, place in enumerate(("a", "b")):
        for label in ("cat", "dog"):
            noise(tmp_path / place / "images", label, 12, seed)
    said = imbench("fit", "a/images", "--method", "Vanilla")
    assert said.status == 0, said.err
    first = read_facts(tmp_path / "images-model").records
    refused(imbench("fit", "b/images", "--method", "Vanilla"), "images-model", "other images", "--out")
    assert read_facts(tmp_path / "images-model").records == first
    said = imbench("fit", "b/images", "--method", "Vanilla", "--out", "second")
    assert said.status == 0 and read_facts(tmp_path / "second").records != first, said.err
    noise(tmp_path / "a" / "images", "cat", 1, seed=7)
    refused(imbench("fit", "a/images", "--method", "Vanilla"), "0.png is not the image of edition")


def test_the_licence_of_a_body_is_what_its_packages_state() -> None:
    registry.load()
    own = network_named("paper_cnn(width=2)")
    assert licences(own) == "" and normalisation(own) == {"pixels": "value / 127.5 - 1"}
    body = network_named("efficientnet_lite0(train=head)")
    assert "Apache" in licences(body) or "not installed" in licences(body)
    assert "ImageNet" in licences(body) and "0.498" in str(normalisation(body))
