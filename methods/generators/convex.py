"""The stage of GAMO, which combines images instead of painting them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bench.methods.generators.base import GeneratorStage
from bench.methods.generators.settings import GamoSettings
from bench.registry import register_stage
from bench.stage import Material, Tensors

if TYPE_CHECKING:
    from torch import nn

    from bench.images import ImageSet
    from bench.methods.generators.latents import Latents
    from bench.methods.generators.recipe import Recipe


@register_stage("GAMO", reference="Mullick et al. 2019, arXiv:1903.09730")
class GamoStage(GeneratorStage):
    """GAMO: convex combinations of a class's images, where a classifier errs and a discriminator does not."""

    Settings = GamoSettings
    settings: GamoSettings
    name = "GAMO"

    def recipe(self, material: Material, train: ImageSet) -> Recipe:
        from bench.methods.generators.combinations import Combining

        return Combining(self.settings, train, material.streams, material.device)

    def network(self, tensors: Tensors, n_classes: int) -> nn.Module:
        from bench.methods.generators.combinations import opened_combinations

        return opened_combinations(tensors, n_classes, self.settings.width)

    def latents(self, tensors: Tensors) -> Latents:
        from bench.methods.generators.combinations import LATENT
        from bench.methods.generators.latents import standard

        return standard(LATENT)

    def each(self, counts: Sequence[int], protocol: Any) -> float:
        from bench.methods.generators.combinations import dense_operations

        judged = dense_operations(3 * self.size**2, len(counts), self.settings.width)
        # Two networks judge images and fakes, most of it in a first layer that nothing goes back through. Fakes are
        # as many of a class as it lacks, then as many of each class that lacks any, back to the weights of the mean.
        lacking = [n for n in counts if n < max(counts)] or list(counts)
        trained = len(lacking) / len(counts) * (2 * self._combined([1] * len(lacking), lacking) + 4 * judged)
        return self.generation(counts) + 4 * 2 * judged + trained

    def generation(self, counts: Sequence[int]) -> float:
        lacks = [max(counts) - n for n in counts]
        return self._combined(lacks if any(lacks) else [1] * len(counts), counts)

    def _combined(self, shares: Sequence[int], counts: Sequence[int]) -> float:
        """Return the operations of a weighted mean of images, over classes in shares; layers before it are small."""
        points = sum(share * min(n, self.settings.points) for share, n in zip(shares, counts, strict=True))
        return 2.0 * points / sum(shares) * 3 * self.size**2

    def use_operations(self, image_size: int) -> float:
        return self._combined([1], [self.settings.points])
