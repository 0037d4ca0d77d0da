"""Mariani et al. 2018, arXiv 1803.09655: BAGAN; what its text claims and what users ask. Accuracies are plots only."""

from __future__ import annotations

from importlib import resources

from bench.papers.paper import Paper

PAPER = Paper(
    citation="Mariani et al. 2018, arXiv 1803.09655",
    profile="paper",
    tasks={"fashion_mnist": "Fashion-MNIST", "cifar10": "CIFAR-10"},
    claims=resources.files(__package__).joinpath("claims.toml").read_text(encoding="utf8"),
    silent=("threads", "precision"),
)
