"""Two sets of records are compared cell by cell: what moved is told from noise, and what changed is named."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, refused, tiny

from bench import registry
from bench.analysis.compare import Moves, compare
from bench.analysis.sides import Side, open_side
from bench.errors import UserError
from bench.plan.compose import compose
from bench.plan.config import Config, load_config
from bench.plan.identity import protocol_identity
from bench.record import Predictions, Record, digest
from bench.store.recordtext import compact
from bench.store.store import Store
from bench.streams import Streams

LABELS = np.repeat([0, 1], 150)
ROWS = ("Vanilla", "TS", "CS", "OS")


@pytest.fixture(autouse=True, scope="module")
def known_names() -> None:
    """Register what the suite has, whichever test of this file is the first of its process."""
    registry.load()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    registry.load()
    return load_config(bench_toml(tmp_path, methods=list(ROWS), seeds=5))


def fit(method: str, seed: int, right: float, luck: int = 0, **fields: Any) -> Record:
    """Return a fit whose decisions are right with that chance; `fields` change its identity or the record."""
    given = fields.pop("protocol", {})
    identity = {
        "kind": "fit",
        "dataset": "stripes",
        "edition": "1",
        "split": "s",
        "classes": ["plain", "striped"],
        "counts": [12, 6],
        "method": compose(method).training_part,
        "streams": Streams.of(seed).model_dump(),
        "protocol": protocol_identity(tiny(load_size=32, eval_per_class=4)) | given,
        "stages": [],
    } | fields.pop("identity", {})
    rng = np.random.default_rng([seed, luck, *method.encode()])
    true = np.where(rng.random(len(LABELS)) < right, 0.99, 0.01)
    probabilities = np.where(LABELS[:, None] == np.arange(2), true[:, None], 1 - true[:, None])
    said = Predictions.of(LABELS, probabilities)
    content = {"status": "done", "validation": said, "test": said, "code": {"bench.training.fit": "a"}}
    return Record(id=digest(identity), identity=identity, **(content | fields))


def side(name: str, luck: int = 0, seeds: Iterable[int] = range(5), cs: float = 0.8, **fields: Any) -> Side:
    """Return a source with three methods' fits; `cs` is the chance with which CS is right."""
    chances = {"Vanilla": 0.7, "CS": cs, "OS": 0.8}
    return Side(name, tuple(fit(it, seed, chances[it], luck, **fields) for it in chances for seed in seeds))


def verdicts(found: Moves, metric: str = "acsa") -> dict[str, str]:
    return {move.cell[2]: move.moved for move in found.moves if move.metric == metric}


def test_a_set_is_the_same_as_itself(config: Config) -> None:
    found = compare(side("A"), side("B"), config)
    assert verdicts(found) == dict.fromkeys(ROWS, "same") and len(found.moves) == 3 * len(ROWS)
    assert found.moved == () and found.rows() == [] and found.other_rows() == []


def test_other_luck_is_within_the_noise(config: Config) -> None:
    for luck in range(1, 6):
        found = compare(side("A"), side("B", luck), config)
        assert verdicts(found) == dict.fromkeys(ROWS, "within the noise")


def test_what_moved_is_told_from_noise(config: Config) -> None:
    found = compare(side("A"), side("B", luck=1, cs=0.93), config)
    assert verdicts(found) == dict.fromkeys(ROWS, "within the noise") | {"CS": "moved"}
    row = found.rows()[0]
    assert row["verdict"] == "moved" and (row["method"], row["minority"], row["profile"]) == ("CS", 6, "tiny")
    assert row["B - A"] == pytest.approx(0.13, abs=0.04) and 0 < row["+-"] < row["B - A"] and row["seeds"] == 5
    assert {move.cell[2] for move in found.moved} == {"CS"}


def test_cells_that_are_the_same_stay_the_same_beside_one_that_moved(config: Config) -> None:
    moved = tuple(fit("CS", seed, 0.95, luck=1) for seed in range(5))
    others = tuple(it for it in side("B").records if it.identity["method"] != compose("CS").training_part)
    found = compare(side("A"), Side("B", others + moved), config)
    assert verdicts(found) == dict.fromkeys(ROWS, "same") | {"CS": "moved"}


def test_means_are_those_of_the_seeds_that_both_have(config: Config) -> None:
    found = compare(side("A", seeds=range(4)), side("B", 1, seeds=range(1, 5)), config)
    move = next(it for it in found.moves if it.cell[2] == "CS" and it.metric == "acsa")
    ours = [
        it.test.probabilities.array().argmax(axis=1) == LABELS
        for it in side("A", seeds=range(1, 4)).records
        if it.test and it.identity["method"] == compose("CS").training_part
    ]
    assert move.seeds == 3 and move.ours == pytest.approx(np.mean(ours))
    lacking = {row["which"]: row["what"] for row in found.other_rows()}
    assert lacking["stripes/6/CS/tiny, seeds [0]"] == "only in A"
    assert lacking["stripes/6/TS/tiny, seeds [4]"] == "only in B"


def test_one_seed_or_other_test_images_leave_the_noise_unknown(config: Config) -> None:
    one = compare(side("A", seeds=[0]), side("B", 1, seeds=[0]), config)
    assert set(verdicts(one).values()) == {"noise unknown"} and one.moved == ()
    other = compare(side("A"), side("B", 1, identity={"split": "t"}), config)
    assert set(verdicts(other).values()) == {"noise unknown"}
    assert ("identity", "split: s here, t there", 15) in other.changes


def test_a_changed_profile_meets_its_older_self_and_the_changes_are_named(config: Config) -> None:
    older = side(
        "A", protocol={"epochs": 9}, code={"bench.training.fit": "a", "bench.gone": "g"}, environment={"torch": "1"}
    )
    newer = side("B", code={"bench.training.fit": "b"}, environment={"torch": "2"})
    found = compare(older, newer, config)
    assert set(verdicts(found).values()) == {"same"} and not found.lacking
    assert set(found.changes) == {
        ("identity", "protocol.epochs: 9 here, 1 there", 15),
        ("code", "bench.training.fit", 15),
        ("code", "bench.gone", 15),
        ("environment", "torch: 1 here, 2 there", 15),
    }


def test_two_profiles_of_a_store_are_kept_apart(config: Config) -> None:
    both = Side("B", side("", luck=1, protocol={"epochs": 9}).records + side("").records)
    found = compare(side("A"), both, config)
    assert verdicts(found) == dict.fromkeys(ROWS, "same")
    assert (
        sum(len(seeds) for what, _, seeds in found.lacking if what == "only in B") == 5 * len(ROWS)
        and "unnamed" in found.other_rows()[0]["which"]
    )


def test_a_changed_default_meets_the_row_but_an_ablation_does_not_replace_it(config: Config) -> None:
    args = {"method": [["CS", {"power": 2}]]}
    changed = Side("B", tuple(fit("CS", seed, 0.8, identity=args) for seed in range(5)))
    found = compare(side("A"), changed, config)
    assert verdicts(found) == {"CS": "same"}
    assert ("identity", "method: [['CS', {}]] here, [['CS', {'power': 2}]] there", 5) in found.changes
    ablation = tuple(fit("CS", seed, 0.2, identity=args, finished="9999") for seed in range(5))
    beside = compare(side("A"), Side("B", side("B").records + ablation), config)
    assert verdicts(beside)["CS"] == "same"
    assert {cell[2] for _, cell, _ in beside.lacking} == {"CS(power=2)"}


def test_what_is_no_cell_of_a_table_is_left_out(config: Config) -> None:
    varied = Streams.of(0).model_copy(update={"initialisation": 7}).model_dump()
    other = (
        fit("CS", 0, 0.5, identity={"streams": varied}),
        fit("CS", 0, 0.5, identity={"streams": Streams.of(0).model_dump() | {"stage": 1}}),
        fit("CS", 1, 0.5, status="failed", test=None),
        fit("CS", 0, 0.5, identity={"kind": "stage"}),
    )
    found = compare(side("A"), Side("B", other), config)
    assert found.moves == () and "only in B" not in {what for what, _, _ in found.lacking}


@pytest.mark.parametrize(("method", "seed", "counts"), [("CS", 3, [12, 6]), ("OS", 0, [12, 6]), ("CS", 0, [12, 4])])
def test_what_has_nothing_in_common_is_not_said_to_be_unmoved(
    method: str, seed: int, counts: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    bench_toml(tmp_path, methods=list(ROWS))
    for name, record in (("a", fit("CS", 0, 0.5)), ("b", fit(method, seed, 0.5, identity={"counts": counts}))):
        Store(tmp_path / name).save(record)
    for options in ((), ("--json",)):
        refused(
            imbench("compare", "a", "b", *options),
            "nothing could be compared: no run of a has its like in b; only in A: stripes/6/CS/tiny, seeds [0]",
        )
    assert imbench("compare", "a", "a").status == 0


def test_a_folder_a_packed_file_and_a_revision_are_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = side("A", seeds=[0]).records
    store = Store(tmp_path / "results")
    for record in records:
        store.save(record)
    packed = tmp_path / "results" / "reference" / "stripes.jsonl"
    packed.parent.mkdir()
    store.pack([record.id for record in records[:2]], packed)
    assert {it.id for it in open_side(str(tmp_path / "results")).records} == {it.id for it in records}
    assert {it.id for it in open_side(str(packed)).records} == {it.id for it in records[:2]}
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for arguments in (["init", "-q"], ["add", "results/reference"], [*AUTHOR, "commit", "-q", "-m", "first"]):
        subprocess.run(["git", *arguments], check=True)
    packed.write_bytes(b"".join(compact(record) for record in records))
    subprocess.run(["git", *AUTHOR, "commit", "-q", "-a", "-m", "second"], check=True)
    assert len(open_side("HEAD~1").records) == 2 and len(open_side("HEAD").records) == 3
    with pytest.raises(UserError, match="holds no record"):
        open_side("HEAD", Path("elsewhere"))


AUTHOR = ("-c", "user.name=a", "-c", "user.email=a@example.org")


@pytest.mark.parametrize("name", ["nowhere", "--output=stolen", "HEAD:results", "a\0b", ""])
def test_what_is_no_source_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(UserError, match=r"no results folder, packed file or git revision of that name|no record"):
        open_side(name)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_line_is_named_and_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(compact(fit("CS", 0, 0.5)) + b"{}\n\n" + compact(fit("CS", 1, 0.5)).replace(b"done", b"donE"))
    found = open_side(str(path))
    assert len(found.records) == 1
    assert [line.partition(": ")[0] for line in found.set_aside] == [f"{path}:2", f"{path}:4"]


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        (((24, 8), (12, 8)), ["24:8", "12:8"]),
        (((24, 6), (6, 16)), ["24:6", "6:16"]),
        (((24, 8), (24, 6)), ["8", "6"]),
    ],
)
def test_a_place_goes_by_its_smallest_count_where_no_other_has_that(
    counts: tuple[tuple[int, ...], ...], shown: list[str]
) -> None:
    lacking = tuple(("only in A", ("toy", each, "OS", "p"), [0]) for each in counts)
    rows = Moves((), lacking, (), {}).other_rows()
    assert [row["which"] for row in rows] == [f"toy/{place}/OS/unnamed, seeds [0]" for place in shown]
