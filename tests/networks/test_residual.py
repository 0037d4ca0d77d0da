"""The residual network for small pictures: its published size, shortcuts without weights, depths of whole blocks."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from builders import as_on_a_fresh_machine, bench_toml, imbench
from small_networks import classifier
from torch import nn

from bench.errors import ConfigError
from bench.networks.layers.residual import Block
from bench.networks.network import network_named

# He et al. 2016, table 6, in millions; of ten classes, with the shortcuts that they chose for these pictures.
PUBLISHED = {20: 0.27, 32: 0.46, 44: 0.66, 56: 0.85}


@pytest.mark.parametrize("depth", PUBLISHED)
def test_it_has_as_many_weights_as_published(depth: int) -> None:
    model = classifier(f"resnet_cifar(depth={depth})", 32, 10)
    count = sum(it.numel() for it in model.parameters())
    assert round(count / 1e6, 2) == PUBLISHED[depth] and (depth != 32 or count == 464_154)
    assert sum(isinstance(it, nn.Conv2d | nn.Linear) for it in model.modules()) == depth


def test_a_shortcut_is_the_picture_where_sizes_agree_and_every_second_pixel_between_zeros_where_not() -> None:
    maps = torch.rand(2, 4, 6, 6)
    for width, stride in ((4, 1), (8, 2)):
        block = Block(4, width, stride).eval()
        nn.init.zeros_(block.second.weight)
        found = block(maps).detach()
        added = (width - 4) // 2
        assert torch.equal(found[:, added : added + 4], maps[:, :, ::stride, ::stride])
        assert found.shape == (2, width, 6 // stride, 6 // stride)
        assert int((found != 0).sum()) == int((found[:, added : added + 4] != 0).sum())


def test_convolutions_begin_as_he_has_it() -> None:
    model = classifier("resnet_cifar(width=32)", 32, 10)
    for layer in (it for it in model.modules() if isinstance(it, nn.Conv2d)):
        assert layer.weight.std().item() == pytest.approx((2 / layer.weight[0].numel()) ** 0.5, rel=0.1)


@pytest.mark.parametrize("depth", [9, 31, 2])
def test_a_depth_that_is_no_whole_number_of_blocks_is_refused(depth: int) -> None:
    with pytest.raises(ConfigError, match="depth"):
        network_named(f"resnet_cifar(depth={depth})")


def test_it_trains_as_any_network_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    own = '[profiles.tiny.datasets.stripes]\nbackbone = "resnet_cifar(depth=8, width=2)"\nbatch_size = 4\n'
    bench_toml(tmp_path, own, methods=["Vanilla", "DRW"], seeds=2)
    said = imbench("run")
    assert said.status == 0, said.err
    assert imbench("report").status == 0
