"""The page says what of a profile is not that of the papers, and shows the settings of the stages that were made."""

from __future__ import annotations

from pathlib import Path

from bench import registry
from bench.plan.config import load_config
from bench.record import Record
from bench.registry import STAGES
from bench.report.departures import departures, settings

SHIPPED = Path(__file__).resolve().parents[2] / "bench.toml"
SHOWN = {"horse2zebra": "Horse2Zebra"}
registry.load()


def stage_record(name: str) -> Record:
    return Record(id=name, identity={"kind": "stage", "dataset": "horse2zebra", "stage": name}, status="done")


def test_settings_of_the_stages_that_were_made_stand_beside_the_papers() -> None:
    config = load_config(SHIPPED, "cpu")
    listed = settings(config, SHOWN, [stage_record("CycleGAN")])
    rows = {str(name): [str(value) for value in values] for name, *values in listed.rows}
    assert listed.header == ("Setting", "Horse2Zebra", "Horse2Zebra, as the paper", "Meaning")
    fields = STAGES["CycleGAN"].cls.Settings.model_fields
    assert {f"CycleGAN: {name}" for name in fields} < rows.keys()
    assert rows["CycleGAN: width"][:2] == ["16", "64"] and rows["CycleGAN: compared_epochs"][:2] == [
        "40",
        "75, 100",
    ]
    assert rows["AUG: class_weight"][:2] == ["inverse", "inverse"] and rows["AUG: views"][:2] == ["2", "0"]
    assert not any(name.startswith("Evaluator") for name in rows), "none was made"
    assert not any(":" in str(name) for name, *_ in settings(config, SHOWN, []).rows)


def test_departures_from_the_paper_are_named_and_nothing_else() -> None:
    (said,) = departures(load_config(SHIPPED, "cpu"), SHOWN, [stage_record("CycleGAN")])
    assert "backbone paper_cnn(width=8, init=he) (there paper_cnn" in said
    assert "CycleGAN's width, blocks, crop size, epochs" in said
    assert "AUG's views;" in said and "lambda" not in said and "Evaluator" not in said
    assert list(departures(load_config(SHIPPED, "paper"), SHOWN, [stage_record("CycleGAN")])) == []
    assert list(departures(load_config(SHIPPED, "cpu"), {"digits": "digits"}, [])) == []


def test_a_field_that_the_papers_protocol_does_not_read_is_no_departure() -> None:
    (said,) = departures(load_config(SHIPPED, "pretrained"), {"cifar10": "CIFAR-10"}, [])
    assert "optimiser adam (there sgd)" in said and "image size 224 (there 32)" in said
    assert "beta1" not in said and "beta2" not in said


def test_a_profile_of_ones_own_need_not_set_what_the_papers_sets(tmp_path: Path) -> None:
    path = tmp_path / "bench.toml"
    theirs = SHIPPED.read_text(encoding="utf-8")
    path.write_text(
        theirs
        + "\n[profiles.mine]\nbackbone = 'paper_cnn(width=8)'\n"
        + "\n[profiles.mine.stages.Evaluator]\nnetwork = 'small'\n"
    )
    (said,) = departures(load_config(path, "mine"), SHOWN, [stage_record("CycleGAN")])
    assert "differs in backbone paper_cnn(width=8) (there paper_cnn" in said and "); see Protocol" in said, (
        "ALT's own values are the paper's"
    )
    like = SHIPPED.read_text(encoding="utf-8").replace("[profiles.paper", "[profiles.mine")
    path.write_text(theirs + like[like.index("[profiles.mine]") : like.index("[profiles.cpu")])
    config = load_config(path, "mine")
    assert list(departures(config, SHOWN, [stage_record("Evaluator")])) == []
    config.profile.stages["Evaluator"]["network"] = "small"
    (said,) = departures(config, SHOWN, [stage_record("Evaluator")])
    assert "not that of the papers (profile paper), it differs in Evaluator's network; see Protocol" in said
