"""ACGAN: fill the smaller classes with images of a GAN whose discriminator names classes."""

from __future__ import annotations

from bench.methods.generators.filling import Filling
from bench.registry import register


@register("ACGAN", reference="Odena et al. 2017, arXiv:1610.09585")
class Acgan(Filling):
    """Add images of a conditional GAN that learns real from fake and class from class at once."""

    stage = "ACGAN"
