"""The stages of BAGAN and BAGAN-GP: an autoencoder, and the GAN that starts from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from bench.methods.generators.base import FORWARD_AND_BACK, GeneratorStage, TrainedStage
from bench.methods.generators.blueprints import BLUEPRINTS
from bench.methods.generators.settings import (
    AutoencoderSettings,
    BaganGPSettings,
    BaganSettings,
    GeneratorSettings,
    SupervisedAutoencoderSettings,
)
from bench.registry import register_stage
from bench.stage import Material, Request, StageRequest, Tensors

if TYPE_CHECKING:
    from torch import nn

    from bench.images import ImageSet
    from bench.methods.generators.latents import Latents
    from bench.methods.generators.recipe import Recipe
    from bench.methods.generators.reconstruction import Shape, TrainedAutoencoder


@register_stage("BAGAN-AE", reference="Mariani et al. 2018, arXiv:1803.09655")
class AutoencoderStage(TrainedStage):
    """An autoencoder on all images of all classes; networks, size and width are parameters, those of its GAN."""

    Settings = AutoencoderSettings
    settings: AutoencoderSettings
    name = "BAGAN-AE"
    networks: ClassVar[str] = "bagan"

    @property
    def size(self) -> int:
        return int(str(self.parameters.get("image_size", 32)))

    @property
    def width(self) -> float:
        """Filters relative to those published."""
        return float(str(self.parameters.get("width", 1.0)))

    def shape(self, n_classes: int) -> Shape:
        """Return the shape of its networks."""
        from bench.methods.generators.reconstruction import Shape

        name = str(self.parameters.get("networks", self.networks))
        return Shape(BLUEPRINTS[name], self.size, self.width, n_classes)

    def recipe(self, material: Material, train: ImageSet) -> Recipe:
        from bench.methods.generators.reconstruction import Reconstruction

        return Reconstruction(self.settings, self.shape(train.n_classes), material.streams, material.device)

    def open(self, tensors: Tensors, counts: Sequence[int], device: Any) -> TrainedAutoencoder:
        from bench.methods.generators.reconstruction import TrainedAutoencoder
        from bench.methods.generators.trained import check_marks

        check_marks(self.name, tensors, counts, self.size)
        return TrainedAutoencoder(tensors, self.shape(len(counts)), device)

    def each(self, counts: Sequence[int], protocol: Any) -> float:
        networks = BLUEPRINTS[str(self.parameters.get("networks", self.networks))]
        return FORWARD_AND_BACK * sum(networks.operations(self.size, self.width))


@register_stage("BAGAN-GP-AE", reference="Huang & Jafari 2021, arXiv:2011.00189")
class SupervisedAutoencoderStage(AutoencoderStage):
    """A supervised autoencoder: the decoder is told the class by an embedding that multiplies the latent."""

    Settings = SupervisedAutoencoderSettings
    name = "BAGAN-GP-AE"
    networks = "bagan_gp"


class AutoencodedStage(GeneratorStage):
    """A GAN that starts from an autoencoder of the same shape."""

    settings: GeneratorSettings
    autoencoder: ClassVar[str]

    @property
    def start(self) -> StageRequest:
        """The autoencoder."""
        s = self.settings
        return StageRequest.of(self.autoencoder, networks=s.networks, image_size=s.image_size, width=s.width)

    def requires(self, counts: Sequence[int]) -> tuple[Request, ...]:
        return (self.start,)

    @property
    def told(self) -> GeneratorSettings:
        """Its settings, those in whose place a request has parameters replaced: `autoencoder_start`."""
        return self.settings.model_copy(update=self.parameters)


@register_stage("BAGAN", reference="Mariani et al. 2018, arXiv:1803.09655")
class BaganStage(AutoencodedStage):
    """BAGAN: noise from Gaussians of the encoder's latents by class, a discriminator of n + 1 classes."""

    Settings = BaganSettings
    settings: BaganSettings
    name, autoencoder = "BAGAN", "BAGAN-AE"

    def recipe(self, material: Material, train: ImageSet) -> Recipe:
        from bench.methods.generators.nplusone import NPlusOne

        autoencoder = cast("TrainedAutoencoder", material.needed[self.start])
        return NPlusOne(cast(BaganSettings, self.told), autoencoder, train, material.streams, material.device)

    def network(self, tensors: Tensors, n_classes: int) -> nn.Module:
        from bench.methods.generators.networks import ImageGenerator

        s = self.settings
        return ImageGenerator(s.blueprint, s.image_size, s.width, n_classes, "nothing")

    def latents(self, tensors: Tensors) -> Latents:
        from bench.methods.generators.latents import Gaussians

        return Gaussians.of(tensors)

    def each(self, counts: Sequence[int], protocol: Any) -> float:
        # Discriminator on N + N/n images; generator on as many, through the discriminator.
        g, d = self.settings.blueprint.operations(self.settings.image_size, self.settings.width)
        share = 1 / len(counts)
        return g * share + (1 + share) * (FORWARD_AND_BACK * (g + d) + 2 * d)


@register_stage("BAGAN-GP", reference="Huang & Jafari 2021, arXiv:2011.00189")
class BaganGPStage(AutoencodedStage):
    """BAGAN-GP: a conditional GAN with gradient penalty that starts from a supervised autoencoder."""

    Settings = BaganGPSettings
    settings: BaganGPSettings
    name, autoencoder = "BAGAN-GP", "BAGAN-GP-AE"

    def recipe(self, material: Material, train: ImageSet) -> Recipe:
        from bench.methods.generators.penalised import Penalised

        autoencoder = cast("TrainedAutoencoder", material.needed[self.start])
        return Penalised(cast(BaganGPSettings, self.told), autoencoder, material.streams, material.device)

    def network(self, tensors: Tensors, n_classes: int) -> nn.Module:
        from bench.methods.generators.networks import ImageGenerator

        s = self.settings
        return ImageGenerator(s.blueprint, s.image_size, s.width, n_classes, "product")

    def latents(self, tensors: Tensors) -> Latents:
        from bench.methods.generators.latents import standard

        return standard(self.settings.blueprint.latent)

    def each(self, counts: Sequence[int], protocol: Any) -> float:
        # Per update of the discriminator: three batches forward and back, and a gradient that is itself derived.
        from bench.methods.generators.networks import EMBEDDED

        networks, size, width = self.settings.blueprint, self.settings.image_size, self.settings.width
        g, d = networks.operations(size, width)
        d += 4.0 * EMBEDDED * networks.features(size, width)  # two dense layers, which no width makes smaller
        penalised = g + 3 * FORWARD_AND_BACK * d + 2 * FORWARD_AND_BACK * d
        return self.settings.discriminator_steps * penalised + FORWARD_AND_BACK * g + 2 * d
