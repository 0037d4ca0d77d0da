"""Rangwani et al. 2021, arXiv 2106.09402: the class-balancing GAN's table of CIFAR-10, and what its text claims."""

from __future__ import annotations

from importlib import resources

from bench.papers.paper import Paper
from bench.papers.rangwani2021.tables import CITATION, SHOWN, classifiers_layout, stated

PAPER = Paper(
    citation=CITATION,
    profile="paper",
    tasks=SHOWN,
    tables=(classifiers_layout(),),
    claims=resources.files(__package__).joinpath("claims.toml").read_text(encoding="utf8"),
    stated=stated(),
    silent=("threads", "precision"),
)
