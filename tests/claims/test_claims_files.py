"""Files of claims: a typo is one clear line, and claims speak only of what exists."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import bench_toml

from bench import registry
from bench.claims.claim import LEVEL, MARGIN
from bench.claims.files import check_names, load_claims, parse_claims
from bench.errors import ConfigError
from bench.papers import shelf
from bench.plan.config import load_config

TRANSLATORS = ("CycleGAN", "ALT")
GOOD = 'id = "a"\ntext = "t"\ntask = "digits"\nminority = [8]\nmetric = "acsa"\nmethod = "CS"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[claims]", "mine.toml: Expected"),
        ("[[claim]]", "unknown key 'claim': did you mean 'claims'?"),
        (f"[[claims]]\n{GOOD}", "claim a: Unable to extract tag using discriminator 'kind'"),
        (f'[[claims]]\n{GOOD}kind = "worst"', "claim a: Input tag 'worst'"),
        (f'[[claims]]\n{GOOD}kind = "beats"\novr = ["OS"]', "claim a: unknown key 'ovr': did you mean 'over'?"),
        (f'[[claims]]\n{GOOD}kind = "beats"\nover = []', "claim a: over: "),
        (f'[[claims]]\n{GOOD}kind = "differs"\nover = "OS"', "claim a: by: Field required"),
        (f'[[claims]]\n{GOOD}kind = "best"\nat_least = 2', "claim a: at_least = 2 of 1 places"),
        (
            f'[[claims]]\n{GOOD.replace("acsa", "asca")}kind = "best"',
            "claim a: metric: unknown metric 'asca': did you mean 'acsa'?",
        ),
        (f'[[claims]]\n{GOOD.replace("acsa", "recall_" + "9" * 5000)}kind = "best"', "claim a: metric: unknown metric"),
        ('[[claims]]\nkind = "best"', "claim 1: "),
        (f'[[claims]]\n{GOOD}kind = "best"\n[[claims]]\n{GOOD}kind = "best"', "the id 'a' is given to two claims"),
        ("claims = [3]", "claim 1: "),
    ],
)
def test_a_typo_is_one_clear_line(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_claims(text, "mine.toml")
    assert str(refused.value).startswith("mine.toml: ") and said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_level_and_margin_are_fixed_once_in_the_file_or_by_a_claim() -> None:
    second = GOOD.replace('id = "a"', 'id = "b"')
    own = f'[[claims]]\n{second}kind = "best"\nmargin = 0.05'
    one, other = parse_claims(f'level = 0.9\nmargin = 0.02\n[[claims]]\n{GOOD}kind = "best"\n{own}', "mine.toml").claims
    assert (one.level, one.margin) == (0.9, 0.02) and (other.level, other.margin) == (0.9, 0.05)
    (plain,) = parse_claims(f'[[claims]]\n{GOOD}kind = "best"', "mine.toml").claims
    assert (plain.level, plain.margin) == (LEVEL, MARGIN)
    with pytest.raises(ConfigError, match=r"mine.toml: claim a: level: "):
        parse_claims(f'[[claims]]\n{GOOD}kind = "best"\nlevel = 95', "mine.toml")


def test_a_users_claims_come_after_the_papers(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(f'[[claims]]\n{GOOD}kind = "best"')
    assert list(load_claims([mine], shelf.papers()))[-1] == "a"
    with pytest.raises(ConfigError, match="the claim 'a' exists already"):
        load_claims([mine, mine])
    with pytest.raises(ConfigError, match="No such file"):
        load_claims([tmp_path / "lost.toml"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("digits", "digit"), "claim a: unknown dataset 'digit': did you mean 'digits'?"),
        (("CS", "CSS"), "claim a: unknown method 'CSS': did you mean 'CS'?"),
        (("acsa", "translation_accuracy"), "claim a: unknown translator 'CS'"),
        (("acsa", "generated_fid"), "claim a: unknown generator 'CS'"),
    ],
)
def test_a_claim_about_nothing_that_exists_is_refused(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    registry.load()
    config = load_config(bench_toml(tmp_path))
    check_names(parse_claims(f'[[claims]]\n{GOOD}kind = "best"', "mine.toml").claims, config, TRANSLATORS)
    wrong = parse_claims(f'[[claims]]\n{GOOD.replace(*change)}kind = "best"', "mine.toml")
    with pytest.raises(ConfigError) as refused:
        check_names(wrong.claims, config, TRANSLATORS)
    assert str(refused.value).startswith(said)


def test_the_shipped_claims_speak_of_what_exists() -> None:
    registry.load()
    claims = [claim for claim, _ in load_claims(papers=shelf.papers()).values()]
    check_names(claims, load_config(Path(__file__).parents[2] / "bench.toml"), TRANSLATORS)
