"""The stage of GAMO, which combines images instead of painting them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.methods.generators.base import FORWARD_AND_BACK, GeneratorStage
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

    def each(self, n_classes: int, protocol: Any) -> float:
        from bench.methods.generators.combinations import dense_operations

        judged = dense_operations(3 * self.size**2, n_classes, self.settings.width)
        combined = self.generation(n_classes)
        return combined + 4 * FORWARD_AND_BACK * judged + FORWARD_AND_BACK * combined + 4 * judged

    def generation(self, n_classes: int) -> float:
        return 2.0 * self.settings.points * 3 * self.size**2  # the weighted mean; the layers before it are small
