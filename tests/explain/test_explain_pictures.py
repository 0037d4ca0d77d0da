"""From a classifier and images to finished pictures: what one room returns, the next takes."""

from __future__ import annotations

import numpy as np
import torch
from builders import CPU
from small_networks import classifier

from bench.datasets.stripes import Stripes, pixels
from bench.explain.deletion import deletion, insertion
from bench.explain.features import embed, features
from bench.explain.gradcam import grad_cam
from bench.explain.rise import rise
from bench.images import ImageSet
from bench.report.pictures import heatmaps, tsne


def stripes(per_class: int = 4) -> ImageSet:
    names = [f"test/{label}/{i:03d}" for label in Stripes.classes for i in range(per_class)]
    images = np.stack([pixels(name) for name in names])[:, None].repeat(3, axis=1)
    return ImageSet.of(torch.from_numpy(images), torch.arange(2).repeat_interleave(per_class), 2)


def test_stripes_become_heat_maps_and_a_map_of_features() -> None:
    some, rng = stripes(), torch.Generator().manual_seed(0)
    model = CPU.model(classifier("paper_cnn(width=2, init_std=0.2)"))
    images, predicted = CPU.images(some.pixels), model.eval()(CPU.images(some.pixels)).argmax(dim=1)
    found = {"Grad-CAM": grad_cam(model, images), "RISE": rise(model, images, rng, n_masks=20)}
    rows = []
    for k, label in enumerate(some.labels[:2].tolist()):
        said = int(predicted[k])
        maps = []
        for kind, heat in found.items():
            gone, come = (follow(model, images[k], heat[k], said, steps=8).auc for follow in (deletion, insertion))
            maps.append(heatmaps.Map(kind, heat[k].numpy(), gone, come))
        explained = (heatmaps.Explained("Vanilla", Stripes.classes[said], 0.5, tuple(maps)),)
        rows.append(heatmaps.Example(some.pixels[k].numpy(), Stripes.classes[label], explained))
    assert "Grad-CAM and RISE" in heatmaps.figure(rows, "heat", "stripes").caption
    placed = embed(features(model, some, CPU))
    panel = tsne.Panel("Vanilla", placed, some.labels.numpy())
    assert tsne.figure([[panel]], Stripes.classes, "tsne", "stripes").png
