"""Expressions such as `US+CS` and `CBL(beta=0.99)`: what they mean, and one clear line for what they cannot."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from builders import plugged
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import registry
from bench.errors import ConfigError
from bench.expression import Call, Expression
from bench.plan.compose import compose
from bench.registry import METHODS
from bench.training.composition import build

registry.load()
ALLOWED = ("US+CS", "OS+CS")
NEUTRAL = """
@register("Soft")
class Soft(Method):
    \"\"\"Another loss.\"\"\"
    rebalances = False

    def __init__(self, by: float = 0.1, kind: str = "plain") -> None:
        self.by, self.kind = by, kind

    def loss(self, logits, labels):
        return super().loss(logits, labels) * self.by
"""


def refusal(expression: str, allowed: tuple[str, ...] = ()) -> str:
    """Return the one line that an expression is refused with."""
    with pytest.raises(ConfigError) as raised:
        compose(expression, allowed)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_sum_takes_each_hook_from_the_part_that_fills_it() -> None:
    both = compose("US+CS", ALLOWED)
    assert both.name == "US+CS" and both.names == ("US", "CS")
    under, cost = both.parts
    assert both.hook("resample") == under.resample and both.hook("class_weights") == cost.class_weights
    assert type(both.hook("loss").__self__) is not type(under), "what nobody fills is Vanilla's"


def test_arguments_reach_the_constructor() -> None:
    assert compose("CBL(beta=0.99)").parts[0].parameters == {"beta": 0.99}
    assert compose("CBL").parts[0].parameters == {"beta": 0.999}
    assert compose(" SMOTE( k_neighbors = 3 ) ").name == "SMOTE(k_neighbors=3)"


def test_a_bare_word_is_a_string(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plugged(monkeypatch, tmp_path, NEUTRAL)
    assert compose("Soft(kind=sharp, by=2)").parts[0].parameters == {"by": 2, "kind": "sharp"}
    assert compose("Soft(kind='sharp')").training_part == compose("Soft(kind=sharp)").training_part


@pytest.mark.parametrize(
    ("expression", "line"),
    [
        ("SMOTTE", "unknown method 'SMOTTE': did you mean 'SMOTE'?"),
        ("vanilla", "unknown method 'vanilla': did you mean 'Vanilla'?"),
        ("US+CSS", "unknown method 'CSS': did you mean 'CS'?"),
        ("CBL(betta=0.9)", "CBL: unknown parameter 'betta': did you mean 'beta'?"),
        ("CS(beta=0.9)", "CS: unknown parameter 'beta': known are none"),
        ("CBL(beta=2)", "CBL(beta=2): beta = 2 must be at least 0 and below 1"),
        ("CBL(beta=high)", "CBL(beta=high): beta = 'high' must be a finite number"),
    ],
)
def test_what_is_wrong_is_named(expression: str, line: str) -> None:
    assert refusal(expression) == line


@pytest.mark.parametrize(
    "expression",
    ["", "+", "US+", "CBL(", "CBL(0.9)", "CBL(**{})", "CBL(beta=0.9))", "CBL(beta=1/2)", "CBL(beta=f())", "a b", "1A"],
)
def test_what_has_not_the_form_of_a_method_is_refused(expression: str) -> None:
    assert refusal(expression) == f"method {expression!r} is not of the form NAME, NAME(key=value) or NAME+NAME"


@pytest.mark.parametrize(
    ("expression", "slot"), [("US+OS", "data"), ("CS+CBL(beta=0.9)", "weights"), ("TS+TS", "decision")]
)
def test_two_methods_in_one_slot_are_refused_by_name(expression: str, slot: str) -> None:
    first, second = expression.split("+")
    assert (
        refusal(expression, (expression,)) == f"{first} and {second} both want the slot '{slot}' and cannot be composed"
    )


@pytest.mark.parametrize("expression", ["OS+TS", "US+CS", "SMOTE+CBL(beta=0.9)", "CS+TS"])
def test_correcting_the_prior_twice_is_refused_by_name(expression: str) -> None:
    names = [term.split("(")[0] for term in expression.split("+")]
    assert f"{names[0]} and {names[1]} would correct the class prior twice" in refusal(expression)
    assert "[composition] allow" in refusal(expression)
    for allowed in ("+".join(names), "+".join(reversed(names))):
        assert len(compose(expression, (allowed,)).parts) == 2


@pytest.mark.parametrize("allowed", ["SMOTE+CBL(beta=0.9)", "CBL + SMOTE"])
def test_a_pair_may_be_allowed_as_it_is_spelled_in_the_methods(allowed: str) -> None:
    assert len(compose("SMOTE+CBL(beta=0.9)", (allowed,)).parts) == 2


@pytest.mark.parametrize("neighbours", ["0", "-3", "0.5", "1e999", "many", "[1]"])
def test_smote_refuses_what_is_no_number_of_neighbours(neighbours: str) -> None:
    assert "k_neighbors" in refusal(f"SMOTE(k_neighbors={neighbours})")


@pytest.mark.parametrize("value", ["{1}", "b'x'", "1j", "1e999", "..."])
def test_arguments_that_no_identity_can_hold_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str
) -> None:
    plugged(monkeypatch, tmp_path, NEUTRAL)
    assert "Soft" in refusal(f"Soft(kind={value})")


def test_a_pair_that_is_allowed_allows_no_other() -> None:
    assert "OS and TS" in refusal("OS+TS", ALLOWED)
    assert "US and CS and TS" in refusal("US+CS+TS", ALLOWED)


def test_what_does_not_rebalance_composes_freely(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plugged(monkeypatch, tmp_path, NEUTRAL)
    assert compose("OS+Soft").name == "OS+Soft"
    assert compose("Vanilla+OS").training_part == compose("OS").training_part


def test_the_training_part_of_a_decision_is_vanillas() -> None:
    assert compose("TS").training_part == compose("Vanilla").training_part == []
    assert compose("OS+TS", ("OS+TS",)).training_part == compose("OS").training_part


def test_order_and_defaults_do_not_matter_to_the_training_part() -> None:
    assert compose("US+CS", ALLOWED).training_part == compose("CS+US", ALLOWED).training_part
    assert compose("US+CS", ALLOWED).training_part == [["CS", {}], ["US", {}]]
    assert compose("CBL").training_part == compose("CBL(beta=0.999)").training_part


def test_reasons_of_all_parts_are_told_with_their_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    picky = '@register("Picky")\nclass Picky(Method):\n    smallest_count = 9\n    rebalances = False\n'
    plugged(
        monkeypatch, tmp_path, picky + "    def head(self, features, n_classes):\n        raise NotImplementedError\n"
    )
    both = compose("SMOTE+Picky")
    of_every_class = "images of every class, the smallest has 4"
    assert both.supports((20, 4)) == f"SMOTE needs 6 {of_every_class}; Picky needs 9 {of_every_class}"
    assert both.supports((20, 9)) == ""


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=30) | st.text("ABCLOSTU+()=,.'\"0123 \\\n\0[{*", max_size=30))
def test_any_text_is_a_method_or_one_clear_error(text: str) -> None:
    try:
        assert compose(text).parts
    except ConfigError:
        pass


arguments = st.fixed_dictionaries({}, optional={"beta": st.floats(0, 1, exclude_max=True)})


@settings(deadline=None)
@given(arguments, st.integers(1, 10**9), st.permutations(["cbl", "smote", "Vanilla"]))
def test_a_spelled_name_is_read_back_as_the_same_method(
    beta: dict[str, float], neighbours: int, order: list[str]
) -> None:
    spelled = {"cbl": "CBL" + (f"(beta={beta['beta']!r})" if beta else ""), "smote": f"SMOTE(k_neighbors={neighbours})"}
    first = compose("+".join(spelled.get(term, term) for term in order), ("CBL+SMOTE",))
    again = compose(first.name, ("CBL+SMOTE",))
    assert again.name == first.name and again.training_part == first.training_part
    assert [type(part) for part in again.parts] == [type(part) for part in first.parts]


@settings(deadline=None)
@given(st.text("ABCab01_-+(),.='e ", max_size=20))
def test_an_expression_in_print_is_read_back_as_the_same_value(text: str) -> None:
    try:
        parsed = Expression.parse(text)
    except ConfigError:
        return
    assert Expression.parse(str(parsed)) == parsed


@pytest.mark.parametrize("number", ["1e+3", "1e3", "1000.0", "1E+03"])
def test_a_plus_inside_parentheses_joins_nothing(number: str) -> None:
    parsed = Expression.parse(f"CBL(beta={number})+SMOTE")
    assert [call.name for call in parsed.calls] == ["CBL", "SMOTE"]
    assert parsed.calls[0].all_arguments == {"beta": 1000.0}
    assert Expression.parse(str(parsed)).key == parsed.key == ("CBL(beta=1000.0)", "SMOTE")


def test_the_order_of_a_sum_and_what_a_profile_gives_make_no_other_row() -> None:
    given_by_profile = {"CBL": {"beta": 0.5}}
    assert Expression.parse("US + CS").key == Expression.parse("CS+US").key
    assert Expression.parse("CBL").with_given(given_by_profile).key == Expression.parse("CBL").key
    assert Expression.parse("CBL").key != Expression.parse("CBL(beta=0.5)").key


def test_what_a_row_writes_goes_before_what_a_profile_gives() -> None:
    row = compose("CBL", given={"CBL": {"beta": 0.5}})
    assert row.name == "CBL" and row.parts[0].parameters == {"beta": 0.5}
    assert compose("CBL(beta=0.9)", given={"CBL": {"beta": 0.5}}).parts[0].parameters == {"beta": 0.9}


def test_a_composition_is_built_from_the_value_and_no_text_is_parsed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = Expression.parse("CBL(beta=0.99)")
    monkeypatch.setattr(Call, "parse", None)
    assert build(parsed).parts[0].parameters == {"beta": 0.99} and build(parsed).name == "CBL(beta=0.99)"


def test_a_name_is_registered_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"method 'CS' is defined twice: in bench\.methods\.cost_sensitive and"):
        plugged(monkeypatch, tmp_path, '@register("CS")\nclass Mine(Method):\n    pass\n')
    assert METHODS["CS"].cls.__module__ == "bench.methods.cost_sensitive"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            "from methods.oversampling import Oversampling\n",
            "line 4: `methods.oversampling` is imported as `bench.",
        ),
        ("import datasets.folder\n", "line 4: `datasets.folder` is imported as `bench.datasets.folder` now"),
        ("import sys\nsys.exit()\n", "SystemExit"),
    ],
)
def test_a_plugin_that_cannot_be_taken_in_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str, words: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)):
        plugged(monkeypatch, tmp_path, source)
