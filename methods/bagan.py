"""BAGAN: fill the smaller classes with images of a balancing GAN."""

from __future__ import annotations

from bench.methods.generators.filling import StartedFilling
from bench.registry import register


@register("BAGAN", reference="Mariani et al. 2018, arXiv:1803.09655")
class Bagan(StartedFilling):
    """Add images of a GAN that starts from an autoencoder of all classes and draws by class from its latents."""

    stage = "BAGAN"
