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
OF_TWO = [name for name in DATASETS if len(registry.DATASETS[name].cls.classes) == 2]  # which translators can do


def alternation(profile: str, dataset: str) -> tuple[dict[str, object], dict[str, int]]:
    """Return a CycleGAN's settings and ALT's numbers of epochs."""
    arguments = CONFIG.profiles[profile].arguments(dataset).get("ALT", {})
    parameters = METHODS["ALT"].cls(**arguments).parameters
    epochs = {name: int(str(parameters[name])) for name in ("blocks", "gan_epochs")}
    return dict(stage_settings(CONFIG.profiles[profile], dataset, "CycleGAN")), epochs


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("profile", [name for name, it in CONFIG.profiles.items() if "ALT" in it.arguments("digits")])
def test_a_cyclegan_of_as_many_epochs_as_alts_is_there_to_compare(profile: str, dataset: str) -> None:
    gan, alt = alternation(profile, dataset)
    assert gan["compared_epochs"][0] == gan["epochs"] + alt["blocks"] * alt["gan_epochs"]  # type: ignore[index,operator]


@pytest.mark.parametrize(("dataset", "epochs"), [("horse2zebra", 100), ("celeba", 300), ("cub", 100)])
def test_the_papers_longest_cyclegan_is_the_one_that_it_prints(dataset: str, epochs: int) -> None:
    gan, _ = alternation("paper", dataset)
    assert gan["compared_epochs"][-1] == epochs  # type: ignore[index]


@pytest.mark.parametrize("dataset", OF_TWO)
@pytest.mark.parametrize("profile", CONFIG.profiles)
def test_alt_can_be_trained_in_the_epochs_of_every_profile(profile: str, dataset: str) -> None:
    method = METHODS["ALT"].cls(**CONFIG.profiles[profile].arguments(dataset).get("ALT", {}))
    epochs = CONFIG.profiles[profile].protocol(dataset).epochs
    assert method.fewest_epochs <= epochs
    assert sum(method.turns(epochs)) == epochs
