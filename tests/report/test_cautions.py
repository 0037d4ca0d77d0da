"""Every table of photographs that a pretrained body has seen says so, and what a seed varies beside the usual."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from small_reports import runs

from bench import registry
from bench.analysis.layout import Label
from bench.analysis.measured import measured
from bench.plan.config import load_config
from bench.report.cautions import SUBSET, WHOLE, cautions, with_cautions
from bench.report.sheets import Frames, sheets
from bench.report.table import Table

SHIPPED = Path(__file__).resolve().parents[2] / "bench.toml"
TASKS = ("horse2zebra", "celeba", "digits")
registry.load()


def tables(profile: str, tasks: tuple[str, ...] = TASKS) -> dict[str, list[Table]]:
    """Return the tables of our own figures that a report under a profile has, by the datasets that they show."""
    config = load_config(SHIPPED, profile=profile)
    cells = pd.concat([runs(task, "OS", 100, [8, 9]) for task in tasks])
    nothing = measured((), profile, lambda id: None, lambda made: False)
    frames = Frames(cells, nothing, "banner", cautions=cautions(config, tasks))
    made = [table for sheet in sheets(frames, tasks) for table in sheet.tables.values() if table.banner]
    labels = {id(it): [*it.columns, *(row.label for row in it.rows)] for it in made}
    shown = {id(it): {label.place[0] for label in labels[id(it)] if label.place} for it in made}
    return {task: [it for it in made if task in shown[id(it)]] for task in tasks}


@pytest.mark.parametrize("profile", ["pretrained", "finetune"])
def test_every_table_of_photographs_that_the_body_has_seen_warns(profile: str) -> None:
    found = tables(profile)
    assert all(found.values())
    for table in found["horse2zebra"]:
        assert any("ImageNet" in note and "horse2zebra" in note for note in table.notes), table.name
    alone = [table for table in found["digits"] if table not in found["horse2zebra"]]
    assert alone and not any("ImageNet" in note for table in alone for note in table.notes)


def test_a_network_that_starts_from_nothing_needs_no_warning() -> None:
    assert not any("ImageNet" in note for made in tables("cpu").values() for table in made for note in table.notes)


def test_tables_say_where_a_seed_draws_the_rare_images_too() -> None:
    told = {profile: tables(profile, ("digits",))["digits"] for profile in ("pretrained", "cpu")}
    assert all(SUBSET in table.notes for table in told["pretrained"])
    assert not any(SUBSET in table.notes for table in told["cpu"])


def test_where_nothing_is_cut_the_spread_over_seeds_holds_no_luck_of_images() -> None:
    def noted(*places: str) -> list[str]:
        columns = tuple(Label(place, place=("digits", place)) for place in places)
        table = Table("t", "title", "caption", "Method", columns, (), banner="banner")
        return [note for note in with_cautions(table, {"digits": (SUBSET,)}).notes if note in (SUBSET, WHOLE)]

    assert noted("natural") == [WHOLE]
    assert noted("8", "natural") == [SUBSET, WHOLE]
    assert noted("8") == [SUBSET]
