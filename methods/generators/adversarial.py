"""The stages that start from nothing: a plain GAN, ACGAN, projection cGAN, and the class-balancing GAN."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from bench.methods.generators.base import FORWARD_AND_BACK, GeneratorStage
from bench.methods.generators.settings import (
    AcganSettings,
    AdversarialSettings,
    BalancingSettings,
    ConditionalSettings,
)
from bench.protocol import Protocol
from bench.registry import register_stage
from bench.stage import FitRequest, Material, Request, StageRequest, Tensors

if TYPE_CHECKING:
    from torch import nn

    from bench.images import ImageSet
    from bench.methods.generators.adversary import Balancing
    from bench.methods.generators.latents import Latents
    from bench.methods.generators.recipe import Recipe


@register_stage("GAN", reference="Goodfellow et al. 2014, arXiv:1406.2661")
class PlainStage(GeneratorStage):
    """An unconditional GAN. It knows no classes: whatever is asked for, it draws what it has learned as it comes."""

    Settings = AdversarialSettings
    settings: AdversarialSettings
    name = "GAN"
    conditional = False
    told: ClassVar[Literal["nothing", "norm"]] = "nothing"

    def recipe(self, material: Material, train: ImageSet) -> Recipe:
        from bench.methods.generators.adversary import Adversary

        steps = self.settings.length(len(train))
        return Adversary(self.settings, train.n_classes, steps, material.streams, material.device)

    def network(self, tensors: Tensors, n_classes: int) -> nn.Module:
        from bench.methods.generators.networks import ImageGenerator

        s = self.settings
        return ImageGenerator(s.blueprint, s.image_size, s.width, n_classes, self.told)

    def latents(self, tensors: Tensors) -> Latents:
        from bench.methods.generators.latents import standard

        return standard(self.settings.blueprint.latent)

    def native(self) -> Latents | None:
        from bench.methods.generators.latents import standard

        return standard(self.settings.blueprint.latent) if self.told == "nothing" else None

    def each(self, counts: Sequence[int], protocol: Any) -> float:
        g, d = self.settings.blueprint.operations(self.settings.image_size, self.settings.width)
        again = d if self.settings.gan_loss == "relativistic" else 0.0
        return g + 2 * FORWARD_AND_BACK * d + FORWARD_AND_BACK * g + 2 * d + again


@register_stage("ACGAN", reference="Odena et al. 2017, arXiv:1610.09585")
class AcganStage(PlainStage):
    """ACGAN: the discriminator also names the class of real images and of fakes."""

    Settings = AcganSettings
    settings: AcganSettings
    name, told, conditional = "ACGAN", "norm", True

    def recipe(self, material: Material, train: ImageSet) -> Recipe:
        from bench.methods.generators.adversary import Naming

        steps = self.settings.length(len(train))
        return Naming(self.settings, train.n_classes, steps, material.streams, material.device)


@register_stage("cGAN", reference="Miyato & Koyama 2018, arXiv:1802.05637")
class ConditionalStage(PlainStage):
    """A conditional GAN: projection discriminator, and batch norms that depend on the class."""

    Settings = ConditionalSettings
    name, told, conditional = "cGAN", "norm", True

    def recipe(self, material: Material, train: ImageSet) -> Recipe:
        from bench.methods.generators.adversary import Adversary

        steps = self.settings.length(len(train))
        return Adversary(
            self.settings, train.n_classes, steps, material.streams, material.device, told="norm", asked="projection"
        )


@register_stage("CBGAN", reference="Rangwani et al. 2021, arXiv:2106.09402")
class BalancingStage(PlainStage):
    """The class-balancing GAN: unconditional, and pushed by a frozen classifier to make all classes alike often.

    Its images of a class are those that the same classifier takes for it: noise found so is kept in the artifact.
    """

    Settings = BalancingSettings
    settings: BalancingSettings
    name, conditional = "CBGAN", True
    reads = ("load_size", "image_size", "backbone")

    def requires(self, counts: Sequence[int]) -> tuple[Request, ...]:
        return (FitRequest(self.settings.classifier),)

    def measured(self) -> tuple[StageRequest, ...]:
        return (*super().measured(), StageRequest(PlainStage.name))  # its base alone, which no method uses

    def recipe(self, material: Material, train: ImageSet) -> Recipe:
        from bench.methods.generators.adversary import Balancing
        from bench.networks.network import network_of

        if network_of(material.protocol.backbone).views:
            raise ValueError(f"CBGAN needs a classifier of images, {material.protocol.backbone} sees features of them")
        return Balancing(
            self.settings,
            train.counts.tolist(),
            self.settings.length(len(train)),
            material.needed[FitRequest(self.settings.classifier)],
            material.protocol.image_size,
            material.streams,
            material.device,
        )

    def finished(self, recipe: Recipe, material: Material) -> tuple[Tensors, float]:
        from bench.methods.generators.latents import Kept

        s, made = self.settings, _balancing(recipe)
        rng = material.streams.torch("stage", use="latents")
        found = Kept.searched(
            made.kept.eval(),
            made.classify,
            made.latent,
            made.n_classes,
            s.latents_per_class,
            s.latents_searched * s.latents_per_class * made.n_classes,
            rng,
            material.device.torch,
        )
        return found.state(), found.looked * self._search(made.n_classes, material.protocol)

    def latents(self, tensors: Tensors) -> Latents:
        from bench.methods.generators.latents import Kept

        return Kept.of(tensors)

    def each(self, counts: Sequence[int], protocol: Any) -> float:
        return super().each(counts, protocol) + 2 * self._classifying(len(counts), protocol)  # back to the input alone

    def operations(self, counts: Sequence[int], protocol: Protocol, settings: Callable[[str], Any]) -> float:
        # Were classes alike often among its images, about twice as much noise as is kept would be looked at.
        looked = 2 * len(counts) * self.settings.latents_per_class
        return super().operations(counts, protocol, settings) + looked * self._search(len(counts), protocol)

    def _search(self, n_classes: int, protocol: Any) -> float:
        return self.generation(()) + self._classifying(n_classes, protocol)

    def _classifying(self, n_classes: int, protocol: Any) -> float:
        from bench.networks.network import step_operations

        return step_operations(protocol.backbone, protocol.image_size, n_classes) / FORWARD_AND_BACK


def _balancing(recipe: Recipe) -> Balancing:
    from bench.methods.generators.adversary import Balancing

    assert isinstance(recipe, Balancing)
    return recipe
