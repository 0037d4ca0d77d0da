"""The CUDA branch, as far as a machine without a GPU allows: fake tensors know their device and refuse to mix two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from builders import alone, images, tiny
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode, unset_fake_temporarily
from torch.nn import functional as F

from bench import registry, trainer
from bench.backbone import build
from bench.compose import compose
from bench.composition import Composition
from bench.config import load_config
from bench.device import Device
from bench.method import Counts, Method
from bench.registry import METHODS
from bench.streams import Streams
from bench.trainer import Trainer

CONFIG = load_config(Path(__file__).resolve().parent.parent / "bench.toml")
CUDA = Device(torch.device("cuda"))
registry.load()
SHIPPED = tuple(dict.fromkeys([*(entry.name for entry in METHODS), *CONFIG.run.methods]))


class CpuStreams(Streams):
    """Streams whose generators live on the CPU, for want of a GPU; fake tensors draw nothing."""

    def torch(self, stream: str, device: torch.device | str = "cpu", use: str = "") -> torch.Generator:
        return super().torch(stream, use=use)


@pytest.fixture
def fake_cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pretend that there is a GPU. Weights are drawn on the CPU, as always; a backward pass needs a real device."""

    def build_on_the_cpu(*arguments: object) -> nn.Module:
        with unset_fake_temporarily():
            return build(*arguments)  # type: ignore[arg-type]

    def backward(loss: Tensor) -> None:
        assert loss.requires_grad and loss.device.type == "cuda" and loss.shape == ()

    monkeypatch.setattr(trainer, "build", build_on_the_cpu)
    monkeypatch.setattr(Tensor, "backward", backward)
    with FakeTensorMode(allow_non_fake_inputs=True):
        yield


def one_step(method: Composition, classes: int = 2, precision: str = "float32", head: str = "flat") -> Trainer:
    """Build a trainer on the device, load a batch, take a step, and look at a batch in evaluation mode."""
    with unset_fake_temporarily():
        train = images((12, 6, 4)[:classes])
        counts = Counts.same(train.counts)
    protocol = tiny(precision=precision, head=head)
    method = method.for_counts(counts)
    trained = Trainer(method, train, train, counts, protocol, CpuStreams(), CUDA)
    for parameter in trained.model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    # The step clears gradients before its backward pass, which is pretended: keep ours, so that Adam has work.
    trained.optimiser.zero_grad = lambda set_to_none=True: None  # type: ignore[method-assign]
    batch = CUDA.images(torch.empty(8, 3, 32, 32, dtype=torch.uint8))
    labels = torch.empty(8, dtype=torch.int64).to(CUDA.torch)
    trained.model.train()
    assert trained.step(batch, labels).device.type == "cuda"
    with torch.inference_mode(), CUDA.autocast(protocol):
        assert trained.model.eval()(batch).shape == (8, classes)
    return trained


@pytest.mark.filterwarnings("ignore:CUDA is not available")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("method", SHIPPED)
def test_a_step_of_every_method_stays_on_the_device(fake_cuda: None, method: str, precision: str) -> None:
    trained = one_step(compose(method, CONFIG.composition.allow), 2, precision)
    states = trained.optimiser.state.values()
    tensors = [*trained.model.parameters(), trained._weights, *(t for state in states for t in state.values())]
    assert len(tensors) > 3 * len(list(trained.model.parameters())), "Adam has taken a step"
    assert {tensor.device.type for tensor in tensors} == {"cuda"}


@pytest.mark.parametrize("head", ["flat", "gap"])
def test_three_classes_and_every_head_stay_on_the_device(fake_cuda: None, head: str) -> None:
    one_step(compose("CS"), 3, head=head)


class WeighsOnTheCpu(Method):
    def batch(self, images: Tensor, labels: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        return images, labels, torch.ones(len(labels))


class LabelsOnTheCpu(Method):
    def batch(self, images: Tensor, labels: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        return images, torch.zeros(len(labels), dtype=torch.int64), torch.ones(len(labels), device=labels.device)


class MixesOnTheCpu(Method):
    def batch(self, images: Tensor, labels: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        return images + torch.zeros(images.shape), labels, torch.ones(len(labels), device=labels.device)


class LosesOnTheCpu(Method):
    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(logits + torch.zeros(logits.shape[1]), labels, reduction="none")


@pytest.mark.parametrize("wrong", [WeighsOnTheCpu, LabelsOnTheCpu, MixesOnTheCpu, LosesOnTheCpu])
def test_a_hook_that_makes_a_cpu_tensor_is_caught(fake_cuda: None, wrong: Callable[[], Method]) -> None:
    with pytest.raises(RuntimeError, match="same device"):
        one_step(alone(wrong()))
