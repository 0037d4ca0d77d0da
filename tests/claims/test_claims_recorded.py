"""Records reproduce what is clear and leave open what is not: their figures are those of the runs, with intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from small_claims import claim

from bench import registry
from bench.analysis.columns import columns
from bench.analysis.compared import judged_generators
from bench.analysis.decisions import decision_of
from bench.analysis.spots import Place, Spot
from bench.claims.claim import Claim
from bench.claims.published import Published
from bench.claims.recorded import Recorded
from bench.claims.verdicts import judge
from bench.dataset import Task
from bench.expression import Expression
from bench.plan.grid import Cell
from bench.record import Predictions, Record
from bench.statistics.judged import Judged, luck
from bench.statistics.outcomes import MISSING, Outcomes

LABELS = np.repeat([0, 1], 200)


def decisions(right: float, rng: np.random.Generator, seeds: int = 5) -> np.ndarray:
    """Return decisions (S, I) that are right with that chance."""
    return np.where(rng.random((seeds, len(LABELS))) < right, LABELS, 1 - LABELS)


def column(count: int, seeds: int = 5, **right: float) -> dict[Place, Outcomes]:
    rng = np.random.default_rng(count)
    decided = np.array([decisions(chance, rng, seeds) for chance in right.values()])
    return {("toy", f"90:{count}"): Outcomes(f"90:{count}", tuple(right), LABELS, decided)}


def test_records_reproduce_what_is_clear_and_leave_open_what_is_not() -> None:
    evidence = Recorded(column(5, A=0.9, B=0.6, C=0.895) | column(9, A=0.97, B=0.9))
    verdicts = {
        "A beats B": judge(claim("beats", over=["B"]), evidence, Published())[0],
        "B beats A": judge(claim("beats", method="B", over=["A"]), evidence, Published())[0],
        "A beats C": judge(claim("beats", over=["C"]), evidence, Published())[0],
        "recall": judge(claim("beats", over=["B"], metric="recall_minority"), evidence, Published())[0],
        "precision": judge(claim("beats", over=["B"], metric="precision_majority"), evidence, Published())[0],
        "growth": judge(claim("grows", method="B", minority=[5, 9], by=0.1), evidence, Published())[0],
        "level": judge(claim("above", threshold=0.85), evidence, Published())[0],
        "D": judge(claim("above", method="D", threshold=0.85), evidence, Published())[0],
    }
    assert verdicts == {
        "A beats B": "reproduced",
        "B beats A": "contradicted",
        "A beats C": "undecided at this noise",
        "recall": "reproduced",
        "precision": "reproduced",
        "growth": "reproduced",
        "level": "reproduced",
        "D": "not run",
    }


def test_figures_are_those_of_the_runs() -> None:
    evidence = Recorded(column(5, A=0.9, B=0.6))
    decided = evidence.columns["toy", "90:5"].decisions
    found = np.array([[(run[LABELS == 1] == 1).mean() for run in rows] for rows in decided]).mean(axis=1)
    precision = np.array([[(LABELS[run == 0] == 0).mean() for run in rows] for rows in decided]).mean(axis=1)
    for metric, means in (("recall_minority", found), ("precision_majority", precision)):
        level = evidence.level("toy", 5, metric, "B")
        assert level is not None and level.value == pytest.approx(means[1])
        difference = evidence.difference("toy", 5, metric, "A", "B")
        assert difference is not None and difference.value == pytest.approx(means[0] - means[1])
        assert difference.low < difference.value < difference.high


def test_a_single_run_or_a_lacking_one_decides_nothing() -> None:
    one = Recorded(column(5, seeds=1, A=0.9, B=0.2))
    assert judge(claim("beats", over=["B"]), one, Published())[0] == "undecided at this noise"
    lacking = column(5, A=0.9, B=0.2)["toy", "90:5"]
    lacking.decisions[1, 3] = MISSING
    assert judge(claim("beats", over=["B"]), Recorded({("toy", "90:5"): lacking}), Published())[0] == "not run"


@pytest.mark.parametrize("alone", [0, 1])
@pytest.mark.parametrize(
    "said",
    [
        claim("above", threshold=0.5),
        claim("below", threshold=0.5, metric="f1_minority"),
        claim("beats", over=["B"], metric="recall_minority"),
        claim("grows", minority=[5, 9]),
    ],
    ids=lambda it: it.kind,
)
def test_one_test_image_of_a_class_decides_nothing(said: Claim, alone: int) -> None:
    columns = column(5, A=0.9, B=0.6) | column(9, A=0.97, B=0.9)
    first = int(np.argmax(alone == LABELS))
    kept = np.sort(np.r_[np.flatnonzero(alone != LABELS), first])
    few = {at: replace(it, labels=LABELS[kept], decisions=it.decisions[..., kept]) for at, it in columns.items()}
    assert judge(said, Recorded(few), Published())[0] == "undecided at this noise"


def test_measured_shares_are_judged_by_evaluators_and_by_translators() -> None:
    spots = {name: Spot(name, "toy", "90:5") for name in ("ALT", "CycleGAN")}
    harsh = np.array([0.0, -0.3, 0.1])  # what evaluators do to all translators alike
    shares = {"ALT": np.array([0.80, 0.82, 0.84])[:, None] + harsh, "CycleGAN": np.array([[0.70, 0.71, 0.72]]) + harsh}
    steady = {spots[name]: Judged(values, luck(shares.values())) for name, values in shares.items()}
    said = claim("beats", metric="translation_accuracy", method="ALT", over=["CycleGAN"])
    assert judge(said, Recorded({}, steady), Published())[0] == "reproduced"
    found = Recorded({}, steady).difference("toy", 5, "translation_accuracy", "ALT", "CycleGAN")
    # Over three evaluators, three translators of ALT and one of CycleGAN, with 2 degrees of freedom.
    variances = np.array([1e-4 / 3, 4e-4 / 3, 4e-4])
    half_width = stats.t.ppf(0.975, 2) * variances.sum() ** 0.5
    assert found is not None and found.value == pytest.approx(0.11)
    assert (found.high - found.value, found.value - found.low) == pytest.approx((half_width, half_width))
    level = Recorded({}, steady).level("toy", 5, "translation_accuracy", "ALT")
    sd = (4e-4 + harsh.var(ddof=1)) ** 0.5
    assert level is not None and level.high - level.value == pytest.approx(4.3027 * sd / 3**0.5, rel=1e-4)
    one = {spot: Judged(values.shares[:1, :1]) for spot, values in steady.items()}
    assert judge(said, Recorded({}, one), Published())[0] == "undecided at this noise"
    assert judge(said, Recorded({}), Published())[0] == "not run"


TOY = Task("toy", "1", "s", ("many", "few"), (90, 10), "90:10")


def test_columns_hold_each_methods_decisions_and_mark_what_is_lacking() -> None:
    test = Predictions.of(np.array([0, 0, 1]), np.array([[0.95, 0.05], [0.7, 0.3], [0.6, 0.4]]))
    record = Record(id="r", identity={"counts": [90, 10]}, status="done", test=test)
    cells = [
        Cell(TOY, Expression.parse(method), seed, "cpu", "r" if seed == 0 else "lost")
        for method in ("Vanilla", "TS")
        for seed in (0, 1)
    ]
    cells.append(Cell(TOY, Expression.parse("Vanilla"), 0, "cpu", "r", translator=1))
    registry.load()
    column = columns(cells, {"r": record}.get, decision_of)["toy", "90:10"]
    assert column.methods == ("Vanilla", "TS") and list(column.labels) == [0, 0, 1]
    assert column.decisions.tolist() == [[[0, 0, 0], [MISSING] * 3], [[0, 1, 1], [MISSING] * 3]]


def test_figures_of_generators_are_judged_by_the_luck_of_those_trained_several_times() -> None:
    frame = pd.DataFrame(
        {
            "makes": "images",
            "status": "done",
            "task": "toy",
            "place": "exp 10",
            "generator": ["A(epochs=40)"] * 3 + ["B", "C(epochs=2, start=False)"],
            "fid": [30.0, 31.0, 32.0, 50.0, 32.5],
            "kl/seed0": [0.1, 0.1, 0.1, 0.4, np.nan],
            "kl/seed1": [0.2, 0.2, 0.2, 0.5, np.nan],
        }
    )
    recorded = Recorded({}, generated=judged_generators(frame))

    def verdict(over: str, **more: object) -> str:
        fields = {"metric": "generated_fid", "method": "B", "over": [over], "minority": [], "at": ["exp 10"]}
        return judge(claim("beats", **(fields | more)), recorded, Published())[0]

    assert verdict("A") == "reproduced", "B is farther from real images"
    assert verdict("C(start=False)", method="A") == "undecided at this noise"
    assert verdict("D") == "not run"
    assert verdict("A", metric="generated_kid") == "not run", "no such figure was measured"
    alone = judged_generators(frame[frame["generator"] == "B"])
    told = Recorded({}, generated=alone).level("toy", "exp 10", "generated_kl", "B")
    assert told is not None and told.value == pytest.approx(0.45) and told.high == float("inf"), "one training"
    assert judged_generators(frame.assign(makes="translations")) == {}
