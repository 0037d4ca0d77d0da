"""cGAN: fill the smaller classes with images of a projection GAN."""

from __future__ import annotations

from bench.methods.generators.filling import Filling
from bench.registry import register


@register("cGAN", reference="Miyato & Koyama 2018, arXiv:1802.05637")
class ConditionalGan(Filling):
    """Add images of a conditional GAN with projection discriminator and conditional batch norm."""

    stage = "cGAN"
