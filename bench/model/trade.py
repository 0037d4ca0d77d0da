"""The trade: what the recall of one class costs the others as its factor grows, drawn on the test images."""

from __future__ import annotations

import numpy as np

from bench.model.deciding import in_force, scores_of
from bench.model.saved import Facts
from bench.model.threshold import trials
from bench.report.pictures.picture import chart
from bench.report.pictures.style import BLUE, INK, QUIET, drawing, rules
from bench.training.scores import confusion_matrix, recalls

MOST_POINTS = 2000  # more than that no eye tells apart


def picture(told: Facts, facts: Facts) -> bytes:
    """Return the chart of a moved decision as PNG: its class's recall, across, against the mean of the others.

    `told` are the facts before. The class is the one whose factor was moved most.
    """
    assert facts.test is not None
    scores, labels = scores_of(facts, facts.test), facts.test.labels
    was, factors = in_force(told), in_force(facts)
    k = int(np.abs(np.log(np.maximum(factors, np.finfo(float).tiny))).argmax())

    def at(tried: np.ndarray) -> tuple[float, float]:
        found = recalls(confusion_matrix(labels, (scores * tried).argmax(axis=1), len(factors)))
        return float(found[k]), float(np.delete(found, k).mean())

    every = trials(k, factors, scores)
    shown = every[np.linspace(0, len(every) - 1, min(len(every), MOST_POINTS)).round().astype(int)]
    line = np.array([at(np.where(np.arange(len(factors)) == k, factor, factors)) for factor in shown])
    name, others = facts.classes[k], "the other class" if len(factors) == 2 else "the other classes, mean"
    with drawing(f"{facts.dataset}: what the recall of {name} costs", 5.2, 3.6) as drawn:
        axes = drawn.subplots()
        rules(axes, "both")
        reached = line[np.lexsort((-line[:, 1], line[:, 0]))]
        axes.plot(reached[:, 0], reached[:, 1], ".-", color=BLUE, linewidth=1.2, markersize=5)
        marks = ((was, "before", QUIET, -13), (factors, facts.factors_for, INK, 6))
        for tried, text, colour, down in marks:
            x, y = at(tried)
            axes.plot([x], [y], "o", color=colour, zorder=4)
            axes.annotate(text, (x, y), xytext=(6, down), textcoords="offset points", fontsize=8, color=colour)
        axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xlabel=f"recall of {name}", ylabel=f"recall of {others}")
        return chart(drawn)
