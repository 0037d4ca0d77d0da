"""What is packed of a profile is whole: whatever rests on it, or it rests on, whichever rows are asked for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bench.plan import publish

IDENTITIES: dict[str, dict[str, Any]] = {
    "fit": {"kind": "fit", "protocol": {"width": 8, "epochs": 4}, "stages": ["translator"]},
    "control": {"kind": "fit", "protocol": {"width": 8, "epochs": 40}},
    "foreign": {"kind": "fit", "protocol": {"width": 64, "epochs": 4}, "stages": ["wide"]},
    "translator": {"kind": "stage", "stages": []},
    "longer": {"kind": "stage", "stages": ["translator"]},
    "wide": {"kind": "stage", "stages": []},
    "images": {"kind": "stage"},
    "judged": {"kind": "measurement", "of": "translator", "judges": ["judge"]},
    "judged longer": {"kind": "measurement", "of": "longer", "judges": ["judge", "another"]},
    "judged wide": {"kind": "measurement", "of": "wide", "judges": ["far"]},
    "judged images": {"kind": "measurement", "of": "images", "judges": ["judge"]},
    "judge": {"kind": "stage"},
    "another": {"kind": "stage"},
    "far": {"kind": "stage"},
}
MINE = {"fit", "control", "translator", "longer", "judged", "judged longer", "judge", "another"}


def packed(monkeypatch: pytest.MonkeyPatch, *asked: str, failed: str = "") -> set[str]:
    monkeypatch.setattr(publish, "protocol_identity", lambda _: {"width": 8, "epochs": 4})
    config: Any = SimpleNamespace(profile=SimpleNamespace(protocol=lambda _: None))
    grid: Any = SimpleNamespace(jobs=[SimpleNamespace(id=id) for id in asked])
    records: dict[str, Any] = {
        id: SimpleNamespace(status="failed" if id == failed else "done", kind=it["kind"], identity=it)
        for id, it in IDENTITIES.items()
    }
    return set(publish.publishable(config, records, "stripes", grid))


def test_a_translator_goes_with_what_judges_it_and_what_goes_on_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert packed(monkeypatch) == MINE, "whatever the rows are that are asked for"
    assert packed(monkeypatch, "control") == MINE


def test_a_stage_that_no_fit_rests_on_goes_with_its_measurement_where_either_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert packed(monkeypatch, "images") == packed(monkeypatch, "images", "judge") == MINE | {"images", "judged images"}


def test_what_failed_or_was_never_run_is_in_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert packed(monkeypatch, "never run", failed="longer") == MINE - {"longer", "judged longer", "another"}
