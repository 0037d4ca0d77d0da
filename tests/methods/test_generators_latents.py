"""Noise comes from the class's own distribution, however few images it has, and from the stream alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bench.methods.generators.latents import Gaussians, Kept, standard


def test_gaussians_have_the_mean_and_the_full_covariance_of_their_class() -> None:
    rng = np.random.default_rng(0)
    mixing = np.array([[1.0, 0.8], [0.0, 0.6]])
    latents = torch.from_numpy(rng.normal(size=(400, 2)) @ mixing.T + [3.0, -1.0]).float()
    gaussians = Gaussians.fitted(latents, torch.arange(400) % 2, 2)
    drawn = gaussians(torch.zeros(20_000, dtype=torch.int64), torch.Generator().manual_seed(0))
    np.testing.assert_allclose(drawn.mean(dim=0), latents[::2].mean(dim=0), atol=0.05)
    np.testing.assert_allclose(np.cov(drawn.numpy().T), np.cov(latents[::2].numpy().T), atol=0.05)


def test_fewer_images_than_dimensions_give_latents_in_their_own_plane() -> None:
    latents = torch.zeros(5, 40)
    latents[:, :3] = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    gaussians = Gaussians.fitted(latents, torch.zeros(5, dtype=torch.int64), 1)
    drawn = gaussians(torch.zeros(100, dtype=torch.int64), torch.Generator().manual_seed(1))
    assert bool(drawn.isfinite().all()) and float(drawn[:, 3:].abs().max()) < 1e-5
    assert float(drawn[:, 0].std()) > 0.1


def test_a_class_of_one_image_has_its_latent_and_no_nan() -> None:
    latents = torch.randn(9, 6, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0] * 8 + [1])
    gaussians = Gaussians.fitted(latents, labels, 2)
    drawn = gaussians(torch.tensor([1, 0, 1]), torch.Generator().manual_seed(1))
    torch.testing.assert_close(drawn[[0, 2]], latents[[8, 8]])
    assert not torch.equal(drawn[1], latents[8])


@pytest.mark.parametrize("shape", ["standard", "gaussians", "kept"])
def test_noise_is_the_streams(shape: str) -> None:
    latents = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    source = {
        "standard": standard(4),
        "gaussians": Gaussians.fitted(latents, torch.arange(6) % 2, 2),
        "kept": Kept(latents, torch.tensor([3, 3])),
    }[shape]
    wanted = torch.tensor([0, 1, 1, 0, 1, 0])
    drawn = [source(wanted, torch.Generator().manual_seed(seed)) for seed in (3, 3, 4)]
    assert drawn[0].shape == (6, 4)
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])


def test_states_of_latents_can_be_kept() -> None:
    latents = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    for source in (Gaussians.fitted(latents, torch.arange(6) % 2, 2), Kept(latents, torch.tensor([2, 4]))):
        again = type(source).of(source.state())
        wanted, rng = torch.tensor([0, 1, 1]), torch.Generator()
        assert torch.equal(source(wanted, rng.manual_seed(1)), again(wanted, rng.manual_seed(1)))


class Painter(nn.Module):
    """Paints its noise."""

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        return noise


def by_first(images: Tensor) -> Tensor:
    """Take an image for class 0 or 1 by the sign of its first number, for class 2 never."""
    first = images[:, 0]
    return torch.stack([first * 4, -first * 4, torch.full_like(first, -9.0) + images[:, 1]], dim=1)


def test_noise_kept_for_a_class_is_what_the_classifier_takes_for_it() -> None:
    rng = torch.Generator().manual_seed(0)
    kept = Kept.searched(Painter(), by_first, 3, 3, 20, 300, rng, torch.device("cpu"))
    assert kept.sizes.tolist() == [20, 20, 1], "the class that never came has its likeliest image"
    drawn = kept(torch.tensor([0] * 50 + [1] * 50 + [2]), torch.Generator().manual_seed(1))
    assert bool((drawn[:50, 0] > 0).all()) and bool((drawn[50:100, 0] < 0).all())
    assert len(drawn[:20].unique(dim=0)) == 20, "none twice while there are others"
    assert float(drawn[100, 1]) > 1.0
