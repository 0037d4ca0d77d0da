"""What stands behind the numbers: experiments beside the grid reach the page, with figures that the records give."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, reported_cells
from small_stages import STAGES

from bench.analysis.metrics import METRICS, figures
from bench.plan.audit import audits
from bench.plan.config import Config, load_config
from bench.plan.controls import controls
from bench.plan.grid import build_grid
from bench.record import Record
from bench.store.store import Store

RUN = {"methods": ["Vanilla", "OS", "AUG"], "seeds": 2, "translators": 1}
Rows = dict[str, list[str]]  # texts of the rows that one name heads, in their order


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the report of a tiny store in which every experiment was run."""
    folder = tmp_path_factory.mktemp("evidence")
    with pytest.MonkeyPatch.context() as patch:
        as_on_a_fresh_machine(patch, folder)
        toml = bench_toml(folder, STAGES.format(more=""), minority=[4, 6], **RUN)
        assert imbench("run", "--config", toml, "--controls", "--oracle-audit").status == 0
        assert imbench("noise", "--config", toml, "--times", 2, "--method", "Vanilla").status == 0
        more = ("--minority", 6)  # of another count, which the page leaves out
        assert imbench("noise", "--config", toml, "--times", 2, "--method", "Vanilla", *more).status == 0
        assert imbench("report", "--config", toml).status == 0
    return folder


@pytest.fixture(scope="module")
def listings(folder: Path) -> Mapping[str, Rows]:
    """Return the report's listings by name."""
    found: dict[str, Rows] = {}
    said = json.loads((folder / "reports" / "tiny" / "report.json").read_text(encoding="utf8"))
    for listing in (*said["listings"], said["protocol"]):
        rows = found.setdefault(listing["name"].removeprefix("stripes-"), {})
        for first, *others in listing["rows"]:
            rows.setdefault(first, []).extend(it if isinstance(it, str) else it["text"] for it in others)
    return found


def config_of(folder: Path) -> Config:
    return load_config(folder / "bench.toml")


def mean(folder: Path, method: str, metric: str, counts: tuple[int, ...] = (4,)) -> float:
    rows = [it for it in reported_cells(folder) if it["method"] == method and int(it["minority_count"]) in counts]
    values = [float(row[metric]) for row in rows]
    assert len(values) == 2 * len(counts)
    return float(np.mean(values))


def figure_of(record: Record | None, metric: str) -> float:
    assert record is not None and record.test is not None
    probabilities = record.test.probabilities.array()
    found = figures(record.test.labels, probabilities, probabilities, record.identity["counts"])
    return float(found[metric])


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"[-+]?\d+\.\d+", text)]


def test_every_experiment_has_its_listing(listings: Mapping[str, Rows]) -> None:
    made = {
        "all-counts",
        "floor",
        "epochs",
        "classes",
        "confusion",
        "counts",
        "priors",
        "oracle",
        "controls",
        "noise",
    }  # no gaps: not the paper's
    assert set(listings) == made | {"settings"}


def test_the_mean_over_all_counts_is_that_of_the_tables(folder: Path, listings: Mapping[str, Rows]) -> None:
    for method, texts in listings["all-counts"].items():
        by_figure = {texts[k]: texts[k + 1 : k + 4] for k in range(0, len(texts), 4)}
        assert float(by_figure[METRICS["acsa"].title][0]) == pytest.approx(
            mean(folder, method, "acsa", (4, 6)), abs=6e-5
        )
    verdicts = [texts[3] for texts in listings["all-counts"].values()]
    assert "best" in verdicts and set(verdicts) <= {"best", "worse", "not distinguishable"}


def test_the_oracle_gap_is_what_the_test_set_would_have_claimed(folder: Path, listings: Mapping[str, Rows]) -> None:
    store, config = Store(folder / "results", read_only=True), config_of(folder)
    honest = {job.id: job.method for job in build_grid(config).jobs if job.kind == "fit"}
    assert set(listings["oracle"]) == set(honest.values())
    for method, texts in listings["oracle"].items():
        at = next(k for k in range(0, len(texts), 4) if texts[k] == "4")
        fair, oracle, gap = texts[at + 1 : at + 4]
        mine = [it for it in audits(config) if (it.kind, it.method, min(it.task.counts)) == ("audit", method, 4)]
        claimed = [figure_of(store.get(it.id), "acsa") for it in mine]
        assert len(claimed) == 2 and float(fair) == pytest.approx(mean(folder, method, "acsa"), abs=6e-5)
        assert float(oracle) == pytest.approx(np.mean(claimed), abs=6e-5)
        assert float(gap) == pytest.approx(float(oracle) - float(fair), abs=2e-4)


def test_a_control_stands_beside_what_it_controls_for(folder: Path, listings: Mapping[str, Rows]) -> None:
    store, found = Store(folder / "results", read_only=True), controls(config_of(folder))
    assert set(listings["controls"]) == {"AUG"}
    texts = listings["controls"]["AUG"]
    for said, *values in (texts[:5], texts[5:]):
        mine = [control for control in found if said == f"{control.job.method}, {control.epochs} epochs"]
        assert len(mine) == 2, "of both seeds"
        for text, metric in zip(values[1::2], ("f1_minority", "acsa"), strict=True):
            expected = np.mean([figure_of(store.get(control.job.id), metric) for control in mine])
            assert float(text) == pytest.approx(expected, abs=6e-5)
        assert float(values[0]) == pytest.approx(mean(folder, "AUG", "f1_minority"), abs=6e-5)
    assert len(texts) == 10, "Vanilla and OS"


def test_other_shares_of_the_test_set_do_not_change_what_equal_ones_show(
    folder: Path, listings: Mapping[str, Rows]
) -> None:
    """The test set of stripes has as many images of either class."""
    for method, (training, equal, reversed_, worst) in listings["priors"].items():
        assert float(equal) == pytest.approx(mean(folder, method, "f1_minority"), abs=6e-5)
        assert float(training) <= float(equal) + 1e-4 <= float(reversed_) + 2e-4, "a rarer class has a lower F1"
        assert numbers(worst)[0] <= min(map(float, (training, equal, reversed_)))


def test_noise_is_taken_apart_by_source(listings: Mapping[str, Rows]) -> None:
    sources = {"subset", "initialisation", "order", "augmentation", "dropout", "rounding", "test images"}
    assert set(listings["noise"]) == sources
    for name, (sd, interval, runs, methods) in listings["noise"].items():
        assert float(sd) >= 0
        if name != "test images":
            low, high = numbers(interval)
            assert low <= float(sd) <= high and runs == "2" and methods == "Vanilla"


def test_verify_holds_every_listing_against_the_named_records(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    said = imbench("verify", folder / "reports" / "tiny", "--config", folder / "bench.toml")
    assert said.status == 0 and said.err.endswith(": 0 differences\n")
