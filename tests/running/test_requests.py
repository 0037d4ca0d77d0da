"""A stage may ask for stages and fits: each artifact is handed over under the request that asked for it, no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from builders import PLUGIN, as_on_a_fresh_machine, bench_toml, imbench
from safetensors.torch import load_file
from small_stages import STAGES

from bench import registry
from bench.plan.config import load_config
from bench.plan.grid import build_grid
from bench.plan.job import Job
from bench.plan.jobcode import code_of
from bench.running.planning import make_plan
from bench.store.store import Store

LOOKS = (
    PLUGIN
    + """
import torch
from bench.registry import register_stage
from bench.stage import FitRequest, Made, Stage, StageRequest

SHORT, LONG, FIT = StageRequest("CycleGAN"), StageRequest.of("CycleGAN", epochs=3), FitRequest("{fit}")

@register_stage("Looks")
class Looks(Stage):
    reads = ("load_size", "image_size")

    def requires(self, counts):
        return (LONG, FIT, SHORT)

    def make(self, material):
        classifier, images = material.needed[FIT], material.device.images(material.train.pixels[:4])
        assert not classifier.training and not any(p.requires_grad for p in classifier.parameters())
        size = material.protocol.{field}
        asked = {{"long": LONG, "short": SHORT}}
        made = {{name: material.needed[it].translator.translate(images, 0) for name, it in asked.items()}}
        weights = {{f"weights.{{name}}": value.clone() for name, value in classifier.state_dict().items()}}
        made |= {{"logits": classifier(images[:, :, :32, :32]), "size": torch.tensor(size)}}
        return Made(made | weights, flops=7.0)

    def operations(self, counts, protocol, settings):
        return 7.0

@register("Uses")
class Uses(Method):
    def requires(self, counts, protocol):
        return (StageRequest("Looks"),)

    def class_weights(self, counts, progress):
        assert "logits" in self.artifacts[StageRequest("Looks")]
        return super().class_weights(counts, progress)
"""
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    return tmp_path


def toml(folder: Path, fit: str = "CS", field: str = "image_size", name: str = "looks.py", **run: Any) -> Path:
    plugin = folder / name
    plugin.write_text(LOOKS.format(fit=fit, field=field))
    settings = {"methods": ["Uses"], "translators": 1, "minority": [6]} | run
    return bench_toml(folder, STAGES.format(more=""), plugins=[plugin], **settings)


def jobs(path: Path) -> dict[str, Job]:
    config = load_config(path)
    registry.load(config.plugins)
    return {job.label: job for job in build_grid(config).jobs if job.kind != "measurement"}


def artifact(folder: Path, job: Job, name: str) -> dict[str, Any]:
    (file,) = (folder / "results" / "stages" / job.id).glob(f"{name}-*")
    return load_file(file)


def test_a_stage_is_handed_the_frozen_classifier_and_both_translators_each_by_its_request(folder: Path) -> None:
    path = toml(folder)
    said = imbench("run", "--config", path)
    assert said.status == 0, said.err
    made = jobs(path)
    looks = made["stripes 12:6 Looks"]
    kept = artifact(folder, looks, "artifact")
    assert kept["logits"].shape == (4, 2) and kept["size"] == 32
    weights = artifact(folder, made["stripes 12:6 CS seed 0"], "classifier")
    assert all((kept[f"weights.{name}"] == value).all() for name, value in weights.items()), "the fit's own weights"
    assert not (kept["long"] == kept["short"]).all(), "two trainings of one stage are two artifacts"
    assert [need.id for need in looks.needs] == [
        made[f"stripes 12:6 {name}"].id for name in ("CycleGAN(epochs=3)", "CS seed 0", "CycleGAN")
    ]
    assert looks.identity["stages"] == [need.id for need in looks.needs]
    assert {"bench.methods.cost_sensitive", "bench.training.frozen"} <= code_of(looks).keys()


def test_another_fit_is_another_stage(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = jobs(toml(folder))
    as_on_a_fresh_machine(monkeypatch, folder)
    registry.STAGES._entries.pop("Looks")
    registry.METHODS._entries.pop("Uses")
    second = jobs(toml(folder, fit="US", name="other.py"))
    assert first["stripes 12:6 Looks"].id != second["stripes 12:6 Looks"].id
    assert first["stripes 12:6 CycleGAN"].id == second["stripes 12:6 CycleGAN"].id


def test_a_fit_whose_weights_are_asked_for_later_is_done_again_for_them(folder: Path) -> None:
    path = toml(folder, methods=["CS"])
    assert imbench("run", "--config", path).status == 0
    fit = jobs(path)["stripes 12:6 CS seed 0"]
    assert not (folder / "results" / "stages" / fit.id).exists()
    more = load_config(toml(folder))
    assert fit.id in {job.id for job in make_plan(more, Store(folder / "results")).todo}


def test_a_field_of_the_protocol_that_is_not_declared_cannot_be_read(folder: Path) -> None:
    path = toml(folder, field="epochs")
    said = imbench("run", "--config", path)
    assert said.status == 1
    assert "the stage Looks reads 'epochs' of the protocol, which it does not declare" in said.err


def test_a_field_that_is_declared_or_is_the_size_of_the_images_is_part_of_the_identity(folder: Path) -> None:
    path = toml(folder)
    text, found = path.read_text(), []
    for line in ("image_size = 32", "image_size = 33"):
        path.write_text(text.replace("image_size = 32", line).replace("load_size = 32", "load_size = 40"))
        found.append(jobs(path))
    name = "stripes 12:6 Looks"
    assert found[0][name].id != found[1][name].id
    translator = "stripes 12:6 CycleGAN"
    assert found[0][translator].id == found[1][translator].id, "which does not look at it"
    path.write_text(text)
    assert found[0][translator].id != jobs(path)[translator].id, "its images had another size"
