"""The numbers that pictures draw are those of independent references, or of a count by hand."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import stats
from small_pictures import point, results, run
from small_records import small_record

from bench.analysis.experiments import Chance
from bench.report.pictures import calibration, counts, pareto, priors, ranks, training, variance
from bench.report.pictures.band import Band
from bench.report.pictures.calibration import Reliability, reliability
from bench.report.pictures.labels import apart, neighbours
from bench.report.pictures.panels import line_panels
from bench.report.pictures.pareto import Dot, front
from bench.report.pictures.tsne import Panel, agreement

X = np.arange(4)
FEW = ("Vanilla", "US", "ALT", "AUG")


def values(seeds: int = 5) -> np.ndarray:
    return np.random.default_rng(0).uniform(0.4, 0.6, (seeds, 4))


def test_an_interval_is_students() -> None:
    band = Band.interval(X, values())
    low, high = stats.t.interval(0.95, 4, loc=values().mean(axis=0), scale=stats.sem(values()))
    np.testing.assert_allclose((band.mean, band.low, band.high), (values().mean(axis=0), low, high))


def test_extremes_are_the_lowest_and_the_highest_seed() -> None:
    band = Band.extremes(X, values())
    np.testing.assert_allclose((band.low, band.high), (values().min(axis=0), values().max(axis=0)))


@pytest.mark.parametrize("make", [Band.interval, Band.extremes])
def test_lacking_seeds_are_left_out(make: type[Band]) -> None:
    holed = values()
    holed[1:, 1], holed[:, 2] = np.nan, np.nan  # one seed, and none
    band, whole = make(X, holed), make(X, values())
    for ours, all_there in ((band.mean, whole.mean), (band.low, whole.low), (band.high, whole.high)):
        assert np.array_equal(ours[[0, 3]], all_there[[0, 3]]) and np.isnan(ours[2])
    assert band.mean[1] == holed[0, 1] and np.isnan(band.low[1]) and np.isnan(band.high[1])
    assert not band.empty and make(X, np.full((3, 4), np.nan)).empty
    assert make(X, values(1)).mean.tolist() == values(1)[0].tolist()


def test_an_interval_of_shares_stays_within_them() -> None:
    band = Band.interval(X, np.array([[0.0, 1.0, 0.99, 0.5], [0.9, 0.0, 0.98, 0.5], [0.9, 0.9, 0.99, 0.5]]))
    assert band.low.min() == 0 and band.high.max() == 1
    assert band.low[3] == band.mean[3] == band.high[3] == 0.5


def test_the_interval_of_a_point_that_stands_alone_is_drawn() -> None:
    holed = values()
    assert not Band.interval(X, holed).alone.any()
    holed[:, 1] = np.nan
    band = Band.interval(X, holed)
    assert band.alone.tolist() == [True, False, False, False]
    narrow = replace(band, low=band.mean, high=band.mean)
    wide, bare = (line_panels("a", {"US": it}, "x", "its interval") for it in (band, narrow))
    pixels = [np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), int) for png in (wide, bare)]
    left = pixels[0].shape[1] // 8
    assert (pixels[0] != pixels[1])[:, :left].any(), "the first point has a bar"


def test_cells_that_failed_or_are_missing_are_not_drawn() -> None:
    frame = results((50, 900), FEW)
    mine = frame["method"] == "US"
    frame.loc[mine & (frame["seed"] > 2), ["status", "f1_minority"]] = ["failed", 0.0]
    frame.loc[frame["method"] == "ALT", "status"] = "missing"
    there = frame[mine & (frame["seed"] <= 2)].groupby("minority_count")["f1_minority"].mean()
    alt = counts.figure(frame, "toy").alt
    assert f"US {there[50]:.3f} at 50 and {there[900]:.3f} at 900" in alt
    assert "ALT" not in alt and "AUG" in alt


def test_stale_cells_are_drawn() -> None:
    frame = results((50,), FEW)
    assert counts.figure(frame.assign(status="stale"), "toy") == counts.figure(frame, "toy")


def test_only_the_asked_for_task_is_drawn() -> None:
    frame = results((50, 900), FEW)
    other = frame.assign(task="other", f1_minority=0.0)
    assert counts.figure(pd.concat([other, frame]), "toy") == counts.figure(frame, "toy")


def test_reliability_is_that_of_a_count_by_hand() -> None:
    rng = np.random.default_rng(0)
    probability = np.concatenate([rng.random(500), [0.0, 0.1, 1.0]])
    positive = rng.random(503) < probability**2
    found, total = reliability(positive, probability, bins=10), 0.0
    for k in range(10):
        mine = (probability >= k / 10) & ((probability < (k + 1) / 10) | (k == 9))
        assert found.count[k] == mine.sum()
        assert found.predicted[k] == pytest.approx(probability[mine].mean())
        assert found.observed[k] == pytest.approx(positive[mine].mean())
        total += mine.sum() / 503 * abs(positive[mine].mean() - probability[mine].mean())
    assert found.ece == pytest.approx(total) and total > 0.1


def test_ece_is_zero_for_the_calibrated_and_known_for_the_rest() -> None:
    assert reliability(np.array([True, False, False, False]), np.full(4, 0.25)).ece == 0
    assert reliability(np.array([True, True]), np.array([0.25, 0.75])).ece == pytest.approx(0.5)
    assert np.isnan(Reliability(np.array([]), np.array([]), np.array([])).ece)


def test_empty_bins_are_not_drawn() -> None:
    found = reliability(np.array([True, False]), np.array([0.05, 0.95]))
    assert found.count.tolist() == [1, 1]
    outcome = {"Vanilla": (np.array([True, False]), np.array([0.05, 0.95]))}
    assert "Vanilla 0.950" in calibration.figure(outcome, "calibration", "Toy", "zebra").alt


def test_nothing_beats_what_is_on_the_front_and_something_all_else() -> None:
    rng = np.random.default_rng(0)
    costs = rng.integers(1, 9, 60)
    points = [Dot(str(k), cost, cost + rng.integers(-5, 2)) for k, cost in enumerate(costs)]
    best = front(points)
    assert [p.cost for p in best] == sorted({p.cost for p in best}) and 1 < len(best) < 8

    def beaten(p: Dot) -> bool:
        return any(
            (q.cost <= p.cost and q.quality > p.quality) or (q.cost < p.cost and q.quality >= p.quality) for q in points
        )

    assert {(p.cost, p.quality) for p in points if not beaten(p)} == {(p.cost, p.quality) for p in best}


def test_the_front_and_every_cost_are_in_words() -> None:
    alt = pareto.figure([point(0, "Vanilla"), point(2, "CS"), point(1, "AUG")], "TFLOP", "F1", "pareto", "Toy").alt
    assert alt.endswith("On the Pareto front: CS.") and "AUG 0.702 at 200" in alt


def test_one_method_alone_can_be_drawn() -> None:
    assert pareto.figure([Dot("Vanilla", 1.0, 0.5)], "TFLOP", "F1", "pareto", "Toy").png
    assert counts.figure(results((50,), FEW[:1], seeds=1), "toy").png


def test_labels_move_only_as_far_as_they_must() -> None:
    assert apart(np.array([0.1, 0.9, 0.5]), 0.2).tolist() == pytest.approx([0.1, 0.9, 0.5])
    assert apart(np.array([0.5, 0.5]), 0.2).tolist() == pytest.approx([0.4, 0.6])
    crowd = np.random.default_rng(0).random(12) * 0.3
    placed = apart(crowd, 0.05)
    assert np.diff(np.sort(placed)).min() >= 0.05 - 1e-12
    assert np.argsort(placed).tolist() == np.argsort(crowd).tolist()
    assert placed.mean() == pytest.approx(crowd.mean())
    assert apart(np.array([]), 0.1).tolist() == []


def test_neighbours_are_chains_from_left_to_right() -> None:
    groups = neighbours(np.array([0.9, 0.1, 0.2, 0.5]), 0.15)
    assert [group.tolist() for group in groups] == [[1, 2], [3], [0]]
    assert neighbours(np.array([]), 0.1) == []


def test_agreement_is_the_share_of_like_nearest_neighbours() -> None:
    # 0 and 1 have each other; 5 and 6 are of two classes; 9 is nearest to 6.
    line = np.array([[0.0, 0], [1, 0], [5, 0], [6, 0], [9, 0]])
    assert agreement(Panel("", line, np.array([0, 0, 0, 1, 1]))) == pytest.approx(3 / 5)


def test_a_history_that_ends_early_counts_as_far_as_it_goes() -> None:
    short = run(1).model_copy(update={"history": run(1).history[:3], "selected_epoch": None})
    drawn = training.figure({"Vanilla": [short, run(2)]}, "validation_acsa", "training", "Toy")
    assert "Vanilla 0.850" in drawn.alt
    failed = small_record(3, history=[], selected_epoch=None)
    assert "Vanilla" not in training.figure({"Vanilla": [failed]}, "loss", "training", "Toy").alt


def test_a_training_loss_comes_with_its_warning() -> None:
    runs = {"Vanilla": [run(1)]}
    told = {q: training.figure(runs, q, "training", "Toy").caption for q in training.QUANTITIES}
    assert ["not comparable" in told[q] for q in ("validation_acsa", "validation_cross_entropy", "loss")] == [0, 0, 1]


def test_priors_are_named_with_their_values() -> None:
    grid = np.array([0.1, 0.5, 0.9])
    curves = {"Vanilla": np.array([[0.2, 0.5, 0.4], [0.4, 0.7, 0.6]])}
    drawn = priors.figure(grid, curves, {"training set": 0.0526, "uniform": 0.5}, "zebra", "priors", "Toy: F1")
    assert "training set (0.0526), uniform (0.5)" in drawn.caption
    assert "Vanilla 0.300 to 0.500, lowest 0.300" in drawn.alt


def test_ranks_are_told_in_order_with_groups_and_footnote() -> None:
    mean = {"CS": 2.5, "Vanilla": 3.0, "AUG": 1.25}
    drawn = ranks.figure(mean, [["CS", "Vanilla"]], 1.5, "3 datasets", "ranks", "Toy", "Three are few.")
    assert "AUG 1.25, CS 2.50, Vanilla 3.00" in drawn.alt and "Not told apart: CS, Vanilla." in drawn.alt
    assert "3 datasets" in drawn.caption and "1.50" in drawn.caption and drawn.caption.endswith("Three are few.")
    without = ranks.figure(mean, [["CS"]], None, "3 datasets", "ranks", "Toy")
    assert "difference" not in without.alt.split(".", 1)[1] and without.alt.endswith("Not told apart: none.")
    assert "critical difference" not in without.caption and without.caption.endswith("JMLR 7).")


def test_a_critical_difference_may_be_wider_than_all_ranks() -> None:
    # Nemenyi's for 14 methods on 2 datasets is 14.
    assert ranks.figure({"CS": 1.0, "AUG": 2.0}, [["CS", "AUG"]], 14.0, "2 datasets", "ranks", "Toy").png


def test_sources_stand_by_size_and_the_whole_last() -> None:
    sources = [Chance(*it) for it in (("order", 0.01, 20), ("all", 0.05, 20), ("subset", 0.03, 20))]
    sources[1] = Chance("all", 0.05, 20, whole=True)
    alt = variance.figure(sources, "ACSA", "variance", "Toy").alt
    assert alt.index("subset 0.0300 (20 runs)") < alt.index("order 0.0100") < alt.index("all 0.0500")
