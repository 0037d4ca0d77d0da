"""What a generator's step is said to take is what torch counts of it: controls of equal computation rest on that."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from builders import CPU, tiny
from small_generators import SMALL, Forgetful, classifier, stage, task, untrained
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from bench.methods.generators.training import GeneratorTraining
from bench.networks.network import step_operations
from bench.stage import FitRequest, Material, Reads
from bench.streams import Streams
from bench.training.sizes import reduced

COUNTS = (24, 16, 8)
BATCH = 8
NEAR = 0.1


class Counter(TorchDispatchMode):
    """Counts the operations of matrix products and convolutions, derivatives of derivatives among them."""

    total = 0.0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if (packet := func._overloadpacket) in flop_registry:
            self.total += flop_registry[packet](*args, **(kwargs or {}), out_val=out)
        return out


@pytest.mark.parametrize("name", SMALL)
def test_a_step_takes_about_the_operations_that_it_says(name: str) -> None:
    about: dict[str, Any] = {"batch_size": BATCH, "image_size": 32, "width": 0.25}
    parameters = {"image_size": 32, "width": 0.25} if name.endswith("AE") else {}
    length = {"epochs": None, "steps": 3} if "epochs" in SMALL[name] else {"steps": 3}
    making = stage(name, parameters, **({"batch_size": BATCH} if parameters else about), **length)
    train = reduced(task(COUNTS), 32)
    needed = {
        it: classifier(3) if isinstance(it, FitRequest) else untrained(it, train) for it in making.requires(COUNTS)
    }
    spare = train.take(torch.zeros(0, dtype=torch.int64))
    material = Material(train, spare, Reads(tiny(), making.reads, "small"), Streams(), CPU, needed, Forgetful())
    loop = GeneratorTraining(making.recipe(material, train), making.settings, train, Streams())
    loop.run(until=1)
    with Counter() as counter:
        loop.run(until=2)
    said = making.each(COUNTS, tiny())
    if name == "CBGAN":  # here a linear classifier stands for the backbone
        backbone = step_operations(tiny().backbone, tiny().image_size, 3) / 3
        said += 2 * (2 * 3 * 3 * 32 * 32 - backbone)
    assert counter.total / BATCH == pytest.approx(said, rel=NEAR)
