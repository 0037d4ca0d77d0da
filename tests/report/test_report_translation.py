"""The report says what evaluators make of translations, in both directions, beside the paper and real images."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small_measurements import alt_fit, compared, done, figures, job, rows, table_lines
from small_reports import tidy

from bench import registry
from bench.analysis.compared import Rivals, alike, as_compared, comparisons, judged, level
from bench.analysis.samples import samples, spreads
from bench.analysis.spots import Spot
from bench.analysis.summary import summarise
from bench.analysis.value import ALIKE, DASH, Value
from bench.report.emit import files
from bench.report.report import Report
from bench.report.translation import translation_sheets
from bench.report.translators import translator_sheets
from bench.statistics.judged import difference

ZEBRAS = ("horse2zebra",)
EMPTY = tidy([])
RIVALS = Rivals("CycleGAN", "ALT")
START = RIVALS.start
registry.load()


def emitted(*sheets: Any) -> dict[str, str]:
    """Return the files that sheets make, without the page."""
    found = files(Report("", "", "cpu", sheets=sheets))
    return {name: text for name, text in found.items() if name not in ("index.html", "report.json")}


def table_2(found: pd.DataFrame, tasks: tuple[str, ...], banner: str, interval: bool) -> dict[str, str]:
    return emitted(*translation_sheets(found, tasks, banner, interval))


def translator_files(task: str, found: pd.DataFrame, cells: pd.DataFrame, banner: str) -> dict[str, str]:
    return emitted(*translator_sheets(task, found, cells, banner))


def value(found: pd.DataFrame, generator: str, figure: str = "accuracy") -> Value:
    return summarise(samples(found, figure), figure)[(generator,), ("horse2zebra", "450:25")]


def test_a_cyclegan_spreads_over_evaluators_and_alt_over_its_translators() -> None:
    found = compared()
    judges = [0.45, 0.5, 0.6]
    cyclegan, alt = value(found, "CycleGAN(epochs=32)"), value(found, "ALT")
    assert (cyclegan.mean, cyclegan.sd, cyclegan.n) == (
        pytest.approx(np.mean(judges)),
        pytest.approx(np.std(judges, ddof=1)),
        3,
    )
    translators = [np.mean([0.5, 0.55, 0.6]), 0.7]
    assert (alt.mean, alt.sd, alt.n) == (
        pytest.approx(np.mean(translators)),
        pytest.approx(np.std(translators, ddof=1)),
        2,
    )


def test_the_two_spreads_stand_on_rows_of_their_own() -> None:
    spread = {generator: it for generator, _, it in spreads(compared(), "accuracy")}
    assert spread["ALT"].judges == pytest.approx(np.sqrt((np.var([0.5, 0.55, 0.6], ddof=1) + 0) / 2))
    assert spread["ALT"].translators == pytest.approx(np.std([0.55, 0.7], ddof=1))
    assert spread["CycleGAN(epochs=32)"].translators is None
    page = translator_files("horse2zebra", compared(), EMPTY, "")["translators_horse2zebra.md"]
    shown = table_lines(page, "spread of the share taken for the target class")
    assert shown["ALT, between translators (at most 2)"] == [f"{np.std([0.55, 0.7], ddof=1):.4f}"]
    assert "CycleGAN (epochs=32), between translators (at most 1)" not in shown


def test_table_2_compares_the_longest_cyclegan_one_of_equal_gan_epochs_and_the_start() -> None:
    files = table_2(compared(), ZEBRAS, "", interval=False)
    ours = table_lines(files["table_02.md"], "Ours, both directions pooled")
    at_25 = {label: shown[0] for label, shown in ours.items()}
    assert at_25 == {
        "CycleGAN": f"0.5167{ALIKE}",
        "ALT": "**0.6250**",
        "CycleGAN, equal GAN epochs": f"0.4500{ALIKE}",
        "CycleGAN, where ALT starts": f"0.1000{ALIKE}",
        "real images": "0.9000",
    }
    assert files["table_02.md"].startswith("# Table 2. Horse2Zebra: share of translated images")
    assert (
        "Horse2Zebra: ALT 20; CycleGAN, equal GAN epochs 20; CycleGAN, where ALT starts 16; CycleGAN 32."
        in files["table_02.md"]
    )


def shares_of(**given: list[float]) -> pd.DataFrame:
    """Return measurements at 25 zebras: ALT's translators, one for each name alt..., and a CycleGAN of their length."""
    jobs = {name: job(25, 20) if name == "cyclegan" else job(25, method="ALT", seed=int(name[-1])) for name in given}
    records = [done(jobs[name], figures(values, values)) for name, values in given.items()]
    return rows(jobs.values(), [*records, *(alt_fit(it, 20) for name, it in jobs.items() if name != "cyclegan")])


def marked(measured: pd.DataFrame) -> set[Spot]:
    return alike(as_compared(measured, RIVALS), judged(measured, "accuracy", RIVALS))


def test_a_translator_is_marked_only_while_chance_could_have_made_it_the_best() -> None:
    alts = {"alt0": [0.9, 0.5, 0.2], "alt1": [0.91, 0.51, 0.21], "alt2": [0.92, 0.52, 0.22]}
    near, far = [0.9, 0.51, 0.2], [0.8, 0.4, 0.1]
    both = {Spot("ALT", "horse2zebra", "450:25"), Spot("CycleGAN", "horse2zebra", "450:25")}
    assert marked(shares_of(**alts, cyclegan=near)) == both
    assert not marked(shares_of(**alts, cyclegan=far)), "each evaluator finds it lower"
    assert not marked(shares_of(**alts)), "the best alone needs none"


def test_all_comparisons_of_a_dataset_hold_together() -> None:
    spots = [Spot(name, "horse2zebra", place) for place in ("450:25", "450:50") for name in ("ALT", "CycleGAN", START)]
    assert comparisons(spots, "horse2zebra") == 6
    assert level([*spots, Spot("ALT", "cub", "250:12")], "horse2zebra") ** 6 == pytest.approx(0.95)
    assert level([Spot("ALT", "cub", "250:12")], "cub") == 0.95, "nothing to compare with"


def test_every_translator_is_given_the_luck_of_its_own_training() -> None:
    given = {spot.method: it for spot, it in judged(compared(), "accuracy", RIVALS).items()}
    assert given[START].luck is None and not given[START].unknown, "taken as it is"
    assert given[RIVALS.equal].luck == given["ALT"].luck, "as long, from the same one"
    assert given["CycleGAN"].luck is None and given["CycleGAN"].unknown, "of a longer training ALT's says nothing"
    assert difference(given["ALT"], given["CycleGAN"]).half_width(0.95) is None
    longer = [job(50, 32, stream=stream) for stream in (0, 1)]
    alts = [job(25, method="ALT", seed=seed) for seed in (0, 1)]
    records = [done(it, figures([share] * 3, [share] * 3)) for it, share in zip(longer, (0.4, 0.6), strict=True)]
    records += [done(it, figures([0.5] * 3, [0.5] * 3)) for it in alts] + [alt_fit(it, 20) for it in alts]
    here = job(25, 32)
    records.append(done(here, figures([0.3] * 3, [0.3] * 3)))
    told = judged(rows([*longer, *alts, here], records), "accuracy", RIVALS)
    own = told[Spot("CycleGAN", "horse2zebra", "450:25")].luck
    assert own and own.variance == pytest.approx(np.var([0.4, 0.6], ddof=1)), "known at one place, for all of the task"


def test_table_2_says_by_how_much_alt_is_above_and_over_what_that_varies() -> None:
    first, other = job(25, 32), job(25, 32, stream=1)
    alts = [job(25, method="ALT", seed=seed) for seed in (0, 1)]
    shares = ([0.5, 0.2, 0.3], [0.5, 0.4, 0.3], [0.7, 0.4, 0.5], [0.8, 0.5, 0.6])
    records = [done(it, figures(each, each)) for it, each in zip((first, other, *alts), shares, strict=True)]
    spread = np.std([1 / 3, 0.4], ddof=1)
    text = table_2(rows([first, other, *alts], records), ZEBRAS, "", interval=False)["table_02.md"]
    # The evaluators agree on 0.25. The two of ALT lie 0.1 apart, variance 0.005, the CycleGAN's two streams 1/15,
    # variance 1/450: t = 12.7062 times the root of 0.005 / 2 + 1/450.
    assert "Horse2Zebra, ALT less CycleGAN: 25: +0.2500 ± 0.8732 (± 0.0000 over evaluators, ± 0.8732 over tr" in text
    assert "alone, at the 95 % level." in text, "there is no other"
    assert f"Horse2Zebra, 2 of CycleGAN (epochs=32) at 25: {spread:.4f}." in text


def test_a_pooled_half_does_not_hide_its_directions() -> None:
    files = table_2(compared(), ZEBRAS, "", interval=True)
    into = {
        role: table_lines(files["table_02.md"], f"Ours, into the {role} class")["CycleGAN"][0]
        for role in ("minority", "majority")
    }
    assert into == {"minority": f"0.1000 ± 0.2484{ALIKE}", "majority": "**0.9333** ± 0.1434"}
    assert {"table_02.tex", "table_02_to_minority.tex", "table_02_to_majority.tex"} <= files.keys()


def test_the_papers_numbers_stand_beside_ours_as_they_were_printed() -> None:
    files = table_2(compared(), ZEBRAS, "", interval=False)
    source = resources.files("bench.papers.sahoo2020").joinpath("tables.json").read_text(encoding="utf-8")
    parts = json.loads(source)["table_2"]["parts"].values()
    published = table_lines(files["table_02.md"], "The paper's")
    for row in ("CycleGAN", "ALT"):
        printed = [f"{number:.4f}" for part in parts for number in part["rows"][row]]
        assert [shown.strip("*") for shown in published[row]] == printed
    beside = table_lines(files["table_02.md"], "Side by side")
    assert beside["ALT paper"][1] == "0.3480" and beside["ALT ours - paper"][1] == "+0.2770"


@pytest.mark.parametrize(("spare", "said"), [(1.0, "that no fit and no translator sees"), (0.0, "training images")])
def test_the_evaluator_is_named_with_what_it_learned_from(spare: float, said: str) -> None:
    files = table_2(compared(spare), ZEBRAS, "", interval=False)
    assert (
        f"EfficientNet-Lite0 (ImageNet), the last layer fine-tuned on balanced real {'' if spare else said}"
        in (files["table_02.md"])
    )
    assert said in files["table_02.tex"] and "Inception" not in files["table_02.tex"]
    page = translator_files("horse2zebra", compared(spare), EMPTY, "")["translators_horse2zebra.md"]
    assert said in page and "Features of EfficientNet-Lite0" in page


def test_evaluators_that_often_fail_on_real_images_are_doubted() -> None:
    for real, doubted in ((0.95, False), (0.8, True)):
        one = job(25, 32)
        found = rows([one], [done(one, figures([0.2] * 3, [0.2] * 3, real=real))])
        said = "The evaluators of Horse2Zebra are right on 80 % of real images only"
        page = translator_files("horse2zebra", found, EMPTY, "")["translators_horse2zebra.md"]
        table = table_2(found, ZEBRAS, "", interval=False)["table_02.md"]
        assert (said in page) == (said in table) == doubted


def test_classes_are_told_by_their_counts_not_their_numbers() -> None:
    reverse = job(25, 32, counts=(25, 450))
    row = rows([reverse], [done(reverse, figures([0.1] * 3, [0.7] * 3, rare=0))]).iloc[0]
    assert (row["minority"], row["majority"], row["minority_count"]) == ("horse", "zebra", 25)
    assert (row["accuracy_to_minority/seed0"], row["accuracy_to_majority/seed2"]) == (0.1, 0.7)
    assert (row["fid_to_minority"], row["fid_real_to_majority"]) == (30.0, 4.0)


def test_translators_of_other_streams_do_not_enter_table_2() -> None:
    first, other = job(25, 32), job(25, 32, stream=1)
    records = [done(first, figures([0.2] * 3, [0.2] * 3)), done(other, figures([1.0] * 3, [1.0] * 3))]
    found = rows([first, other], records)
    ours = table_lines(table_2(found, ZEBRAS, "", interval=False)["table_02.md"], "Ours, both directions pooled")
    assert ours["CycleGAN"][0].strip("*") == "0.2000"
    assert next(spreads(found, "accuracy"))[2].translators == pytest.approx(np.std([0.2, 1.0], ddof=1))


def test_what_is_not_measured_yet_is_a_dash_and_counted() -> None:
    jobs = [job(25, 32), job(50, 32), *(job(25, method="ALT", seed=seed) for seed in (0, 1))]
    found = rows(jobs, [done(jobs[0], figures([0.2] * 3, [0.2] * 3)), done(jobs[2], figures([0.4] * 3, [0.4] * 3))])
    text = table_2(found, ZEBRAS, "", interval=False)["table_02.md"]
    ours = table_lines(text, "Ours, both directions pooled")
    assert ours["CycleGAN"][0:2] == ["**0.2000**", DASH] and ours["ALT"][0] == "0.4000 (1/2)"
    assert "2 of 4 measurements have no record yet" in text


def test_stale_and_failed_measurements_say_so() -> None:
    first, second = job(25, 32), job(50, 32)
    broken = done(second, {}).model_copy(update={"status": "failed", "error": "no weights"})
    found = rows([first, second], [done(first, figures([0.2] * 3, [0.2] * 3)), broken], stale=frozenset({first.id}))
    text = table_2(found, ZEBRAS, "", interval=False)["table_02.md"]
    assert table_lines(text, "Ours, both directions pooled")["CycleGAN"][0:2] == ["**0.2000**†", "failed"]
    assert "1 of 2 measurements failed" in text and list(found["error"]) == ["", "no weights"]


def test_without_measurements_there_is_no_table_and_no_page() -> None:
    for found in (rows([], []), rows([job(25, 32)], [])):
        assert table_2(found, ZEBRAS, "", interval=False) == {}
        assert translator_files("horse2zebra", found, EMPTY, "") == {}


def test_distances_and_similarities_stand_beside_those_of_real_images() -> None:
    page = translator_files("horse2zebra", compared(), EMPTY, "")["translators_horse2zebra.md"]
    distances = table_lines(page, "FID of horse to zebra from real zebra")
    assert distances["CycleGAN (epochs=32)"] == ["31.0000"] and distances["real against real"] == ["4.0000"]
    assert table_lines(page, "KID of zebra to horse from real horse")["real against real"] == ["0.0300"]
    fid, kid = page.split("## FID of horse to zebra")[1].split("## KID of horse to zebra")
    assert "n = 40. So few bias it upward" in fid and "n = 40. It has no bias" in kid and "upward" not in kid
    pairs = table_lines(page, "similarity within pairs of generated zebra")
    assert pairs["ALT"] == ["0.4000"] and pairs["real zebra, unseen"] == ["0.3000"]
