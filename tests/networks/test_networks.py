"""Every registered network makes a classifier with any last layer, and says what its weights have seen."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from builders import imbench
from small_networks import classifier
from torch import nn

from bench import registry
from bench.datasets.digits import Digits
from bench.datasets.horse2zebra import Horse2Zebra
from bench.errors import ConfigError, UserError
from bench.expression import Call
from bench.networks.layers.body import BodyAndHead
from bench.networks.layers.classifier import Draws, HeadAlone
from bench.networks.network import network_named, seen_before, step_operations
from bench.networks.pretrained import pretrained_named
from bench.plan.code import code_digests
from bench.registry import NETWORKS

TORCHVISION = "torchvision(name=mobilenet_v3_small, weights=none)"
HERE = ("paper_cnn(width=2)", "resnet_cifar(depth=8, width=2)", "small", "small(train=head)", TORCHVISION)


@pytest.mark.parametrize("text", HERE)
def test_a_classifier_gives_logits_of_any_number_of_classes(text: str) -> None:
    for classes in (2, 5):
        model = classifier(text, 40, classes).eval()
        seen = torch.zeros(3, model.head.in_features) if network_named(text).views else torch.zeros(3, 3, 40, 40)
        assert model(seen).shape == (3, classes) and model(seen).dtype == torch.float32
        assert model.features(seen).shape == (3, model.head.in_features)


@pytest.mark.parametrize("text", HERE)
def test_weights_depend_on_their_stream_alone(text: str) -> None:
    states = []
    for init, disturbance in ((3, 1), (3, 2), (4, 1)):
        torch.manual_seed(disturbance)
        states.append(classifier(text, init=init).state_dict())
    first, again, other = states
    assert first.keys() == again.keys() and all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["head.weight"], other["head.weight"])


def test_a_body_that_is_frozen_is_the_same_for_every_seed_and_one_that_trains_is_not() -> None:
    whole, frozen = pretrained_named(TORCHVISION), pretrained_named(TORCHVISION.replace(")", ", train=head)"))
    same = [frozen.body().state_dict() for _ in range(2)]
    assert all(torch.equal(value, same[1][name]) for name, value in same[0].items())
    drawn = [whole.body(rng=torch.Generator().manual_seed(seed)).state_dict() for seed in (0, 1)]
    assert any(not torch.equal(value, drawn[1][name]) for name, value in drawn[0].items())


def test_statistics_stand_still_where_they_are_published_and_move_where_they_are_not() -> None:
    rng = torch.Generator()
    for text, moves in (("efficientnet_lite0", False), (TORCHVISION, True)):
        if not network_named(text).at_hand:
            continue
        with torch.device("meta"):
            model = network_named(text).blank(224, 2, nn.Linear, rng).train()
        norms = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
        assert norms and all(norm.training == moves for norm in norms), text
        assert model.training


def test_nothing_of_a_librarys_model_drops() -> None:
    body = pretrained_named(TORCHVISION).body().train()
    assert all(layer.p == 0 for layer in body.modules() if isinstance(layer, nn.Dropout))


def test_a_head_on_features_becomes_a_classifier_of_images() -> None:
    network = pretrained_named("small(train=head)")
    draws = Draws(torch.Generator().manual_seed(1), torch.Generator())
    head = network.classifier(32, 2, nn.Linear, draws)
    assert isinstance(head, HeadAlone)
    whole = network.on_images(head).eval()
    images = torch.rand(4, 3, 48, 48, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert isinstance(whole, BodyAndHead)
    torch.testing.assert_close(whole(images), head(network.body().eval()(images)[0]))


@pytest.mark.parametrize(
    ("text", "kind", "parts"),
    [
        ("torchvision(name=resnet8)", ConfigError, "did you mean 'resnet18'"),
        ("torchvision(weights=DEFAUL)", ConfigError, "did you mean 'DEFAULT'"),
        ("torchvision(name=squeezenet1_0, weights=none)", UserError, "not linear"),
    ],
)
def test_a_library_model_that_cannot_be_is_one_line(text: str, kind: type[UserError], parts: str) -> None:
    with pytest.raises(kind, match=parts) as caught:
        pretrained_named(text).body()
    assert "\n" not in str(caught.value)


def test_weights_of_a_library_that_cannot_be_had_are_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", offline)
    with pytest.raises(UserError, match=r"resnet18.*\.pth cannot be downloaded \(no route to host\); weights=none"):
        pretrained_named("torchvision(name=resnet18, weights=DEFAULT)").body()


def test_a_missing_timm_is_one_line_with_the_command_that_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(UserError, match="the network timm needs a package: `pip install timm`"):
        pretrained_named("timm(name=resnet18, weights=none)").body()


def test_no_network_rests_on_the_code_of_another() -> None:
    modules = {entry.cls.__module__ for entry in NETWORKS if entry.cls.__module__.startswith("bench.networks.")}
    assert len(modules) >= 6
    for module in modules:
        assert modules & code_digests([module]).keys() == {module}


def test_who_has_seen_the_photographs_is_said() -> None:
    body = network_named("efficientnet_lite0(train=head)")
    assert "EfficientNet-Lite0 (ImageNet) was trained on ImageNet" in seen_before(body, Horse2Zebra)
    for network, dataset in ((body, Digits), (network_named("paper_cnn"), Horse2Zebra)):
        assert seen_before(network, dataset) == ""
    assert seen_before(network_named("torchvision(weights=none)"), Horse2Zebra) == ""


def test_operations_are_those_of_what_trains() -> None:
    head = step_operations(Call.parse("small(train=head)"), 32, 2)
    assert head == 2 * 64 * 2 * 2  # forward, and back to the weights
    assert step_operations(Call.parse("small"), 32, 2) > 100 * head


def test_networks_are_listed_with_what_they_have_seen() -> None:
    said = imbench("list", "networks")
    assert said.status == 0
    for part in ("efficientnet_lite0", "ImageNet", "train=all, views=2", "paper_cnn", "width=64", "torchvision"):
        assert part in said.out


MINE = '''
from bench.networks.small import Small
from bench.registry import register_network


@register_network("mine")
class Mine(Small):
    """The small one under another name."""
'''


def test_a_network_of_ones_own_is_a_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NETWORKS, "_entries", dict(NETWORKS._entries))
    (tmp_path / "mine.py").write_text(MINE)
    registry.load((str(tmp_path / "mine.py"),))
    network = pretrained_named("mine(train=head, views=1)")
    assert network.views == 1 and "plugin mine" in code_digests([type(network).__module__])
