"""A translated training set costs what torch counts while it is made, in the plan and in its record."""

from __future__ import annotations

from typing import Any

import pytest
from builders import CPU, images, tiny
from small_generators import Forgetful
from torch.utils.flop_counter import FlopCounterMode
from translation import SMALL, training

from bench.methods.translators.settings import CycleGANSettings
from bench.methods.translators.stages import TRANSLATOR, ViewsStage
from bench.methods.translators.translator import opened
from bench.stage import Material, Reads, StageSettings
from bench.streams import Streams


@pytest.mark.parametrize("settings", [{}, {"load_size": 32}], ids=["as stored", "reduced"])
@pytest.mark.parametrize("views", [1, 2])
def test_views_cost_what_torch_counts(views: int, settings: dict[str, Any]) -> None:
    task = images((7, 3), side=42)  # no multiple of four: a translator pads it
    start = training(task, **settings)
    gan = opened(start.state(), start.gan.settings, task.counts.tolist(), CPU)
    stage, protocol = ViewsStage(StageSettings(), {"views": views}), tiny(load_size=42)
    seen = Reads(protocol, stage.reads, "Views")
    material = Material(task, task.take(task.rows[:0]), seen, Streams(), CPU, {TRANSLATOR: gan}, Forgetful())  # type: ignore[arg-type]
    planned = stage.operations((7, 3), protocol, lambda name: CycleGANSettings(**(SMALL | settings)))
    with FlopCounterMode(display=False) as counter:
        made = stage.make(material)
    assert made.flops == planned == counter.get_total_flops() > 0
