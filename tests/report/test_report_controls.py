"""Table 2 prints beside every share its controls and a figure without a threshold, and says when it cannot tell."""

from __future__ import annotations

import pytest
from small_measurements import alt_fit, compared, done, figures, job, rows, table_lines

from bench import registry
from bench.analysis.samples import TwoSpreads
from bench.report.emit import files
from bench.report.report import Report
from bench.report.translation import translation_sheets
from bench.report.translators import _cannot_tell

ZEBRAS = ("horse2zebra",)
registry.load()


def table_2(found: object) -> str:
    sheets = tuple(translation_sheets(found, ZEBRAS, "", interval=False))  # type: ignore[arg-type]
    return files(Report("", "", "cpu", sheets=sheets))["table_02.md"]


def test_beside_every_share_stand_its_controls_and_the_auc() -> None:
    text = table_2(compared())
    for role, other, shares in (("minority", "majority", 0.1), ("majority", "minority", 0.9333)):
        shown = {label: cells[0] for label, cells in table_lines(text, f"Controls, into the {role} class").items()}
        for translator in ("CycleGAN", "ALT", "CycleGAN, equal GAN epochs", "CycleGAN, where ALT starts"):
            assert shown[f"{translator}: real {role} images"] == "0.5000"
            assert shown[f"{translator}: {role} images there and back"] == "0.5000"
        assert shown["CycleGAN: translated"] == f"{shares:.4f}"
        assert shown[f"real {role} images"] == "0.9000" and shown[f"untranslated {other} images"] == "0.1000"
    minority = {label: cells[0] for label, cells in table_lines(text, "Controls, into the minority class").items()}
    assert float(minority["CycleGAN: AUC"]) == pytest.approx((0 + 0.1**0.5 + 0.2**0.5) / 3, abs=1e-4)


def test_where_evaluators_differ_more_than_translators_table_2_says_that_it_cannot_tell() -> None:
    first, second = job(25, 20), job(25, method="ALT")

    def said(a: list[float], b: list[float]) -> str:
        records = [done(first, figures(a, a)), done(second, figures(b, b)), alt_fit(second, 20)]
        return table_2(rows([first, second], records))

    sentence = "Horse2Zebra: which translator is better, these shares cannot tell at 450:25 (0.400 against 0.035)"
    assert sentence in said([0.1, 0.5, 0.9], [0.15, 0.55, 0.95])
    assert "cannot tell" not in said([0.1, 0.11, 0.12], [0.8, 0.81, 0.82])


def test_table_2_says_whose_evaluators_have_seen_what_translators_train_on() -> None:
    words = "Horse2Zebra: the split keeps no images for evaluators."
    assert words in table_2(compared(spare=0.0)) and words not in table_2(compared(spare=1.0))


def test_where_evaluators_differ_more_than_translators_the_page_says_that_shares_cannot_tell() -> None:
    found = {("CycleGAN", "9:2"): TwoSpreads(0.2, 0.1, 3), ("CycleGAN", "9:4"): TwoSpreads(0.1, 0.2, 3)}
    found |= {("CycleGAN", "9:6"): TwoSpreads(0.2, None, 1)}
    (only,) = _cannot_tell(found)
    assert only.startswith("9:2: which translator of CycleGAN is better, shares cannot tell")
