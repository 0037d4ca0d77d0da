"""The suite's CycleGAN training steps, timed on random pixels; with --profile, where the time goes.

The counterpart of plain_cyclegan.py, with the same options:

    python benchmarks/suite_cyclegan.py --crop 128 --width 16 --blocks 6 --batch 2 --steps 20 --threads 1
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Callable

import torch

from bench.methods.translators.cyclegan import CycleGAN, step_operations
from bench.methods.translators.settings import CycleGANSettings
from bench.protocol import Protocol
from bench.streams import Streams
from bench.training.device import Device

WARM_UP = 2
PEAK_SIDE, PEAK_ROUNDS = 4096, 5
GROUPS = {
    "convolutions": ("convolution",),
    "instance norm": ("batch_norm",),
    "activations": ("leaky_relu", "tanh"),
    "padding": ("reflection_pad",),
    "copies and casts": ("copy_", "cat", "clone", "fill_", "zero_"),
    "sums": ("add", "sub", "mul"),
    "Adam": ("adam",),
}


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crop", type=int, default=128, help="side of the images in pixels")
    parser.add_argument("--width", type=int, default=16, help="filters of the first convolution; 64 in the paper")
    parser.add_argument("--blocks", type=int, default=6, help="residual blocks: 9 at 256 pixels, 6 at 128")
    parser.add_argument("--batch", type=int, default=2, help="pairs of images in a step")
    parser.add_argument("--steps", type=int, default=20, help=f"steps to time, after {WARM_UP} that are not")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="bfloat16")
    parser.add_argument("--profile", action="store_true", help="show which operations take the time")
    return parser.parse_args()


def main() -> None:
    """Time the steps and print."""
    args = parse_arguments()
    device = Device.best()
    settings = CycleGANSettings(
        width=args.width, blocks=args.blocks, crop_size=args.crop, batch_size=args.batch, precision=args.precision
    )
    with device.session(Protocol(threads=args.threads)):
        gan = CycleGAN(settings, Streams(), device)
        rng = torch.Generator().manual_seed(0)

        def step() -> None:
            pair = torch.randint(256, (2, args.batch, 3, args.crop, args.crop), generator=rng, dtype=torch.uint8)
            a, b = (device.images(images) for images in pair)
            gan.step(a, b)

        seconds = [timed(step) for _ in range(WARM_UP + args.steps)][WARM_UP:]
        mean = statistics.fmean(seconds)
        print(f"{min(seconds):.4f} to {max(seconds):.4f} s a step")
        print(f"pairs_per_second={args.batch / mean:.4f}")
        if args.profile:
            show_peak_share(step_operations(settings) / mean)
            show_operations(step)


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that the work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def show_peak_share(rate: float) -> None:
    """Print operations per second beside those of a large bfloat16 matrix product on as many threads."""
    a = torch.ones(PEAK_SIDE, PEAK_SIDE, dtype=torch.bfloat16)
    fastest = min(timed(lambda: torch.mm(a, a)) for _ in range(PEAK_ROUNDS))
    peak = 2 * PEAK_SIDE**3 / fastest
    print(f"{rate / 1e12:.3f} TFLOP/s of a matrix product's {peak / 1e12:.3f}")
    print(f"peak_share={rate / peak:.3f}")


def show_operations(step: Callable[[], None]) -> None:
    """Print the share of a step's time by kind of operation."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
        step()
    times: Counter[str] = Counter()
    for event in profiler.key_averages():
        kind = next((kind for kind, names in GROUPS.items() if any(name in event.key for name in names)), "the rest")
        times[kind] += int(event.self_cpu_time_total)
    for kind, microseconds in times.most_common():
        print(f"  {kind}: {microseconds / sum(times.values()):.0%}")


if __name__ == "__main__":
    main()
