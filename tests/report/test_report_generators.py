"""The page of generators: every figure beside that of real images, by class and over all, costs and fakes alone."""

from __future__ import annotations

import pandas as pd
import pytest
from builders import tiny
from small_measurements import table_lines

from bench import registry
from bench.analysis.measured import measured
from bench.dataset import Task
from bench.plan.job import Job, Need, StageCall
from bench.record import Cost, Record
from bench.registry import STAGES
from bench.report.emit import _sheet
from bench.report.generators import generator_sheets
from bench.report.translators import translator_sheets
from bench.stage import StageRequest
from bench.streams import Streams

CLASSES, COUNTS = ("shirt", "bag", "coat"), (90, 9, 30)
KID = {"kid": 0.25, "kid_real": 0.001, "kid_classes": 0.31, "kid_classes_real": 0.002, "fid": 90.0, "fid_real": 12.0}
NONE = pd.DataFrame(columns=["method", "task", "place", "status", "record", "translator", "acsa"])


@pytest.fixture(autouse=True)
def _registered() -> None:
    registry.load()


def job(name: str, place: str = "exp 10", **settings: object) -> Job:
    request, judge = StageRequest.of(name), StageRequest.of("Evaluator")
    call = StageCall(request, STAGES[name].cls.Settings().model_dump(mode="json"))
    judging = StageCall(judge, {"network": "efficientnet_lite0", "layers": "head", "seeds": 2} | settings)
    need = Need(request, f"of {name}", call, role="translator")
    judges = tuple(Need(judge, f"judge {k}", judging, role=f"judge {k}") for k in range(2))
    task = Task("clothes", "", "", CLASSES, COUNTS, place)
    return Job(f"{name} {place}", {}, task, tiny(), Streams(), "measurement", (need, *judges), judged=call.label)


def figures(kl: float, **more: float) -> dict[str, float]:
    found = KID | {f"{name}/seed{k}": value for k in range(2) for name, value in (("kl", kl), ("kl_real", 0.01))}
    found |= {f"accuracy_to_{k}/seed{s}": 0.5 + 0.1 * k + 0.02 * s for k in range(3) for s in range(2)}
    found |= {f"real_accuracy_of_{k}/seed{s}": 0.8 + 0.05 * k for k in range(3) for s in range(2)}
    found |= {"real_accuracy/seed0": 0.85, "real_accuracy/seed1": 0.85, "n": 150.0, "nearest": 0.6, "nearest_real": 0.4}
    return found | {"kid_to_0": 0.2, "kid_real_to_0": 0.003} | more


def frame(*asked: tuple[Job, dict[str, float]], stages: tuple[Record, ...] = ()) -> pd.DataFrame:
    records = {each.id: Record(id=each.id, identity={}, status="done", figures=found) for each, found in asked}
    records |= {record.id: record for record in stages}
    return measured([each for each, _ in asked], "cpu", records.get, lambda _: False)


def judges(spare: float) -> tuple[Record, ...]:
    """Return the records of the judges, which learned from images that nobody else sees (1) or did not (0)."""
    history = [{"from_spare_images": spare}]
    return tuple(Record(id=f"judge {k}", identity={}, status="done", history=history) for k in range(2))


def page(found: pd.DataFrame, cells: pd.DataFrame = NONE) -> str:
    (sheet,) = generator_sheets("clothes", found, cells, "profile cpu")
    return dict(_sheet(sheet))["generators_clothes.md"]


def test_every_figure_stands_beside_that_of_real_images() -> None:
    text = page(frame((job("BAGAN"), figures(0.4)), (job("CBGAN"), figures(0.2, kl_regulariser=0.0))))
    lines = table_lines(text, "exp 10")
    header = next(line for line in text.splitlines() if line.startswith("| Generator"))
    columns = [cell.strip() for cell in header.strip("|").split("|")][1:]
    told = {name: dict(zip(columns, cells, strict=True)) for name, cells in lines.items()}
    assert (
        told["BAGAN (epochs=150)"]["KID, all classes"] == "0.2500"
        and told["real images"]["KID, all classes"] == "0.0010"
    )
    assert told["CBGAN"]["KL of annotators' labels"] == "0.2000"
    assert told["CBGAN"]["KL by the regulariser's classifier"] == "0.0000", "the circular figure beside the honest one"
    assert told["BAGAN (epochs=150)"]["KL by the regulariser's classifier"] == "n/a"
    assert told["real images"]["KL of annotators' labels"] == "0.0100"
    assert "150 real images of all classes together (a random half of each class's validation" in text
    assert "Evaluator: EfficientNet-Lite0 (ImageNet), the last layer" in text


def test_figures_by_class_go_by_the_names_of_the_classes_and_their_counts() -> None:
    text = page(frame((job("cGAN"), figures(0.3))))
    lines = table_lines(text, "exp 10, share of a class's images that annotators take for it")
    assert lines["cGAN"] == ["0.5100", "0.6100", "0.7100"] and lines["real images"] == ["0.8000", "0.8500", "0.9000"]
    assert "shirt (90)" in text and "bag (9)" in text and "coat (30)" in text
    kid = table_lines(text, "exp 10, KID by class")
    assert kid == {"cGAN": ["0.2000"], "real images": ["0.0030"]}, "classes of too few real images have none"
    assert "exp 10, similarity within pairs" not in text


def test_the_table_says_which_real_images_distances_are_to() -> None:
    for sizes, said in (((60.0, 100.0), "up to 200, the last ones, of"), ((100.0, 100.0), "the last 200 of")):
        text = page(frame((job("cGAN"), figures(0.3, n_to_0=sizes[0], n_to_1=sizes[1]))))
        assert f"(a random half of {said} each class's validation and test images)" in text


def test_costs_are_those_of_a_generator_with_all_that_it_starts_from() -> None:
    start = Record(id="start", identity={}, status="done", cost=Cost(seconds=60.0, flops=2e12))
    stage = Record(id="of BAGAN", identity={"stages": ["start"]}, status="done", cost=Cost(seconds=120.0, flops=3e12))
    found = frame((job("BAGAN"), figures(0.1)), stages=(start, stage))
    assert (found["seconds"][0], found["operations"][0]) == (180.0, 5e12)
    line = table_lines(page(found), "exp 10")["BAGAN (epochs=150)"]
    assert line[-2:] == ["3.0000", "5.0000"]


def test_classifiers_trained_on_made_images_alone_stand_in_the_row_of_their_generator() -> None:
    cells = pd.DataFrame(
        {
            "method": ["cGAN(alone=True)"] * 2 + ["cGAN", "OS"],
            "task": "clothes",
            "place": "exp 10",
            "status": "done",
            "record": ["a", "b", "c", "d"],
            "translator": 0,
            "acsa": [0.4, 0.6, 0.9, 0.9],
        }
    )
    text = page(frame((job("cGAN"), figures(0.3))), cells)
    assert "0.5000" in table_lines(text, "exp 10")["cGAN"] and "0.9000" not in table_lines(text, "exp 10")["cGAN"]


def test_generators_and_translators_have_pages_of_their_own_and_nothing_measured_has_none() -> None:
    found = frame((job("cGAN"), figures(0.3)))
    assert not list(translator_sheets("clothes", found, NONE.assign(seed=0), ""))
    missing = measured([job("cGAN")], "cpu", {}.get, lambda _: False)
    assert not list(generator_sheets("clothes", missing, NONE, ""))
    assert not list(generator_sheets("other", found, NONE, ""))


def test_a_place_that_is_asked_for_and_not_measured_yet_has_no_table() -> None:
    both, known = (
        [job("cGAN"), job("cGAN", "exp 100")],
        Record(id="cGAN exp 10", identity={}, status="done", figures=figures(0.3)),
    )
    (sheet,) = generator_sheets("clothes", measured(both, "cpu", {known.id: known}.get, lambda _: False), NONE, "")
    assert [*sheet.tables] == [name for name in sheet.tables if name.startswith("exp 10") and "exp 100" not in name]
    assert "exp 10" in sheet.tables


def test_each_place_has_its_own_tables() -> None:
    found = frame((job("cGAN"), figures(0.3)), (job("cGAN", "exp 100"), figures(0.3, kid=0.75)))
    text = page(found)
    assert table_lines(text, "exp 10")["cGAN"][0] == "0.2500" and table_lines(text, "exp 100")["cGAN"][0] == "0.7500"


def test_the_page_says_whether_annotators_learned_from_balanced_images_and_whether_others_saw_these() -> None:
    apart = page(frame((job("cGAN"), figures(0.3)), stages=judges(1.0)))
    assert "fine-tuned on balanced real images that no fit and no generator sees." in apart
    assert "keeps no images for evaluators" not in apart
    rare = page(frame((job("cGAN", balanced=False), figures(0.3)), stages=judges(0.0)))
    assert "balanced real" not in rare and "as rare as they are, rare ones weighing more" in rare
    assert "seen the ones that generators train on, and may know an image that copies one" in rare


def test_a_distance_by_class_says_of_how_many_images_it_is() -> None:
    text = page(frame((job("cGAN"), figures(0.3, n_to_0=37.0))))
    assert "Of a class with 50 real images or more: 37 made ones against 37 of them." in text
