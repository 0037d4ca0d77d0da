"""What papers of generators claim is asked for by the reference campaign, so that "not run" means: not yet."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from bench import registry
from bench.analysis.spots import method_key
from bench.claims.claim import GENERATED, rivals
from bench.claims.files import load_claims
from bench.papers import shelf
from bench.plan.campaign import planned, read_campaign
from bench.plan.config import load_config
from bench.plan.grid import dataset_named
from bench.plan.places import read_imbalance

CAMPAIGN = Path(__file__).resolve().parents[2] / "results" / "reference" / "campaign.toml"
PAPERS = ("Mariani", "Huang", "Rangwani")


def test_every_claim_about_generators_rests_on_runs_of_the_campaign() -> None:
    registry.load()
    asked, seeds = set(), defaultdict[tuple[str, tuple[int, ...], str], set[int]](set)
    for run in read_campaign(CAMPAIGN).run:
        if run.name.startswith("generators"):
            grid = planned(run, load_config(**run.overrides), lambda id: None, "")
            asked |= {(it.task.dataset, it.task.counts, it.judged) for it in grid.jobs if it.kind == "measurement"}
            for cell in (it for it in grid.cells if it.fit and not it.translator):
                seeds[cell.task.dataset, cell.task.counts, method_key(cell.method)].add(cell.seed)
    whole = set(range(load_config().run.seeds))  # a row that lacks one is in no table, and no claim about it is judged
    asked |= {at for at, mine in seeds.items() if mine >= whole}
    claims = load_claims(papers=[it for it in shelf.papers() if it.citation.startswith(PAPERS)])
    for claim, _ in claims.values():
        for method in (claim.method, *rivals(claim)):
            row = method if claim.metric in GENERATED else method_key(method)
            for at in claim.places:
                assert (claim.task, _counts(claim.task, str(at)), row) in asked, f"{claim.id}: {method} at {at}"


def _counts(name: str, label: str) -> tuple[int, ...]:
    dataset = dataset_named(name, load_config())
    whole = dataset.split().counts("train")
    declared = {it.label(counts): counts for it in dataset.imbalances if (counts := it.counts(whole))}
    return declared.get(label) or read_imbalance(label).counts(whole)
