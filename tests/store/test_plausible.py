"""Records that parse, carry a right checksum and yet cannot be true are refused by name, whoever reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench
from small_records import identity_of

from bench.record import Cost, Packed, Predictions, Record, canonical, digest
from bench.store.recordtext import Damaged, compact, decode, readable
from bench.store.store import Store

IDENTITY = identity_of()
LABELS = np.array([0, 0, 1])


def predictions(values: Any = ((0.9, 0.1), (0.5, 0.5), (0.0, 1.0)), **changes: Any) -> Predictions:
    return Predictions.of(LABELS, np.array(values)).model_copy(update=changes)


def of_schema_1(values: Any) -> Predictions:
    """Return predictions as records held them once, which need not add up to one."""
    return predictions(probabilities=Packed.of(np.array(values)))


def record(**fields: Any) -> Record:
    whole = {"status": "done", "test": predictions(), "validation": predictions()}
    return Record(**({"id": digest(IDENTITY), "identity": IDENTITY} | whole | fields))


def refusal(**fields: Any) -> str:
    """Return why a record is refused; its checksum is right."""
    with pytest.raises(Damaged, match="it cannot be true: ") as refused:
        decode(compact(record(**fields)))
    return str(refused.value).removeprefix("it cannot be true: ")


def test_what_can_be_true_is_read() -> None:
    whole = record(test=predictions(), validation=predictions(), selected_epoch=2, history=[{"epoch": 1}, {"epoch": 2}])
    assert decode(readable(whole)) == whole


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (((float("nan"), 0.1), (0.5, 0.5), (0.0, 1.0)), "test: probabilities that are not between 0 and 1"),
        (((1.5, -0.5), (0.5, 0.5), (0.0, 1.0)), "test: probabilities that are not between 0 and 1"),
        (((0.9, 0.3), (0.5, 0.5), (0.0, 1.0)), "test: probabilities of an image that do not add up to 1"),
    ],
)
def test_probabilities_that_are_none_are_refused(values: Any, reason: str) -> None:
    assert refusal(test=of_schema_1(values)) == reason


def test_ratios_that_are_none_are_refused() -> None:
    none = predictions(((float("nan"), 0.1), (0.5, 0.5), (0.0, 1.0)))
    assert refusal(extended=none) == "extended: probabilities that are not between 0 and 1"


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
@pytest.mark.parametrize(
    ("field", "of"),
    [
        ("figures", lambda it: {"fid": it}),
        ("chosen", lambda it: {"tau": it}),
        ("history", lambda it: [{"epoch": 1, "loss": it}]),
        ("cost", lambda it: {"seconds": it}),
    ],
)
def test_numbers_that_are_spelled_as_text_and_none_are_refused(field: str, of: Any, value: str, tmp_path: Path) -> None:
    content = json.loads(compact(record())) | {field: of(value)}
    content.pop("checksum")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "all.jsonl").write_text(canonical({"checksum": digest(content), **content}) + "\n")
    theirs = Store(tmp_path / "theirs", read_only=True)
    merged = Store(tmp_path / "ours").merge(theirs)
    assert not merged.added and ["it cannot be true" in it.reason for it in theirs.set_aside] == [True]


@pytest.mark.parametrize("shape", [(-1, -1), (1,) * 70, (0, 10**30), (0, 2**31, 2**31)])
def test_answers_of_a_shape_that_no_array_has_are_refused(shape: tuple[int, ...]) -> None:
    packed = Packed(shape=shape, base64="" if 0 in shape else "AAAAAA==")
    assert refusal(answers={"a": packed}) == "answers a: an array of a shape that none has"


def test_arrays_that_do_not_fit_their_shape_are_refused() -> None:
    packed = predictions().probabilities
    short = packed.model_copy(update={"ratios": packed.ratios[:-4]})
    assert refusal(validation=predictions(probabilities=short)).startswith("validation: an array of 3 bytes where its")
    broken = packed.model_copy(update={"ratios": "*" + packed.ratios[1:]})
    assert refusal(test=predictions(probabilities=broken)) == "test: an array that is no base64"
    assert "for 3 images" in refusal(test=predictions(probabilities=Packed.of(np.ones((2, 2)) / 2)))
    assert "for 4 images" in refusal(test=predictions(counts=(3, 1)))
    assert "the task has 2" in refusal(test=predictions(counts=(1, 1, 1)))
    assert refusal(extended=predictions(probabilities=broken)) == "extended: an array that is no base64"


@pytest.mark.parametrize("lacking", ["validation", "test"])
def test_a_fit_that_is_done_has_predictions(lacking: str) -> None:
    assert refusal(**{lacking: None}) == "it is a fit that is done, and has no predictions"
    assert refusal(**{lacking: predictions(counts=(3, 0))}) == f"{lacking}: a class without images"
    failed = record(status="failed", test=None, validation=None)
    assert decode(compact(failed)) == failed


@pytest.mark.parametrize(
    "wrong",
    [
        {"classes": 2},
        {"classes": ["a", 2]},
        {"counts": "90:10"},
        {"counts": [90, -1]},
        {"counts": [90, True]},
        {"counts": [1, 2, 3]},
        {"method": "CS"},
        {"method": [["CS"]]},
        {"method": [[{}, "CS"]]},
        {"dataset": ["toy"]},
        {"streams": 3},
        {"protocol": 3},
        {"stages": "x"},
        {"stages": [[]]},
        {"classes": ["a"], "counts": [9]},
        {"counts": []},
        {"counts": [9, 0]},
        {"counts": [10**30, 1]},
        {"edition": 1},
        {"split": None},
        {"kind": None},
        {"streams": {"order": "x"}},
        {"streams": {"order": 0.5}},
        {"streams": {"order": True}},
        {"streams": {"order": 10**400}},
        {"streams": {"dropout": 1}},
        identity_of("twin", processor=3),
        identity_of("measurement", of=3),
        identity_of("measurement", judges=[{}]),
        identity_of("stage", stages=[[]]),
    ],
)
def test_an_identity_that_nobody_could_build_on_is_refused(wrong: dict[str, Any]) -> None:
    identity = IDENTITY | wrong
    assert refusal(id=digest(identity), identity=identity)


@pytest.mark.parametrize("kind", ["fit", "audit", "twin", "stage", "measurement"])
def test_an_identity_without_what_its_kind_has_is_refused(kind: str) -> None:
    whole = identity_of(kind)
    assert decode(compact(record(id=digest(whole), identity=whole, figures={"fid": 1.0}))).kind == kind
    for name in whole.keys() - {"kind"}:
        identity = {field: value for field, value in whole.items() if field != name}
        assert refusal(id=digest(identity), identity=identity, figures={"fid": 1.0}) == f"a {kind} without {name}"
    whole.pop("kind")
    assert refusal(id=digest(whole), identity=whole) == "it is of no kind"


def test_answers_of_judges_are_arrays_of_finite_numbers() -> None:
    whole = Packed.of(np.array([0.25, 0.75]))
    assert decode(compact(record(answers={"judge": whole}))).answers == {"judge": whole}
    wrong = {
        "an array of 8 bytes where its shape needs 12": whole.model_copy(update={"shape": (3,)}),
        "an array that is no base64": whole.model_copy(update={"base64": "*"}),
        "numbers that are not finite": Packed.of(np.array([0.5, float("inf")])),
    }
    for reason, packed in wrong.items():
        assert refusal(answers={"judge": packed}) == f"answers judge: {reason}"


def test_an_epoch_that_never_was_and_a_negative_cost_are_refused() -> None:
    assert refusal(selected_epoch=3, history=[{"epoch": 1.0}]) == "epoch 3 was selected of 1"
    assert refusal(selected_epoch=0) == "epoch 0 was selected of 1000000000000"
    other = identity_of(protocol={"epochs": 8})
    assert refusal(id=digest(other), identity=other, selected_epoch=9) == "epoch 9 was selected of 8"
    assert refusal(cost=Cost(seconds=-1.0)) == "its cost is negative"


PLANNED = identity_of(protocol={"epochs": 3})


@pytest.mark.parametrize(
    "rows",
    [
        [{"epoch": 1e300}],
        [{"epoch": 1.5}],
        [{"epoch": 1.0 + 1e-9}],
        [{"epoch": 0}, {"epoch": 1}],
        [{"epoch": 2}],
        [{"epoch": 2}, {"epoch": 1}],
        [{"epoch": 1}, {"epoch": 1}],
        [{"epoch": 1}, {"loss": 0.5}],
        [{"epoch": 1, "gan_epoch": 1e300}],
        [{"epoch": 1, "gan_epoch": -1}],
        [{"epoch": n} for n in (1, 2, 3, 4)],
    ],
)
def test_a_history_that_does_not_count_the_planned_epochs_is_refused(rows: list[dict[str, float]]) -> None:
    assert "epoch" in refusal(id=digest(PLANNED), identity=PLANNED, history=rows)


def test_an_epoch_beyond_any_training_is_refused() -> None:
    assert refusal(selected_epoch=10**15) == f"epoch {10**15} was selected of {10**12}"
    for failed in (-5, 0, 10**15):
        assert refusal(failed_epoch=failed) == f"it failed in epoch {failed}"
    stage = identity_of("stage")
    assert "epoch 1e+300" in refusal(status="failed", identity=stage, id=digest(stage), history=[{"epoch": 1e300}])


def test_a_measurement_that_is_done_has_figures() -> None:
    identity = identity_of("measurement")
    made = {"identity": identity, "id": digest(identity)}
    assert refusal(**made) == "it is a measurement that is done, and has no figures"
    whole = record(**made, figures={"fid": 1.0})
    assert decode(compact(whole)) == whole


@pytest.mark.usefixtures("undrawn")
def test_every_reader_refuses_it_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    bench_toml(tmp_path, methods=["CS"], seeds=2)
    assert imbench("run").status == 0
    store = Store(tmp_path / "results")
    true, _ = store.records()
    false = true.model_copy(update={"test": of_schema_1(((0.9, 0.3), (0.5, 0.5), (0.0, 1.0)))})
    (tmp_path / "results" / "more.jsonl").write_bytes(compact(false))
    place = tmp_path / "results" / "records" / true.id[:2] / f"{true.id}.json"
    place.write_bytes(readable(false))
    assert f"{true.id}.json: it cannot be true: test: " in imbench("status").err
    assert "1 done, 1 missing" in imbench("run", "--dry-run").err
    for command in (("report",), ("why", "stripes/6/CS/0"), ("merge", "results", "--results", "others")):
        assert "more.jsonl:1: it cannot be true: test: " in imbench(*command).err, command


@pytest.mark.parametrize(
    "cost",
    [
        Cost(seconds=1e308),
        Cost(seconds=1e29),
        Cost(processor_seconds=1e10),
        Cost(flops=1e31),
        Cost(peak_memory_bytes=10**20),
        Cost(train_images=10**20),
    ],
)
def test_a_cost_of_no_machine_cannot_be(cost: Cost) -> None:
    assert refusal(cost=cost) == "its cost is more than any machine has computed"
