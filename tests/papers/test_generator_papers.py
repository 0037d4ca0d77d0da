"""The three papers of generators: their printed numbers where they belong, and their sentences about what exists."""

from __future__ import annotations

from bench import registry
from bench.analysis.spots import method_key
from bench.claims.claim import GENERATED
from bench.claims.files import load_claims
from bench.claims.published import Published, published
from bench.claims.verdicts import judge
from bench.papers import shelf
from bench.papers.paper import Paper
from bench.papers.rangwani2021.tables import classifiers_layout, stated


def paper(name: str) -> Paper:
    return next(it for it in shelf.papers() if it.citation.startswith(name))


def test_every_paper_of_generators_is_on_the_shelf_with_claims_of_its_own() -> None:
    for name, least in (("Mariani", 15), ("Huang", 6), ("Rangwani", 12)):
        assert len(load_claims(papers=[paper(name)])) >= least
    assert shelf.shown("cifar10") == "CIFAR-10" and shelf.shown("fashion_mnist") == "Fashion-MNIST"


def test_printed_numbers_stand_at_their_ratio_and_generator() -> None:
    numbers = stated()
    assert numbers[("cifar10", "exp 100"), "generated_fid", method_key("CBGAN")] == 32.93
    assert numbers[("cifar10", "exp 1"), "generated_fid", method_key("GAN")] == 27.03
    assert numbers[("cifar10", "exp 10"), "generated_kl", method_key("cGAN")] == 0.01
    layout = classifiers_layout()
    assert layout.published[method_key("CBGAN(alone=True)"), ("cifar10", "exp 100")] == 0.7296
    assert len(layout.published) == 6 and "68.6 % at 100" in layout.remarks[1]


def test_what_the_class_balancing_gan_claims_holds_in_its_own_table() -> None:
    claims = [it for it in load_claims(papers=[paper("Rangwani")]).values() if it[0].task == "cifar10"]
    assert len(claims) == 8
    for claim, of in claims:
        printed = published(of)
        assert judge(claim, printed, printed)[0] == "reproduced", claim.id


def test_a_claim_of_another_set_is_printed_nowhere() -> None:
    found, of = load_claims(papers=shelf.papers())["regulariser-fid-fashion"]
    assert judge(found, published(of), Published())[0] == "not run"


def test_users_question_is_asked_of_every_augmenting_generator() -> None:
    registry.load()
    claims = load_claims(papers=[paper("Mariani")])
    generators = {entry.name for entry in registry.STAGES if entry.cls.generates} & {e.name for e in registry.METHODS}
    for task in ("cifar", "fashion", "infrared"):
        assert {f"{name.lower()}-beats-os-{task}" for name in generators} <= claims.keys()
    of_generators = [claim for claim, _ in load_claims(papers=shelf.papers()).values() if claim.metric in GENERATED]
    assert len(of_generators) > 10
