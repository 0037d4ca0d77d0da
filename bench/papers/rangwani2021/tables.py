"""Numbers of Rangwani et al. 2021 (arXiv 2106.09402) on CIFAR-10: FID and KL of generators, and classifiers of fakes.

Their FID is of 50,000 fakes against the 10,000 validation images in TensorFlow's Inception features, their KL by an
annotator that the paper calls balanced and the released code takes from the regulariser. So these are printed beside
nothing of ours; claims compare within the paper and within our records.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from bench.analysis.layout import Column, Layout, Part
from bench.analysis.spots import Key, Place, method_key
from bench.dataset import exponential

CITATION = "Rangwani et al. 2021, arXiv 2106.09402"
TASK, SHOWN = "cifar10", {"cifar10": "CIFAR-10"}
STAGES = {"SNDCGAN": "GAN", "ACGAN": "ACGAN", "cGAN": "cGAN", "Ours": "CBGAN"}  # ours, by the paper's name
ROWS = {name: f"{name}(alone=True)" for name in ("ACGAN", "cGAN", "CBGAN")}
WHOLE = (3800,) * 10  # of our split


@cache
def classifiers_layout() -> Layout:
    """Return the layout of the accuracies of classifiers trained on fakes alone."""
    columns = tuple(Column(f"exp {rho}", exponential(rho).counts(WHOLE)) for rho in (100, 10))
    part = Part(TASK, SHOWN[TASK], "truck", "airplane", columns)
    published = {
        (method_key(ROWS[STAGES[name]]), (TASK, f"exp {rho}")): round(value / 100, 4)
        for name, by_ratio in _cifar()["accuracy"].items()
        if STAGES[name] in ROWS
        for rho, value in by_ratio.items()
    }
    unconditional = ", ".join(f"{value} % at {rho}" for rho, value in _cifar()["accuracy"]["SNDCGAN"].items())
    return Layout(
        "rangwani_01",
        "acsa",
        (part,),
        tuple(ROWS.values()),
        published=published,
        remarks=(
            "Accuracy of a ResNet-32 trained on fakes alone; on a balanced test set it is the ACSA.",
            f"Their unconditional SNDCGAN, labelled by a classifier, has {unconditional}; it is no row of ours.",
        ),
        citation=CITATION,
    )


@cache
def stated() -> dict[tuple[Place, str, Key], float]:
    """Return FID and KL of generators, by place, the metric of our claims and method key."""
    names = {"fid": "generated_fid", "kl": "generated_kl"}
    return {
        ((TASK, f"exp {rho}"), names[figure], method_key(STAGES[name])): value
        for figure in names
        for name, by_ratio in _cifar()[figure].items()
        for rho, value in by_ratio.items()
    }


def _cifar() -> dict[str, Any]:
    tables: dict[str, Any] = json.loads(resources.files(__package__).joinpath("tables.json").read_text("utf-8"))
    found: dict[str, Any] = tables["cifar10"]
    return found
