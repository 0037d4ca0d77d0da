"""The CUDA branch, as far as a machine without a GPU allows: fake tensors know their device and refuse to mix two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import alone, images, tiny
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode, unset_fake_temporarily
from torch.nn import functional as F
from translation import SMALL

from bench import registry
from bench.images import ImageSet
from bench.method import Counts, Method
from bench.methods.translators import cyclegan
from bench.methods.translators.cyclegan import CycleGAN
from bench.methods.translators.settings import CycleGANSettings
from bench.networks.paper_cnn import PaperCnn
from bench.networks.pretrained import Pretrained
from bench.plan.compose import compose
from bench.plan.config import load_config
from bench.registry import METHODS
from bench.running import speed
from bench.streams import Streams
from bench.training.composition import Composition
from bench.training.device import Device
from bench.training.trainer import Trainer

CONFIG = load_config(Path(__file__).resolve().parents[2] / "bench.toml")
SMALLEST = "paper_cnn(width=2)"
CUDA = Device(torch.device("cuda"))
registry.load()
SHIPPED = tuple(dict.fromkeys([*(entry.name for entry in METHODS), *CONFIG.run.methods]))


class CpuStreams(Streams):
    """Streams whose generators live on the CPU, for want of a GPU; fake tensors draw nothing."""

    def torch(self, stream: str, device: torch.device | str = "cpu", use: str = "") -> torch.Generator:
        return super().torch(stream, use=use)


def really(make: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that makes real tensors: weights are drawn on the CPU, and some code decides by numbers."""

    def made(*arguments: Any, **named: Any) -> Any:
        with unset_fake_temporarily():
            return make(*arguments, **named)

    return made


@pytest.fixture
def fake_cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pretend that there is a GPU. Weights are drawn on the CPU, as always; a backward pass needs a real device."""

    def backward(loss: Tensor) -> None:
        assert loss.requires_grad and loss.device.type == "cuda" and loss.shape == ()

    for network in (PaperCnn, Pretrained):
        monkeypatch.setattr(network, "classifier", really(network.classifier))
    monkeypatch.setattr(Tensor, "backward", backward)
    with FakeTensorMode(allow_non_fake_inputs=True):
        yield


def one_step(method: Composition, classes: int = 2, precision: str = "float32", backbone: str = SMALLEST) -> Trainer:
    """Build a trainer on the device, load a batch, take a step, and look at a batch in evaluation mode."""
    with unset_fake_temporarily():
        train = images((12, 6, 4)[:classes])
        counts = Counts.same(train.counts)
    protocol = tiny(precision=precision, backbone=backbone)
    method = method.for_counts(counts)
    trained = Trainer(method, train, train, counts, protocol, CpuStreams(), CUDA)
    for parameter in trained.model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    # The step clears gradients before its backward pass, which is pretended: keep ours, so that Adam has work.
    trained._optimiser.zero_grad = lambda set_to_none=True: None  # type: ignore[method-assign]
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
    states = trained._optimiser.state.values()
    tensors = [*trained.model.parameters(), trained._weights, *(t for state in states for t in state.values())]
    assert len(tensors) > 3 * len(list(trained.model.parameters())), "Adam has taken a step"
    assert {tensor.device.type for tensor in tensors} == {"cuda"}


@pytest.mark.parametrize("head", ["flat", "gap"])
def test_three_classes_and_every_head_stay_on_the_device(fake_cuda: None, head: str) -> None:
    one_step(compose("CS"), 3, backbone=f"paper_cnn(width=2, head={head})")


@pytest.mark.parametrize("backbone", ["small", "torchvision(name=mobilenet_v3_small, weights=none)"])
def test_pretrained_bodies_stay_on_the_device(fake_cuda: None, backbone: str) -> None:
    one_step(compose("CS"), 3, backbone=backbone)


@pytest.mark.filterwarnings("ignore:CUDA is not available")
def test_a_head_alone_stays_on_the_device(fake_cuda: None) -> None:
    with unset_fake_temporarily():
        train = ImageSet.of(torch.zeros(9, 2, 64), torch.arange(9) % 3, 3)
        counts = Counts.same(train.counts)
    protocol = tiny(backbone="small(train=head, views=2)")
    trained = Trainer(compose("CS"), train, train, counts, protocol, CpuStreams(), CUDA)
    features, labels = trained._load(torch.arange(8))
    assert {features.device.type, labels.device.type, trained._seen(train.pixels).device.type} == {"cuda"}
    assert trained.model(features).shape == (8, 3)


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


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_translator_that_goes_on_from_a_state_stays_on_the_device(
    fake_cuda: None, monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    def step(gan: CycleGAN) -> None:
        for name in gan.networks:
            for parameter in gan.networks[name].parameters():
                parameter.grad = torch.zeros_like(parameter)
        for optimiser in gan.optimisers.values():
            optimiser.zero_grad = lambda set_to_none=True: None  # type: ignore[method-assign]
        a, b = (CUDA.images(torch.empty(2, 3, 32, 32, dtype=torch.uint8)) for _ in "ab")
        assert gan.step(a, b).device.type == "cuda"

    for module, name in ((torch, "rand"), *((cyclegan, n) for n in ("Generator", "Discriminator", "initialised"))):
        monkeypatch.setattr(module, name, really(getattr(module, name)))
    settings = CycleGANSettings(**(SMALL | {"precision": precision}))
    first, resumed = (CycleGAN(settings, CpuStreams(), CUDA) for _ in range(2))
    for _ in range(3):
        step(first)
    state, rng = first.state(), torch.Generator()
    assert {value.device.type for value in state.values()} == {"cpu"}
    resumed.restore(state | {f"pool.{kind}.rng": really(rng.get_state)() for kind in "AB"})
    moments = [value for o in resumed.optimisers.values() for kept in o.state.values() for value in kept.values()]
    pooled = [image for kept in resumed.pools.values() for image in kept.images]
    assert len(pooled) == 2 * settings.pool_size and moments
    assert {value.device.type for value in [*pooled, *moments, *resumed.networks.parameters()]} == {"cuda"}
    for _ in range(4):
        step(resumed)


class Asked(Exception):
    """What a generator was asked for."""


def test_calibration_draws_where_it_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    def generator(*device: torch.device) -> torch.Generator:
        raise Asked(*device)

    monkeypatch.setattr(Device, "best", classmethod(lambda cls: CUDA))
    monkeypatch.setattr(Device, "session", lambda self, protocol: nullcontext())
    monkeypatch.setattr(torch, "Generator", generator)
    with pytest.raises(Asked, match="cuda"):
        speed._measured(tiny(backbone=SMALLEST))
