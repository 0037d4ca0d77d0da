"""What makes two fits the same: everything that changes a number, and nothing that does not."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from builders import bench_toml, plugged

from bench import registry
from bench.dataset import Task
from bench.plan.code import code_digests
from bench.plan.compose import compose
from bench.plan.config import load_config
from bench.plan.grid import build_grid
from bench.plan.identity import differences, fit_identity
from bench.plan.job import Job
from bench.plan.jobcode import GOES_BY, code_of, counted_as
from bench.plan.needs import Workshop
from bench.protocol import Protocol
from bench.record import digest
from bench.streams import Streams

registry.load()
SHIPPED = Path(__file__).resolve().parents[2] / "bench.toml"
TASK = Task("digits", "edition", "split", ("one", "eight"), (100, 8))


def identity(task: Task = TASK, method: str = "CBL", streams: Streams | None = None) -> dict[str, Any]:
    return fit_identity(task, compose(method), streams or Streams(), Protocol())


def fit_code(method: str) -> dict[str, str]:
    """Return the code digests of a method's fit."""
    workshop = Workshop(TASK, TASK, Protocol(), lambda stage: {}, {})
    return code_of(workshop.fit(compose(method, ("OS+CS",)), Streams())[-1])


def jobs(path: Path, **overrides: Any) -> list[Job]:
    return list(build_grid(load_config(path, **overrides)).jobs)


def test_place_and_manner_of_a_run_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    here = jobs(bench_toml(tmp_path / "here"))
    monkeypatch.chdir(tmp_path / "there")
    monkeypatch.setenv("IMBENCH_DATA", "/elsewhere")
    monkeypatch.setenv("HOSTNAME", "another")
    there = jobs(bench_toml(tmp_path / "there"), results="r", executor="dask", workers=7, scheduler="tcp://a:1")
    assert [job.id for job in here] == [job.id for job in there] and len(here) == 2
    assert str(tmp_path) not in str([job.identity for job in here])


def test_the_name_of_a_profile_does_not_matter(tmp_path: Path) -> None:
    path = bench_toml(tmp_path)
    path.write_text(path.read_text() + path.read_text().split("[profiles.tiny]")[1].join(["[profiles.twin]", ""]))
    assert [job.id for job in jobs(path, profile="twin")] == [job.id for job in jobs(path)]


MINE = """
@register("Mine")
class Mine(Method):
    def class_weights(self, counts, progress):
        return 1 / counts
"""


def test_where_a_plugin_lies_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for place in ("here", "there"):
        with monkeypatch.context() as patch:
            plugged(patch, tmp_path / place, MINE)
            found.append(digest(identity(method="Mine")))
    assert found[0] == found[1]


def test_a_plugin_that_moves_makes_no_record_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for place in ("here", "there"):
        with monkeypatch.context() as patch:
            plugged(patch, tmp_path / place, MINE)
            found.append(digest(fit_code("Mine")))
    assert found[0] == found[1]


@pytest.mark.parametrize("field", list(Protocol.model_fields))
def test_every_field_of_the_protocol_matters(field: str) -> None:
    default = Protocol().model_dump()[field]
    others: dict[str, Any] = {"image_size": 128, "backbone": "paper_cnn(norm=none)", "flip": False, "epoch": "equal"}
    others |= {"class_weights_from": "effective", "selection": "last", "precision": "bfloat16", "eval_per_class": 10}
    others |= {"optimiser": "sgd", "schedule": "steps", "steps": [0.5], "epoch_limit": 100}
    others |= dict.fromkeys(("learning_rate", "beta1", "beta2", "momentum", "weight_decay"), 0.25)
    others |= dict.fromkeys(("warmup", "step_factor"), 0.25)
    other = others[field] if field in others else default + 1
    changed = fit_identity(TASK, compose("CBL"), Streams(), Protocol(**{field: other}))
    assert digest(changed) != digest(identity())
    (line,) = differences(changed, identity())
    assert line.startswith(f"protocol.{field}")


def test_arguments_of_a_backbone_may_be_spelled_out_and_matter() -> None:
    def of(backbone: str) -> dict[str, Any]:
        return fit_identity(TASK, compose("CBL"), Streams(), Protocol(backbone=backbone))  # type: ignore[arg-type]

    assert digest(of("paper_cnn(width=64)")) == digest(of("paper_cnn")), "a default may be spelled out"
    assert list(differences(of("paper_cnn(width=8)"), of("paper_cnn"))) == ["protocol.backbone.width: 8 here, 64 there"]


@pytest.mark.parametrize("stream", list(Streams.model_fields))
def test_every_stream_matters(stream: str) -> None:
    changed = identity(streams=Streams(**{stream: 3}))
    assert list(differences(changed, identity())) == [f"streams.{stream}: 3 here, 0 there"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dataset", "x"),
        ("edition", "x"),
        ("split", "x"),
        ("classes", ("a", "b")),
        ("counts", (100, 9)),
        ("counts", (8, 100)),
    ],
)
def test_everything_about_the_task_matters(field: str, value: Any) -> None:
    changed = identity(replace(TASK, **{field: value}))
    assert digest(changed) != digest(identity())
    assert [line.split(":")[0] for line in differences(changed, identity())] == [field]


def test_the_method_and_its_parameters_matter() -> None:
    ids = {digest(identity(method=name)) for name in ("CS", "CBL(beta=0.9)", "CBL(beta=0.99)", "US", "Vanilla")}
    assert len(ids) == 5
    assert digest(identity(method="CBL(beta=0.999)")) == digest(identity(method="CBL")), "a default may be spelled out"


def test_a_decision_shares_the_fit_it_is_read_off(tmp_path: Path) -> None:
    grid = build_grid(load_config(bench_toml(tmp_path)))
    fits = {cell.method: cell.fit for cell in grid.cells}
    assert fits["TS"] == fits["Vanilla"] != fits["CS"]
    assert len(grid.cells) == 3 and len(grid.jobs) == 2


def test_differences_name_what_is_there_on_one_side_only() -> None:
    assert list(differences({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}, "d": [1]})) == [
        "a.c: 2 here, absent there",
        "d: absent here, [1] there",
    ]
    assert list(differences(identity(), identity())) == []


def digest_of(source: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the code digest of a module with this source."""
    path = folder / f"{digest(source)}.py"
    path.write_text(source)
    module = ModuleType(f"imbench_plugin_{path.stem}")
    module.__file__ = str(path)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    (found,) = code_digests([module.__name__]).values()
    return found


def test_a_change_that_alters_no_number_goes_by_the_earlier_digest_until_the_next_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(GOES_BY, "bench.streams", ("aaaaaaaaaaaa", "bbbbbbbbbbbb"))
    other = {"bench.training.trainer": "aaaaaaaaaaaa"}
    assert counted_as({"bench.streams": "aaaaaaaaaaaa", **other}) == {"bench.streams": "bbbbbbbbbbbb", **other}
    assert counted_as({"bench.streams": "000000000000"}) == {"bench.streams": "000000000000"}, "of one version alone"
    monkeypatch.setitem(GOES_BY, "bench.streams", ("aaaaaaaaaaaa", ""))
    assert counted_as({"bench.streams": "aaaaaaaaaaaa", **other}) == other, "a module that there was not"


def test_an_entry_of_a_change_that_alters_no_number_speaks_of_todays_code() -> None:
    for module, (today, _) in GOES_BY.items():
        assert code_digests([module])[module] == today, "it has changed since: its entry in GOES_BY is to be removed"


SOURCE = '"""What it is for."""\n\n\ndef area(width, height=1):\n    """Return it."""\n    return width * height\n'


@pytest.mark.parametrize(
    "same",
    [
        SOURCE.replace("    return", "    # why\n    return  "),
        SOURCE.replace("Return it.", "Give it back."),
        SOURCE.replace('"""What it is for."""\n', ""),
        SOURCE.replace("width, height=1", "\n    width,\n    height=1,\n").replace(
            "width * height", "(width * height)"
        ),
    ],
    ids=["comment", "docstring", "no docstring", "format"],
)
def test_comments_docstrings_and_format_are_free(same: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert same != SOURCE
    assert digest_of(same, tmp_path, monkeypatch) == digest_of(SOURCE, tmp_path, monkeypatch)


@pytest.mark.parametrize(
    "other",
    [
        SOURCE.replace("*", "+"),
        SOURCE.replace("height=1", "height=2"),
        SOURCE.replace("height=1", "height=True"),
        SOURCE.replace("height=1", "height=1.0"),
        SOURCE.replace("height=1", "height='1'"),
        SOURCE.replace("height=1", "height=None"),
        SOURCE.replace("height=1", "height=False"),
        SOURCE.replace("area", "size"),
        SOURCE + "SIDE = 3\n",
    ],
)
def test_code_is_not(other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert digest_of(other, tmp_path, monkeypatch) != digest_of(SOURCE, tmp_path, monkeypatch)


def test_the_code_of_a_fit_is_what_it_runs_and_no_more() -> None:
    used = fit_code("SMOTE").keys()
    assert used >= {
        "bench.methods.smote",
        "bench.training.fit",
        "bench.training.trainer",
        "bench.networks.paper_cnn",
        "bench.images",
        "bench.data.parts",
    }
    assert used >= {"bench.training.device", "bench.training.scores", "bench.streams", "bench.method"}
    outside = {
        "bench.store.store",
        "bench.cli",
        "bench.plan.config",
        "bench.plan.grid",
        "bench.running.schedule",
        "bench.running.run",
        "bench.report",
    }
    assert not {name for name in used if name in outside or name.startswith("bench.report.")}
    assert [name for name in used if name.startswith(("bench.methods.", "bench.datasets."))] == ["bench.methods.smote"]


def test_a_part_that_only_decides_adds_no_code() -> None:
    assert fit_code("TS") == fit_code("Vanilla")
    both = fit_code("OS+CS")
    assert {"bench.methods.oversampling", "bench.methods.cost_sensitive"} <= both.keys()
