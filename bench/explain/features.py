"""Features: how the classifier arranges images in the layer before its decision, and a map of them in the plane."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.manifold import TSNE
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from bench.explain.evaluation import BATCH, evaluating
from bench.images import ImageSet
from bench.networks.layers.classifier import Classifier
from bench.training.device import Device

PERPLEXITY = 30.0


def features(model: Classifier, images: ImageSet, device: Device, batch_size: int = BATCH) -> np.ndarray:
    """Return what the last layer reads, before dropout, float32 (N, D), of images of the network's input size."""
    with evaluating(model), torch.inference_mode():
        batches = [
            model.features(device.images(images.batch(positions)[0])).float().cpu()
            for positions in torch.arange(len(images)).split(batch_size)
        ]
    return torch.cat(batches).numpy()


def embed(features: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return a t-SNE map, float32 (N, 2), of features (N, D), each standardised first.

    Of van der Maaten and Hinton 2008 (JMLR 9), from the two principal components. Perplexity is 30, or below a third of
    the images where there are fewer than 91. Distances between groups and the size of a group mean nothing.

    Raises
    ------
    ValueError
        There are fewer than four images.
    """
    if len(features) < 4:
        raise ValueError(f"t-SNE needs four images or more, not {len(features)}")
    standardised = StandardScaler().fit_transform(features)
    perplexity = min(PERPLEXITY, (len(features) - 1) / 3)
    mapping = TSNE(perplexity=perplexity, init="pca", random_state=seed, n_jobs=1)
    with threadpool_limits(1):  # a few hundred points: threads wait for each other longer than they work
        placed: np.ndarray = mapping.fit_transform(standardised)
    return placed
