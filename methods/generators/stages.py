"""All stages that make a generator; importing this registers them."""

from bench.methods.generators import adversarial, autoencoded, convex

__all__ = ["adversarial", "autoencoded", "convex"]
