"""The usual way to train a CycleGAN, one step after the other on random pixels. Imports no harness.

Two ResNet generators and two 70x70 PatchGAN discriminators, each called by itself for the fake, the cycle and the
identity image; least-squares losses, a pool of 50 fakes, Adam 2e-4 (Zhu et al. 2017, arXiv:1703.10593). Images are made
up, since a step costs the same whatever they show, so that decoding is no part of the figures:

    python benchmarks/plain_cyclegan.py --crop 128 --width 16 --blocks 6 --batch 2 --steps 20 --bf16 --channels-last
"""

from __future__ import annotations

import argparse
import itertools
import random
import statistics
import time
from collections.abc import Iterable

import torch
from torch import Tensor, nn

LAMBDA_CYCLE, LAMBDA_IDENTITY, POOL_SIZE = 10.0, 5.0, 50
WARM_UP = 2
PUBLISHED = {"9 blocks": 11_378_179, "6 blocks": 7_837_699, "discriminator": 2_764_737}  # parameters at width 64


class Residual(nn.Module):
    """Two convolutions beside a skip connection; nothing after the sum."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(width, width, 3),
            nn.InstanceNorm2d(width),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            nn.Conv2d(width, width, 3),
            nn.InstanceNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.layers(x)
        return y


class Generator(nn.Module):
    """Down twice, residual blocks, up twice: images (N, 3, H, W) in [-1, 1] to images of the other kind."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(3),
            nn.Conv2d(3, width, 7),
            *normed(width),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
            *normed(2 * width),
            nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1),
            *normed(4 * width),
            *(Residual(4 * width) for _ in range(blocks)),
            nn.ConvTranspose2d(4 * width, 2 * width, 3, stride=2, padding=1, output_padding=1),
            *normed(2 * width),
            nn.ConvTranspose2d(2 * width, width, 3, stride=2, padding=1, output_padding=1),
            *normed(width),
            nn.ReflectionPad2d(3),
            nn.Conv2d(width, 3, 7),
            nn.Tanh(),
        )

    def forward(self, images: Tensor) -> Tensor:
        translated: Tensor = self.layers(images)
        return translated


class Discriminator(nn.Module):
    """A 70x70 PatchGAN: one logit for every patch of an image."""

    def __init__(self, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2, inplace=True)]
        for k, stride in ((1, 2), (2, 2), (4, 1)):
            layers.append(nn.Conv2d(k * width, 2 * k * width, 4, stride=stride, padding=1))
            layers += [nn.InstanceNorm2d(2 * k * width), nn.LeakyReLU(0.2, inplace=True)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, padding=1))

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.layers(images)
        return logits


class ImagePool:
    """Fifty earlier fakes: half of the time the discriminator sees one of them instead of the newest."""

    def __init__(self) -> None:
        self.images: list[Tensor] = []

    def query(self, fakes: Tensor) -> Tensor:
        """Return as many fakes as were given, some of them old."""
        shown = []
        for fake in fakes.detach():
            if len(self.images) < POOL_SIZE:
                self.images.append(fake)
            elif random.random() < 0.5:
                k = random.randrange(POOL_SIZE)
                fake, self.images[k] = self.images[k], fake
            shown.append(fake)
        return torch.stack(shown)


class CycleGAN:
    """Both translators, both discriminators, and the step that trains them."""

    def __init__(self, args: argparse.Namespace, device: torch.device) -> None:
        self.to_b, self.to_a = (Generator(args.width, args.blocks).to(device) for _ in range(2))
        self.judge_a, self.judge_b = (Discriminator(args.width).to(device) for _ in range(2))
        for network in (self.to_b, self.to_a, self.judge_a, self.judge_b):
            network.apply(init_weights)
            if args.channels_last:
                network.to(memory_format=torch.channels_last)
        self.generators = adam(self.to_b, self.to_a)
        self.discriminators = adam(self.judge_a, self.judge_b)
        self.pool_a, self.pool_b = ImagePool(), ImagePool()
        self.precision = {"device_type": device.type, "dtype": torch.bfloat16, "enabled": args.bf16}

    def step(self, real_a: Tensor, real_b: Tensor) -> float:
        """Update the generators, then the discriminators, on images (N, 3, H, W) in [-1, 1]; return their loss."""
        require_grad((self.judge_a, self.judge_b), False)
        with torch.autocast(**self.precision):
            fake_b, fake_a = self.to_b(real_a), self.to_a(real_b)
            cycle = absolute(self.to_a(fake_b), real_a) + absolute(self.to_b(fake_a), real_b)
            identity = absolute(self.to_b(real_b), real_b) + absolute(self.to_a(real_a), real_a)
            fooled = squared(self.judge_b(fake_b), 1.0) + squared(self.judge_a(fake_a), 1.0)
            generator_loss = fooled + LAMBDA_CYCLE * cycle + LAMBDA_IDENTITY * identity
        update(self.generators, generator_loss)
        require_grad((self.judge_a, self.judge_b), True)
        shown_a, shown_b = self.pool_a.query(fake_a.float()), self.pool_b.query(fake_b.float())
        with torch.autocast(**self.precision):
            loss_a = (squared(self.judge_a(real_a), 1.0) + squared(self.judge_a(shown_a), 0.0)) / 2
            loss_b = (squared(self.judge_b(real_b), 1.0) + squared(self.judge_b(shown_b), 0.0)) / 2
        update(self.discriminators, loss_a + loss_b)
        return float(generator_loss.detach() + loss_a.detach() + loss_b.detach())


def normed(width: int) -> tuple[nn.Module, nn.Module]:
    """Return what follows a convolution of a generator."""
    return nn.InstanceNorm2d(width), nn.ReLU(inplace=True)


def init_weights(module: nn.Module) -> None:
    """Draw weights from N(0, 0.02); set biases to 0."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def adam(*networks: nn.Module) -> torch.optim.Optimizer:
    """Return one optimiser of several networks."""
    parameters = itertools.chain(*(network.parameters() for network in networks))
    return torch.optim.Adam(parameters, lr=2e-4, betas=(0.5, 0.999))


def update(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """Take one step downhill."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def require_grad(networks: Iterable[nn.Module], wanted: bool) -> None:
    """Let gradients reach the networks' weights, or not."""
    for network in networks:
        network.requires_grad_(wanted)


def squared(logits: Tensor, target: float) -> Tensor:
    """Return the least-squares loss against 1 (real) or 0 (fake), mean over patches."""
    return nn.functional.mse_loss(logits, torch.full_like(logits, target))


def absolute(images: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean absolute difference of pixels."""
    return nn.functional.l1_loss(images, wanted)


def parameter_count(network: nn.Module) -> int:
    """Count the trainable numbers of a network."""
    return sum(parameter.numel() for parameter in network.parameters())


def check_shapes() -> None:
    """Stop unless the networks have the published number of parameters at width 64."""
    with torch.device("meta"):
        built = {"9 blocks": Generator(64, 9), "6 blocks": Generator(64, 6), "discriminator": Discriminator(64)}
    for name, network in built.items():
        if (count := parameter_count(network)) != PUBLISHED[name]:
            raise SystemExit(f"{name} at width 64: {count} parameters instead of {PUBLISHED[name]}")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Time CycleGAN training steps.")
    parser.add_argument("--crop", type=int, default=128, help="side of the images in pixels")
    parser.add_argument("--width", type=int, default=16, help="filters of the first convolution; 64 in the paper")
    parser.add_argument("--blocks", type=int, default=6, help="residual blocks: 9 at 256 pixels, 6 at 128")
    parser.add_argument("--batch", type=int, default=2, help="pairs of images in a step")
    parser.add_argument("--steps", type=int, default=20, help=f"steps to time, after {WARM_UP} that are not")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--bf16", action="store_true", help="compute layers in bfloat16")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    """Time the steps and print."""
    args = parse_arguments()
    random.seed(args.seed)
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    check_shapes()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    gan = CycleGAN(args, device)
    print(f"generator {parameter_count(gan.to_b):,} parameters, discriminator {parameter_count(gan.judge_a):,}")
    layout = torch.channels_last if args.channels_last else torch.contiguous_format
    seconds = []
    for step in range(WARM_UP + args.steps):
        shape = (2, args.batch, 3, args.crop, args.crop)
        real_a, real_b = (images.to(device, memory_format=layout) for images in torch.rand(shape) * 2 - 1)
        started = time.perf_counter()
        loss = gan.step(real_a, real_b)
        if step >= WARM_UP:
            seconds.append(time.perf_counter() - started)
    mean = statistics.fmean(seconds)
    print(f"loss {loss:.3f} after {WARM_UP + args.steps} steps, {min(seconds):.4f} to {max(seconds):.4f} s each")
    print(f"pairs_per_second={args.batch / mean:.4f}")
    print(f"seconds_per_step={mean:.4f}")


if __name__ == "__main__":
    main()
