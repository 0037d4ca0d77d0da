"""Huang & Jafari 2021 (BAGAN-GP): what its text claims. Its printed FID is of cells, a set that is not here."""

from __future__ import annotations

from importlib import resources

from bench.papers.paper import Paper

PAPER = Paper(
    citation="Huang & Jafari 2021, doi 10.1007/s00521-021-06163-8",
    profile="paper",
    tasks={"fashion_mnist": "Fashion-MNIST", "cifar10": "CIFAR-10"},
    claims=resources.files(__package__).joinpath("claims.toml").read_text(encoding="utf8"),
    silent=("threads", "precision"),
)
