"""GAMO: fill the smaller classes with convex combinations of their images."""

from __future__ import annotations

from collections.abc import Sequence

from bench.methods.generators.filling import Filling
from bench.registry import register


@register("GAMO", reference="Mullick et al. 2019, arXiv:1903.09730")
class Gamo(Filling):
    """Add weighted means of a class's images, weighted where a classifier errs and a discriminator does not."""

    stage = "GAMO"

    def supports(self, counts: Sequence[int]) -> str:
        if self.alone:
            return "never learns to make images of the largest class, so that its images cannot stand alone"
        return super().supports(counts)
