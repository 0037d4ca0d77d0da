"""BAGAN-GP: fill the smaller classes with images of a balancing GAN with gradient penalty."""

from __future__ import annotations

from bench.methods.generators.filling import StartedFilling
from bench.registry import register


@register("BAGAN-GP", reference="Huang & Jafari 2021, arXiv:2011.00189")
class BaganGP(StartedFilling):
    """Add images of a conditional GAN with gradient penalty that starts from a supervised autoencoder."""

    stage = "BAGAN-GP"
