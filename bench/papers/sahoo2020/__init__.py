"""Sahoo et al. 2020, arXiv 2008.05524: its Tables 1 to 10 and what its text claims."""

from __future__ import annotations

from importlib import resources

from bench.analysis.compared import Rivals
from bench.analysis.spots import method_key
from bench.papers.paper import Paper, Translations
from bench.papers.sahoo2020.tables import CITATION, SHOWN, layouts, translation_layout

# Figures that the text states beside the tables, about CelebA with 50 male images.
STATED = {
    ("Vanilla", "recall_minority"): 0.08,
    ("Vanilla", "recall_majority"): 1.0,
    ("AUG", "recall_minority"): 0.736,
    ("ALT", "recall_minority"): 0.820,
    ("Vanilla", "precision_majority"): 0.52,
    ("AUG", "precision_majority"): 0.772,
    ("ALT", "precision_majority"): 0.826,
}

PAPER = Paper(
    citation=CITATION,
    profile="paper",
    tasks=SHOWN,
    tables=layouts(),
    translations=Translations(
        translation_layout(),
        Rivals("CycleGAN", "ALT"),
        judged_by="a fine-tuned Inception-v3",
        epochs="Without more words CycleGAN is the one trained longest; the paper's has as many as its ALT has of "
        "classifier and of GAN together.",
    ),
    claims=resources.files(__package__).joinpath("claims.toml").read_text(encoding="utf8"),
    stated={(("celeba", "900:50"), metric, method_key(method)): value for (method, metric), value in STATED.items()},
    silent=("threads", "precision"),
    mapped=("Vanilla", "AUG"),
    explained=("Vanilla", "ALT", "AUG"),
)
