"""A report calls the places of records as the command that made them did, and as claims speak of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_records import identity_of

from bench import registry
from bench.analysis.gather import gather
from bench.analysis.lone import lone_grid
from bench.analysis.origins import Wish
from bench.analysis.spelled import spelled_row
from bench.plan.compose import compose
from bench.plan.config import Config, load_config
from bench.plan.grid import build_grid
from bench.record import Cost, Predictions, Record
from bench.registry import METHODS
from bench.store.store import Store

VALIDATION, TEST = 500, 1000  # images of a class of Fashion-MNIST
PUBLISHED = "4166:73:139:210:287:370:422:387:545:651"


@pytest.mark.parametrize(
    ("asked", "called"), [("one 6 2.5", "one 6 2.5"), ("one 9 20", "one 9 20"), (PUBLISHED, "BAGAN-GP")]
)
def test_a_place_is_called_as_it_was_asked_for_or_as_its_dataset_does(asked: str, called: str, tmp_path: Path) -> None:
    registry.load()
    store = Store(tmp_path)
    store.prepare()
    fit = _save(store, at=[asked])
    assert store.summaries().keys() == {fit}
    found = gather(_config(), [store]).frame
    assert set(found.loc[found["status"] != "missing", "place"]) == {called}


def test_whoever_ran_a_dataset_is_not_shown_the_reference_records_of_others(tmp_path: Path) -> None:
    registry.load()
    own, reference = Store(tmp_path), Store(tmp_path / "reference")
    for store in (own, reference):
        store.prepare()
    _save(reference, at=[PUBLISHED])
    _save(reference, datasets=["digits10"])
    stores = [own, reference]
    assert {*gather(_config(), stores).origins} == {"fashion_mnist", "digits10"}, "nothing was run yet"
    _save(own, datasets=["digits10"])
    assert {*gather(_config(), stores).origins} == {"digits10"}
    asked = gather(_config(), stores, Wish(("fashion_mnist",))).origins
    assert {*asked} == {"fashion_mnist", "digits10"}
    assert asked["fashion_mnist"].store is reference and asked["digits10"].store is own


def _save(store: Store, **run: object) -> str:
    """Save a fit of Vanilla that never errs, and return its id."""
    grid = build_grid(_config(**run))
    fit = grid.jobs[0]
    each = (30, 44) if fit.task.dataset == "digits10" else (VALIDATION, TEST)
    said = {name: _certain(count) for name, count in zip(("validation", "test"), each, strict=True)}
    store.save(Record(id=fit.id, identity=fit.identity, status="done", cost=Cost(seconds=1.0, flops=1e9), **said))
    return fit.id


def _config(**run: object) -> Config:
    given = {"datasets": ["fashion_mnist"], "methods": ["Vanilla"], "seeds": 1, "subsets": 1, **run}
    return load_config(profile="cpu", **given)


def _certain(each: int) -> Predictions:
    labels = np.repeat(np.arange(10), each)
    return Predictions.of(labels, np.eye(10)[labels])


def test_a_stored_composition_is_called_as_it_is_allowed() -> None:
    registry.load()
    stored: list[tuple[str, dict[str, object]]] = [("DRW", METHODS["DRW"].cls().parameters), ("LDAM", {"C": 3})]
    assert spelled_row(stored, {}, ("US+CS", "LDAM+DRW")).split("+") == ["LDAM(C=3)", "DRW"]
    assert spelled_row(stored, {}) == "DRW+LDAM(C=3)", "nothing is known of its order"


def test_records_alone_give_their_places_in_one_order_whichever_is_read_first() -> None:
    registry.load()
    made = [identity_of(dataset="mine", split=split, edition=edition) for edition in "21" for split in "ts"]
    grids = [lone_grid("mine", _config(), order, [compose("Vanilla")], {}) for order in (made, made[::-1])]
    assert [cell.task for cell in grids[0].cells] == [cell.task for cell in grids[1].cells]
    assert len(grids[0].cells) == 4
