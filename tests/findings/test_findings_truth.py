"""Findings on stores whose truth is known: a moved threshold is called one, and a better network is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from evidences import METHODS, configured, found, stored
from small_trials import made_up

from bench import registry
from bench.analysis.advice import belief
from bench.analysis.believed import ACSA, AUC, TUNED, effect
from bench.errors import UserError
from bench.findings.agreeing import agreeing
from bench.findings.bodies import PLAINLY, bodies
from bench.findings.glance import grid
from bench.findings.moved import few_seeds, helping, moved
from bench.findings.opening import BEGIN, END, finding, opening, with_opening
from bench.findings.section import Link
from bench.findings.starting import situations, start, starting
from bench.findings.study import Evidence, evidence
from bench.findings.thresholds import labelled, thresholds
from bench.plan.grid import build_grid
from bench.store.store import Store


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """CS is Vanilla with another threshold, OS is better by training, US worse; the other profile agrees."""
    return found(tmp_path_factory.mktemp("known"), ("tiny", "other"))


def test_a_moved_threshold_is_no_gain_once_all_are_tuned(known: Evidence) -> None:
    study = known.studies[0]
    it, place = study.believed, study.rarest
    assert effect(it.gain(ACSA, "CS", place)) == "helps"
    left = belief(it.gain(TUNED, "CS", place))
    assert abs(left.mean) < 0.02 and left.low < 0 < left.high
    assert moved([study]) is not None


def test_a_better_network_is_one_with_all_thresholds_tuned(known: Evidence) -> None:
    it, place = known.studies[0].believed, known.studies[0].rarest
    for metric in (ACSA, TUNED, AUC):
        assert effect(it.gain(metric, "OS", place)) == "helps", metric
    assert effect(it.gain(TUNED, "US", place)) == "harms"


def test_rows_that_read_one_fit_differ_by_nothing_but_their_threshold(known: Evidence) -> None:
    it, place = known.studies[0].believed, known.studies[0].rarest
    assert not it.gain(TUNED, "TS", place).any() and not it.gain(AUC, "TS", place).any()
    assert belief(it.gain(ACSA, "TS", place)).low > 0


def test_the_share_of_a_moved_threshold_is_what_the_truth_says(tmp_path: Path) -> None:
    methods = ["Vanilla", "CS", "US"]
    configs = [configured(tmp_path, methods=methods)]
    skills, lean = dict.fromkeys(methods, 1.0), {"Vanilla": 1.2}
    study = evidence(configs, [stored(configs[0], skills, lean)], tmp_path).studies[0]
    assert set(helping(study)) == {"CS", "US"}
    share = moved([study])
    assert share is not None and share.mean > 0.9 and share.low > 0.7


def test_nothing_helps_where_all_are_alike(tmp_path: Path) -> None:
    alike = found(tmp_path, skills=dict.fromkeys(METHODS, 2.5), lean={}, sd=0.02)
    assert helping(alike.studies[0]) == [] and moved(alike.studies) is None
    assert all(row[1] == "Vanilla" or str(row[1]).endswith(", or Vanilla") for row in starting(alike).grids[0].rows)
    section = thresholds(alike)
    assert "No method surely beats Vanilla" in section.words[0]
    assert finding([*alike.studies]).startswith("In the one setting run so far (digits 12:6, tiny), no method")


def test_two_protocols_of_one_truth_agree_in_the_order_of_methods(known: Evidence) -> None:
    section = agreeing(known)
    (grid,) = section.grids
    assert len(grid.rows) == 1 and section.words == (
        "Between protocols, at the smallest count that both have: in 1 of 1 pair tau over all methods is surely above "
        "0; over those alone that surely help in both, in 0 of 1 pair with 3 or more of them.",
    )
    assert [row[2] for row in grid.rows] == ["4"], "that all beat Vanilla is no agreement among them"
    assert [row[5] for row in grid.rows] == ["3"], "US is among those that beat nothing"
    assert all(float(str(row[4])) > 0.95 for row in grid.rows)
    assert section.lacking == tuple(
        f"Rank agreement between datasets: no two are run under {profile} yet." for profile in ("tiny", "other")
    )


def test_protocols_of_unlike_truths_do_not(tmp_path: Path) -> None:
    skills = {"Vanilla": 1.0, "CS": 1.3, "OS": 1.6, "US": 0.7}
    first, second = configured(tmp_path), configured(tmp_path, "other")
    stored(first, skills, {})
    store = stored(second, {name: 2.3 - skill for name, skill in skills.items()}, {})
    (grid,) = agreeing(evidence([first, second], [store], tmp_path)).grids
    assert all(float(str(row[4])) < 0.2 and str(row[3]).startswith("-") for row in grid.rows)


def test_a_better_body_is_above_the_best_of_the_other(tmp_path: Path) -> None:
    first, second = configured(tmp_path), configured(tmp_path, "other")
    stored(first)
    store = stored(second, dict.fromkeys(["Vanilla", "CS", "OS", "US"], 3.0), {})
    section = bodies(evidence([first, second], [store], tmp_path))
    assert [row[-1] for row in section.grids[0].rows] == [PLAINLY, PLAINLY]
    assert section.words == (
        "From tiny to other: plain training under other lies surely above the best row of tiny, whatever that does "
        "about the imbalance, in 2 of 2 places of digits.",
    )


def test_one_starts_with_what_loses_least_where_it_was_tried(known: Evidence) -> None:
    best = [start(situation) for situation in situations(known)]
    assert [it.method for it in best if it] == ["CS", "CS"], "a threshold is worth more here than OS"
    assert all(it and it.mean < 0.01 for it in best)
    (grid,) = starting(known).grids
    assert [row[0] for row in grid.rows] == [
        f"Two classes, fewer than 20 images of the rarest; {profile}" for profile in ("tiny", "other")
    ]
    assert all(float(str(row[4])) > 0.05 for row in grid.rows), "what Vanilla loses"


def test_of_methods_as_good_the_cheapest_is_taken(tmp_path: Path) -> None:
    config = configured(tmp_path, methods=["Vanilla", "CS", "OS"])
    store = stored(config, dict.fromkeys(["Vanilla", "CS", "OS"], 2.8), {}, sd=0.01)
    dear = [
        record for record in store.records() if record.identity["method"] and record.identity["method"][0][0] == "OS"
    ]
    writable = Store(config.paths.results)
    for record in dear:
        writable.save(record.model_copy(update={"cost": record.cost.model_copy(update={"flops": 9e9})}))
    it = evidence([config], [store], tmp_path).studies[0].believed
    assert it.taken(it.places[0].place)[0] != "OS" and it.regrets(it.places[0].place)["OS"] < 0.01


def test_a_row_with_some_of_its_seeds_is_none_that_others_are_held_against(known: Evidence) -> None:
    study = known.studies[0]
    assert few_seeds(study) == []
    partly = replace(study, absent={study.rarest: ("CS (1 of 2 seeds)", "AUG")})
    assert few_seeds(partly) == ["CS"] and "more not run" in str(grid([partly], known).rows)


def test_the_opening_says_how_much_is_a_threshold_and_leads_on(known: Evidence) -> None:
    text = opening(known, "docs/findings.md", "docs/findings")
    line, picture, more, table, legend, opened, note, closed, rest = text.split("\n\n")
    assert line.startswith("**With two classes, a moved threshold makes up this much of what training against ")
    assert " where the whole network is trained (brackets: with probability 0.9). Choose every threshold, " in line
    assert "that much is gone. In 2 of 2 settings run so far, the method to take" in line and "\n" not in line
    assert "surely has a higher F1 than plain training on test images in equal shares" in line
    assert legend.startswith("`paper` trains") and "F1 is that of the rare class: 1 if" in legend
    assert "Where the whole network is trained: 1 dataset." in note
    assert "would surely be below that of plain training in 0 of 2 settings, surely above it in " in more
    assert "(docs/findings/overview.png)" in picture
    assert [row.split("|")[4].strip() for row in table.splitlines()[2:]] == ["CS", "CS"], (
        "a threshold is worth more here than OS"
    )
    assert opened.startswith("<details") and closed == "</details>"
    assert "[all findings](docs/findings.md)" in rest
    assert "Draws of the rare training images: there is one, and no end knows what another would change (" in note


def test_what_lies_below_always_naming_the_rare_class_does_not_count_as_help(known: Evidence) -> None:
    first, second = known.studies
    worse = replace(first.believed, always=dict.fromkeys(first.believed.always, 0.99))
    text = opening(replace(known, studies=(replace(first, believed=worse), second)), "page.md", "pictures")
    assert "In 1 of 2 settings run so far" in text
    assert f"; in {first.name(first.rarest)} too, but surely lower than always naming the rare class" in text
    assert "no: surely less than always rare" in text and "(CS)" in text
    table = starting(replace(known, studies=(replace(first, believed=worse),)))
    assert f"surely behind it at {first.name(first.rarest)}" in " ".join(map(str, table.grids[0].rows[0]))


def test_rows_that_another_dataset_of_the_profile_has_are_not_missed_in_silence(tmp_path: Path) -> None:
    config = configured(tmp_path, datasets=["digits", "stripes"], minority=[6])
    registry.load()
    store = Store(config.paths.results)
    for job in build_grid(config).jobs:
        if job.kind == "fit" and (job.identity["dataset"], job.method) != ("stripes", "US"):
            store.save(made_up(job, 1.0, 0.0))
    asked = config.model_copy(update={"run": config.run.model_copy(update={"methods": ("Vanilla", "CS")})})
    studies = evidence([asked], [Store(config.paths.results, read_only=True)], tmp_path).studies
    absent = {it.task: it.absent[it.rarest] for it in studies}
    assert absent == {"digits": (), "stripes": ("US",)}


def test_a_row_that_lacks_a_seed_is_not_counted_as_not_run(known: Evidence) -> None:
    study = known.studies[0]
    absent = {study.rarest: ("CS (4 of 5 seeds)", "SMOTE")}
    text = opening(replace(known, studies=(replace(study, absent=absent),)), "docs/findings.md", "docs/findings")
    assert "(of 5 rows, 1 more not run)" in text


def test_what_is_not_known_of_one_kind_of_network_is_not_hidden_by_the_other(known: Evidence) -> None:
    first, second = known.studies
    words = thresholds(replace(known, studies=(first, replace(second, frozen=True)))).words
    assert [it.partition(",")[0] for it in words[1:3]] == [
        "Where the last layer alone is trained",
        "Where the whole network is trained",
    ]
    assert all("of 2 rows that help" in it and "1 surely above it" in it for it in words[1:3])


def test_a_threshold_chosen_on_many_labelled_images_says_so(known: Evidence) -> None:
    first, second = (replace(it, validation=count) for it, count in zip(known.studies, (9, 24), strict=True))
    assert labelled([first, second]) == "1.5 to 4 times" and labelled([first, first]) == "1.5 times"
    more = opening(replace(known, studies=(first, second)), "docs/findings.md", "docs/findings")
    assert "here 1.5 to 4 times as many rare ones as were trained on" in more


def test_the_opening_goes_between_its_marks_and_nowhere_else() -> None:
    whole = f"# A\n\n{BEGIN}\nold\n{END}\n\nB"
    assert with_opening(whole, "new", "it") == f"# A\n\n{BEGIN}\nnew\n{END}\n\nB"
    for broken in ("# A", f"{BEGIN}\n", f"{END}\n{BEGIN}"):
        with pytest.raises(UserError, match="it lacks the marks"):
            with_opening(broken, "new", "it")


def test_a_study_leads_to_its_page_where_there_is_one(tmp_path: Path) -> None:
    without = found(tmp_path).studies[0]
    assert without.link == "`imbench report`"
    page = tmp_path / "reports" / "tiny" / "README.md"
    page.parent.mkdir(parents=True)
    page.touch()
    assert found(tmp_path).studies[0].link == Link("tiny/README.md", "reports/tiny/README.md")


def test_one_method_alone_and_no_record_at_all_are_said(tmp_path: Path) -> None:
    config = configured(tmp_path, methods=["Vanilla"])
    alone = evidence([config], [stored(config, {"Vanilla": 1.0}, {})], tmp_path)
    assert alone.studies == () and "there is nothing to choose between" in alone.lost[0]
    with pytest.raises(UserError, match="no record of profile other"):
        evidence([configured(tmp_path, "other")], [stored(config)], tmp_path)


def test_draws_of_gains_are_of_the_true_difference(known: Evidence) -> None:
    it, place = known.studies[0].believed, known.studies[0].rarest
    gain = it.gain(it.headline, "OS", place)
    back = it.gain(it.headline, "Vanilla", place, over="OS")
    assert np.allclose(gain, -back) and not it.gain(it.headline, "Vanilla", place).any()
