"""The shipped profiles: what Table 2 compares is trained equally long."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import registry
from bench.plan.config import load_config
from bench.plan.grid import stage_settings
from bench.registry import METHODS

SHIPPED = Path(__file__).resolve().parents[2] / "bench.toml"
registry.load()
CONFIG = load_config(SHIPPED)
DATASETS = sorted(entry.name for entry in registry.DATASETS if not entry.cls.of_users)


def alternation(profile: str, dataset: str) -> tuple[dict[str, object], dict[str, int]]:
    """Return a CycleGAN's settings and ALT's numbers of epochs."""
    arguments = CONFIG.profiles[profile].arguments(dataset).get("ALT", {})
    parameters = METHODS["ALT"].cls(**arguments).parameters
    epochs = {name: int(str(parameters[name])) for name in ("blocks", "classifier_epochs", "gan_epochs")}
    return dict(stage_settings(CONFIG.profiles[profile], dataset, "CycleGAN")), epochs


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("profile", [name for name, it in CONFIG.profiles.items() if "ALT" in it.arguments("digits")])
def test_a_cyclegan_of_as_many_epochs_as_alts_is_there_to_compare(profile: str, dataset: str) -> None:
    gan, alt = alternation(profile, dataset)
    assert gan["compared_epochs"][0] == gan["epochs"] + alt["blocks"] * alt["gan_epochs"]  # type: ignore[index,operator]


@pytest.mark.parametrize("dataset", ["horse2zebra", "celeba", "cub"])
def test_the_papers_cyclegan_has_as_many_epochs_as_alts_two_networks_together(dataset: str) -> None:
    gan, alt = alternation("paper", dataset)
    both = alt["blocks"] * (alt["classifier_epochs"] + alt["gan_epochs"])
    assert gan["compared_epochs"][-1] == gan["epochs"] + both  # type: ignore[index,operator]
