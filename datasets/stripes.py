"""Stripes: a computed task whose best possible accuracy is known, to score regret to the optimum."""

from __future__ import annotations

from hashlib import sha256
from statistics import NormalDist

import numpy as np
from PIL import Image

from bench.dataset import Dataset, Pinned, Split, rare
from bench.registry import register_dataset

SIDE = 32
PERIOD = 8
STRONG, WEAK = 40.0, 28.0  # mean amplitudes in grey levels
SPREAD = 5.2  # standard deviation of an amplitude
NOISE = 6.0  # standard deviation of a pixel
EDITION = "cosine-32-de7cb3e85fbb"  # ends in the digest of all pixels, which a test computes
SIZES = {"train": 200, "val": 50, "test": 200, "spare": 100}


@register_dataset("stripes", reference="")
class Stripes(Dataset):
    """Two overlapping stripe patterns in noise: which is stronger? Bayes accuracy 0.948 in closed form.

    An image is 128 + u * vertical + v * horizontal + white noise. The majority has u ~ N(40, 5.2), v ~ N(28, 5.2), the
    minority the reverse. Both patterns are cosines over whole periods: orthogonal, of squared length SIDE**2 / 2, and
    equal to their mirror images.
    """

    name = "stripes"
    classes = ("vertical", "horizontal")
    imbalances = tuple(map(rare, (10, 25, 50, 100)))
    has_files = False
    near_duplicate = None

    def pin(self) -> Pinned:
        """Return the split; names are the seeds of the images."""
        parts = {
            part: {label: tuple(f"{part}/{label}/{i:03d}" for i in range(size)) for label in self.classes}
            for part, size in SIZES.items()
        }
        return Pinned(EDITION, Split(self.classes, parts, "Every image is computed from its name."))

    def content(self, name: str) -> bytes:
        """Return the pixels."""
        return pixels(name).tobytes()

    def read(self, name: str) -> Image.Image:
        """Return one image, 32x32 RGB with three equal channels."""
        return Image.fromarray(pixels(name)).convert("RGB")

    @staticmethod
    def bayes_accuracy() -> float:
        """Return the accuracy of the best classifier on balanced classes, Phi(d / 2).

        The classes are Gaussians of equal covariance, so the log-likelihood ratio is linear. Along both patterns the
        variance is SPREAD**2 + NOISE**2 / (SIDE**2 / 2), and d**2 = 2 * (STRONG - WEAK)**2 / variance. Rounding to
        whole grey levels adds 1/12 to NOISE**2, which is counted; the rarest clipping (a pixel beyond 0..255) lies more
        than six standard deviations out and is not.
        """

        variance = SPREAD**2 + (NOISE**2 + 1 / 12) / (SIDE**2 / 2)
        return NormalDist().cdf(np.sqrt(2 * (STRONG - WEAK) ** 2 / variance) / 2)


def patterns() -> tuple[np.ndarray, np.ndarray]:
    """Return the vertical and the horizontal stripes, float64 (32, 32) between -1 and 1."""
    wave = np.cos(2 * np.pi * (np.arange(SIDE) - (SIDE - 1) / 2) / PERIOD)
    return np.tile(wave, (SIDE, 1)), np.tile(wave[:, None], (1, SIDE))


def pixels(name: str) -> np.ndarray:
    """Return the grey image of a name, uint8 (32, 32)."""
    rng = np.random.default_rng(int.from_bytes(sha256(name.encode()).digest()[:8], "little"))
    means = (STRONG, WEAK) if name.split("/")[1] == "vertical" else (WEAK, STRONG)
    u, v = rng.normal(means, SPREAD)
    vertical, horizontal = patterns()
    image = 128 + u * vertical + v * horizontal + rng.normal(0, NOISE, (SIDE, SIDE))
    return np.asarray(np.clip(np.rint(image), 0, 255), np.uint8)
