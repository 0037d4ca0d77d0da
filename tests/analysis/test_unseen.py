"""What few test images do not show: the luck of their draw where nearly all of them are decided right."""

from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.influences import influences, unseen
from bench.analysis.metrics import METRICS, Reading
from bench.statistics.levels import covariance

COUNTS = np.array([100, 10])


def reading(images: tuple[int, int], wrong: tuple[int, int]) -> Reading:
    """Return a reading of test images of two classes, some of each decided wrong."""
    labels = np.repeat([0, 1], images)
    decided = labels.copy()
    for k, some in enumerate(wrong):
        decided[np.flatnonzero(labels == k)[:some]] = 1 - k
    return Reading(labels, np.eye(2)[decided], np.eye(2)[decided], COUNTS)


@pytest.mark.parametrize("metric", ["acsa", "f1_minority"])
def test_all_right_of_few_images_is_no_certainty(metric: str) -> None:
    few, many = (reading((n, n), (0, 0)) for n in (10, 1000))
    assert (influences(METRICS[metric], few) ** 2).sum() == pytest.approx(0)
    assert unseen(METRICS[metric], few) ** 0.5 > 0.03 > 0.001 > unseen(METRICS[metric], many) ** 0.5


@pytest.mark.parametrize("metric", ["acsa", "f1_minority"])
def test_images_that_show_their_luck_need_no_more(metric: str) -> None:
    it = reading((300, 300), (60, 90))
    shown = (influences(METRICS[metric], it) ** 2).sum()
    assert 0 <= unseen(METRICS[metric], it) < 0.01 * shown


def test_a_class_of_one_image_and_a_metric_of_no_matrix_have_an_answer() -> None:
    assert unseen(METRICS["acsa"], reading((8, 1), (0, 0))) > 0
    assert unseen(METRICS["roc_auc"], reading((8, 1), (0, 0))) == 0.0


def test_a_variance_that_few_images_do_not_show_is_luck_of_all_means_of_a_place() -> None:
    places = np.array([0, 0, 1])
    plain = covariance([np.zeros((5, 20))] * 3, places)
    more = covariance([np.zeros((5, 20))] * 3, places, np.array([0.01, 0.03, 0.04])) - plain
    assert np.diag(more) == pytest.approx([0.02, 0.02, 0.04])
    assert more[0, 1] == pytest.approx(0.02), "what both share moves no difference"
