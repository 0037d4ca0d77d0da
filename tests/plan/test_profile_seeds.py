"""A profile may say how many seeds there are, what they draw, and that trained generators are left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import registry
from bench.plan.config import load_config
from bench.plan.grid import build_grid, left_out
from bench.running.planning import keeps_weights
from bench.stage import FitRequest, StageRequest

SHIPPED = Path(__file__).resolve().parents[2] / "bench.toml"
registry.load()


@pytest.mark.parametrize(
    ("profile", "given", "seeds"), [("pretrained", None, 20), ("pretrained", 3, 3), ("cpu", None, 5)]
)
def test_a_command_goes_before_the_profile_and_the_profile_before_the_run(
    profile: str, given: int | None, seeds: int
) -> None:
    assert load_config(SHIPPED, profile=profile, seeds=given).run.seeds == seeds


def test_in_the_pretrained_profile_a_seed_draws_the_rare_images_and_nothing_is_shared_with_another_seed() -> None:
    config = load_config(SHIPPED, profile="pretrained", datasets=["digits"], methods=["Vanilla"], minority=[8], seeds=3)
    jobs = build_grid(config).jobs
    assert [job.streams.subset for job in jobs] == [0, 1, 2] and len({job.id for job in jobs}) == 3
    assert [job.streams.order for job in jobs] == [0, 1, 2]
    kept = config.model_copy(update={"run": config.run.model_copy(update={"keep_weights": ("*/*/Vanilla/1",)})})
    assert [keeps_weights(job, kept) for job in jobs] == [False, True, False]


def test_elsewhere_the_rare_images_are_the_same_for_every_seed() -> None:
    config = load_config(SHIPPED, profile="cpu", datasets=["digits"], methods=["OS"], minority=[8])
    grid = build_grid(config)
    shown = {cell.fit for cell in grid.cells}
    assert {job.streams.subset for job in grid.jobs if job.id in shown} == {0}


@pytest.mark.parametrize("profile", ["pretrained", "finetune"])
def test_rows_that_need_a_trained_generator_are_left_out_and_the_table_says_why(profile: str) -> None:
    config = load_config(SHIPPED, profile=profile, datasets=["digits"], methods=["AUG", "TS"], minority=[8], seeds=1)
    grid = build_grid(config)
    reasons = {cell.method: cell.not_applicable for cell in grid.cells}
    assert reasons["AUG"] and not reasons["TS"]
    assert {job.kind for job in grid.jobs} == {"fit"}


def test_a_row_that_needs_another_fit_is_no_generator() -> None:
    config = load_config(SHIPPED, profile="finetune")
    assert "trained_generators" in left_out([StageRequest("CycleGAN")], config)
    assert left_out([FitRequest("Vanilla")], config) == ""
    assert left_out([StageRequest("CycleGAN")], load_config(SHIPPED, profile="cpu")) == ""
