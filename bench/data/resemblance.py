"""How alike two pictures are: exact for given pairs, and a coarse look that says which pairs are worth it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

SIDE = 32  # pixels of a thumbnail's side
SHIFT = 2  # thumbnails are compared at all offsets up to so many pixels
# What a pair may lose in the coarse look: of the pairs of horse2zebra and cub that are 0.5 alike or more none loses
# over 0.06 and most gain. Below, where strangers begin, it tells nothing, and every pair is compared.
MARGIN, STRANGERS = 0.07, 0.5
_BLOCK = 2048  # pictures looked at together; bounds the memory


def local_contrast(small: np.ndarray) -> np.ndarray:
    """Remove local brightness and contrast of (N, 32, 32); 4 of 255 grey levels keep noise in flat areas small."""
    from scipy.ndimage import gaussian_filter

    pictures = np.asarray(small, np.float32)
    detail = pictures - gaussian_filter(pictures, (0, 2, 2))
    return np.asarray(detail / (np.sqrt(gaussian_filter(detail**2, (0, 2, 2))) + 4), np.float32)


@dataclass(frozen=True)
class Spectra:
    """Pictures in a form in which many pairs of them are compared quickly: by products of spectra.

    `middle` and `whole` are float32 views of complex spectra, (N, 1088), of the middle 28x28 and of all 32x32;
    `lengths` of every 28x28 window, (N, 25). Index 0 is the picture, 1 its mirror image.
    """

    middle: tuple[np.ndarray, np.ndarray]
    whole: tuple[np.ndarray, np.ndarray]
    lengths: tuple[np.ndarray, np.ndarray]

    @classmethod
    def of(cls, thumbnails: np.ndarray) -> Spectra:
        """Transform thumbnails, uint8 (N, 32, 32)."""
        straight = local_contrast(thumbnails)
        both = straight, np.ascontiguousarray(straight[:, :, ::-1])
        middle, whole, lengths = zip(*map(_transformed, both), strict=True)
        return cls(middle, whole, lengths)

    def similarities(self, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how alike the pictures of each pair are, float32 (P,), and where the mirror image won, bool (P,).

        Similarity is the correlation after local contrast normalisation, so that two pictures of sky above grass do
        not count as alike; the best of 25 offsets, and of the picture and its mirror image. The middle 28x28 of one is
        compared with every 28x28 window of the other, both ways round, so that the order of a pair does not matter.
        """
        straight, mirrored = (
            np.maximum(self._best(first, second, 0, mirror), self._best(second, first, mirror, 0)) for mirror in (0, 1)
        )
        return np.maximum(straight, mirrored), mirrored > straight

    def _best(self, some: np.ndarray, others: np.ndarray, mirror_some: int, mirror_others: int) -> np.ndarray:
        """Return the best correlation of the middle of each picture with any window of its partner, (P,)."""
        left = self.middle[mirror_some][some].view(np.complex64)
        right = self.whole[mirror_others][others].view(np.complex64)
        products = (left.conj() * right).view(np.float32) @ _AT_OFFSETS
        return np.asarray((products / np.maximum(self.lengths[mirror_others][others], 1e-3)).max(1), np.float32)


def candidates(thumbnails: np.ndarray, threshold: float) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
    """Yield the pairs that may be `threshold` alike, a block at a time: rows, columns (row < column), pictures done.

    Notes
    -----
    All pairs are looked at, in a resolution so low that this is a few products of matrices: half of the pixels a side
    after a slight blur, at the nine offsets of one such pixel, straight and mirrored. Memory grows with N, not with its
    square.
    """
    count = len(thumbnails)
    least = threshold - MARGIN if threshold >= STRANGERS else -np.inf
    coarse = np.concatenate([_coarse(thumbnails[start : start + _BLOCK]) for start in range(0, count, _BLOCK)])
    middle = _rows(coarse[:, 1:-1, 1:-1])
    for left in range(0, count, _BLOCK):
        block = coarse[left : left + _BLOCK]
        done = left + len(block)
        sides = (block, block[:, :, ::-1])
        views = [_rows(side[:, y : y + 14, x : x + 14]).T for side in sides for y, x in product(range(3), repeat=2)]
        for top in range(0, done, _BLOCK):
            some = middle[top : min(top + _BLOCK, done)]
            alike = np.zeros((len(some), len(block)), bool)
            for view in views:
                alike |= some @ view >= least
            rows, columns = np.nonzero(alike)
            rows, columns = rows + top, columns + left
            yield rows[rows < columns], columns[rows < columns], done


def _coarse(small: np.ndarray) -> np.ndarray:
    """Return what is left of thumbnails at half the resolution, float32 (n, 16, 16)."""
    from scipy.ndimage import gaussian_filter

    blurred = gaussian_filter(local_contrast(small), (0, 1, 1))
    return np.asarray(blurred.reshape(len(small), SIDE // 2, 2, SIDE // 2, 2).mean((2, 4)), np.float32)


def _transformed(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the spectra of the middles (scaled to length 1) and of the whole pictures, and the windows' lengths."""
    count, side = len(pictures), SIDE - 2 * SHIFT
    middle = _rows(pictures[:, SHIFT:-SHIFT, SHIFT:-SHIFT]).reshape(-1, side, side)
    spectra = [np.fft.rfft2(each, (SIDE, SIDE)).astype(np.complex64) for each in (middle, pictures)]
    # The middle has mean zero: the mean of a window drops out of the product, but not out of its length.
    wide = pictures.astype(np.float64)
    squares = _window_sums(wide**2, side) - _window_sums(wide, side) ** 2 / side**2
    lengths = np.sqrt(np.maximum(squares, 0)).astype(np.float32)
    flat = [each.reshape(count, SIDE * (SIDE // 2 + 1)).view(np.float32) for each in spectra]
    return flat[0], flat[1], lengths.reshape(count, (2 * SHIFT + 1) ** 2)


def _at_offsets() -> np.ndarray:
    """Return the matrix that takes the spectrum of a correlation to its values at the 25 offsets, (1088, 25)."""
    u, v = np.arange(SIDE)[:, None], np.arange(SIDE // 2 + 1)
    twice = np.where((v == 0) | (v == SIDE // 2), 1, 2)  # the half of the spectrum that is not stored
    offsets = product(range(2 * SHIFT + 1), repeat=2)
    waves = [twice * np.exp(2j * np.pi * (u * y + v * x) / SIDE) / SIDE**2 for y, x in offsets]
    flat = np.stack([wave.ravel() for wave in waves], 1)
    return np.asarray(np.stack([flat.real, -flat.imag], 1).reshape(-1, len(waves)), np.float32)


def _window_sums(pictures: np.ndarray, side: int) -> np.ndarray:
    """Return the sum of every window of (P, 32, 32), (P, 5, 5)."""
    sums = np.pad(pictures.cumsum(1).cumsum(2), ((0, 0), (1, 0), (1, 0)))
    return np.asarray(sums[:, side:, side:] - sums[:, :-side, side:] - sums[:, side:, :-side] + sums[:, :-side, :-side])


def _rows(pictures: np.ndarray) -> np.ndarray:
    """Return pictures as rows of mean 0 and length 1; an empty picture is like nothing."""
    rows = pictures.reshape(len(pictures), pictures.shape[1] * pictures.shape[2])
    rows = rows - rows.mean(1, keepdims=True)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-3), np.float32)


_AT_OFFSETS = _at_offsets()
