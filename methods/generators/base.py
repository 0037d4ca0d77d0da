"""What all stages of generators share: the one loop around a recipe, and an artifact that knows what it was made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from bench.methods.generators.settings import GamoSettings, GeneratorSettings, TrainingSettings
from bench.protocol import Protocol
from bench.stage import Made, Material, Stage, StageRequest, Tensors

if TYPE_CHECKING:
    from torch import nn

    from bench.images import ImageSet
    from bench.methods.generators.latents import Latents
    from bench.methods.generators.recipe import Recipe

FORWARD_AND_BACK = 3  # times a forward pass; back to the input alone: 2


class TrainedStage(Stage):
    """A stage that one recipe trains in the common loop, on images at its own size. Heavy modules wait for `make`."""

    settings: TrainingSettings
    name: ClassVar[str]

    @property
    def size(self) -> int:
        """Side of the images that it learns from."""
        raise NotImplementedError

    def recipe(self, material: Material, train: ImageSet) -> Recipe:
        """Return networks, optimisers and steps for a task's images, reduced to its size."""
        raise NotImplementedError

    def each(self, counts: Sequence[int], protocol: Any) -> float:
        """Return about how many floating-point operations a step takes for each of its real images.

        `counts` are those of a task's training images, (K,).
        """
        raise NotImplementedError

    def finished(self, recipe: Recipe, material: Material) -> tuple[Tensors, float]:
        """Return what is kept besides the recipe's own artifact, and the operations it took."""
        return {}, 0.0

    def make(self, material: Material) -> Made:
        from bench.methods.generators.trained import marks
        from bench.methods.generators.training import GeneratorTraining
        from bench.training.sizes import reduced

        train = reduced(material.train, self.size)
        recipe = self.recipe(material, train)
        loop = GeneratorTraining(recipe, self.settings, train, material.streams)
        if (kept := material.checkpoint.load()) is not None:
            loop.restore(kept)
        loop.run(material.checkpoint)
        more, extra = self.finished(recipe, material)
        tensors = recipe.artifact() | dict(more) | marks(train.counts.tolist(), self.size)
        flops = self.settings.images_seen(len(train)) * self.each(train.counts.tolist(), material.protocol)
        return Made(tensors, loop.history, flops + extra)

    def operations(self, counts: Sequence[int], protocol: Protocol, settings: Callable[[str], Any]) -> float:
        return self.settings.images_seen(sum(counts)) * self.each(counts, protocol)


class GeneratorStage(TrainedStage):
    """A stage whose artifact generates images."""

    settings: GeneratorSettings | GamoSettings
    generates = True
    conditional: ClassVar[bool] = True

    @property
    def size(self) -> int:
        return self.settings.image_size

    def measured(self) -> tuple[StageRequest, ...]:
        return (StageRequest.of(self.name, **self.parameters),)

    def network(self, tensors: Tensors, n_classes: int) -> nn.Module:
        """Return the generator, its weights not yet loaded or loaded, from its own tensors."""
        raise NotImplementedError

    def latents(self, tensors: Tensors) -> Latents:
        """Return where its noise comes from, given the whole artifact."""
        raise NotImplementedError

    def native(self) -> Latents | None:
        """Return the noise of images as they come, of a generator that no class is told; None of any other."""
        return None

    def open(self, tensors: Tensors, counts: Sequence[int], device: Any) -> Any:
        """Return a `bench.stage.Generator`.

        Raises
        ------
        StoreError
            It was made for other classes, counts, order of classes, or another size.
        """
        from bench.methods.generators.recipe import below
        from bench.methods.generators.trained import TrainedGenerator, check_marks

        check_marks(self.name, tensors, counts, self.size)
        network = self.network(below(tensors, "generator"), len(counts))
        network.load_state_dict(below(tensors, "generator"))
        noise = self.latents(tensors), self.native()
        return TrainedGenerator(network, noise[0], self.size, len(counts), device, self.conditional, noise[1])

    def use_operations(self, image_size: int) -> float:
        return self.generation(())

    def generation(self, counts: Sequence[int]) -> float:
        """Return the operations that one image takes to make, given the counts of training images where they matter."""
        assert isinstance(self.settings, GeneratorSettings)
        return self.settings.blueprint.operations(self.settings.image_size, self.settings.width)[0]
