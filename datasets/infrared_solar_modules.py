"""Infrared solar modules: thermal pictures of sound and of damaged modules, twelve classes as rare as in life."""

from __future__ import annotations

import json
from pathlib import Path

from bench.data.carving import carve
from bench.data.duplicates import near_groups
from bench.data.manifest import Progress
from bench.data.splits import published_in_parts
from bench.dataset import Dataset, Pinned, Source, Split, natural
from bench.errors import DataError
from bench.registry import register_dataset

LABELS = "module_metadata.json"
VAL, TEST = 25, 50  # of every class

MANUAL = """\
Infrared solar modules is a manual download: get InfraredSolarModules.zip from
{url}
and unpack it so that {root}/images/00000.jpg and {root}/module_metadata.json exist,
then run `imbench data check infrared_solar_modules`."""


@register_dataset(
    "infrared_solar_modules", reference="Millendorf et al. 2020, github.com/RaptorMaps/InfraredSolarModules"
)
class InfraredSolarModules(Dataset):
    """Thermal pictures of solar modules, 24x40 grey: no anomaly and eleven kinds of it, the rarest 57 times rarer."""

    name = "infrared_solar_modules"
    classes = (
        *("No-Anomaly", "Cell", "Vegetation", "Diode", "Cell-Multi", "Shadowing"),
        *("Cracking", "Offline-Module", "Hot-Spot", "Hot-Spot-Multi", "Soiling", "Diode-Multi"),
    )
    imbalances = (natural(),)
    source = Source(url="https://github.com/RaptorMaps/InfraredSolarModules", manual=MANUAL)
    near_duplicate = 0.9  # modules of one make are much alike; above, pictures show one module

    def pin(self) -> Pinned:
        """Return the published edition; there is only one."""
        return published_in_parts(Path(__file__).parent / "splits", self.name, "raptormaps-24x40")


def drawn(dataset: Dataset, progress: Progress | None = None) -> Split:
    """Draw the published split from the files in the dataset's folder."""
    try:
        rows = json.loads((dataset.root / LABELS).read_text(encoding="utf8")).values()
    except OSError as error:
        raise DataError(f"{dataset.root / LABELS}: {error.strerror or error}") from error
    names: dict[str, list[str]] = {label: [] for label in dataset.classes}
    for row in rows:
        names[row["anomaly_class"]].append(row["image_filepath"])
    sizes = {part: dict.fromkeys(names, size) for part, size in (("val", VAL), ("test", TEST))}
    sizes["train"] = {label: len(found) - VAL - TEST for label, found in names.items()}
    together = near_groups(dataset, [name for found in names.values() for name in found], 0.87, progress)
    note = (
        f"All 20000 images; drawn by bench.data.carving with seed 0, {VAL} of every class to val and {TEST} to test, "
        "the rest trains; near duplicates (similarity 0.87 and above) in one part. Six images are there twice with two "
        "labels. Several images may show modules of one site; sites are not published."
    )
    return Split(dataset.classes, carve(names, sizes, together, seed=0), note)
