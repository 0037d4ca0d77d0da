"""CBGAN: fill the smaller classes with images of the class-balancing GAN."""

from __future__ import annotations

from bench.methods.generators.filling import Filling
from bench.registry import register


@register("CBGAN", reference="Rangwani et al. 2021, arXiv:2106.09402")
class Cbgan(Filling):
    """Add images of an unconditional GAN that a classifier of the same tail pushes towards rare classes, and sorts."""

    stage = "CBGAN"
