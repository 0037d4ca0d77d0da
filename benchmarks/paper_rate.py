"""Training steps a second of the paper's classifier on a GPU, in one and in more processes at once.

Alone, this prints the rate of one process; `cuda_checks.py speed` starts several, and tells their share of the peak.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence

import torch
from paper_step import make_trainer, take_step

from bench import registry
from bench.networks.network import step_operations
from bench.plan.compose import compose
from bench.plan.config import load_config
from bench.training.device import Device

PROCESSES = (1, 4, 8, 12)
SECONDS = 5.0  # of a rate


def print_rates(processes: Sequence[int]) -> None:
    """Print steps a second of the paper's classifier by processes at once, and which share of the peak they are."""
    protocol = load_config(profile="paper", datasets=["horse2zebra"]).profile.protocol("horse2zebra")
    operations = step_operations(protocol.backbone, protocol.image_size, 2)
    peak = peak_operations(torch.float32)
    print(f"peak_float32_tflops={peak / 1e12:.1f}")
    print(f"peak_bfloat16_tflops={peak_operations(torch.bfloat16) / 1e12:.1f}")
    for count in processes:
        command = [sys.executable, __file__]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)]
        rates = [float(process.communicate()[0].split()[-1]) for process in running]
        print(f"paper_steps_per_second_{count}={sum(rates):.1f}")
        print(f"peak_share_{count}={sum(rates) * operations / peak:.3f}", flush=True)


def steps_per_second(seconds: float) -> float:
    """Return the steps a second of a plain fit at the paper's size; processes begin to count when all have started."""
    protocol, device = (
        load_config(profile="paper", datasets=["horse2zebra"]).profile.protocol("horse2zebra"),
        Device.best(),
    )
    with device.session(protocol):
        trainer = make_trainer(compose("Vanilla"), protocol, device)
        for _ in range(20):
            take_step(trainer)
        begin = time.time() // 4 * 4 + 8  # a moment that processes started together share
        while time.time() < begin:
            take_step(trainer)
        done, started = 0, time.perf_counter()
        while time.perf_counter() - started < seconds:
            take_step(trainer)
            done += 1
        return done / (time.perf_counter() - started)


def peak_operations(dtype: torch.dtype, size: int = 8192, rounds: int = 20) -> float:
    """Return the operations a second of a product of two random matrices, without TF32."""
    torch.backends.cuda.matmul.allow_tf32 = False
    a, b = (torch.randn(size, size, device="cuda", dtype=dtype) for _ in "ab")
    for _ in range(3):
        a @ b
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(rounds):
        a @ b
    torch.cuda.synchronize()
    return 2.0 * size**3 * rounds / (time.perf_counter() - started)


if __name__ == "__main__":
    registry.load()
    print(steps_per_second(SECONDS))
