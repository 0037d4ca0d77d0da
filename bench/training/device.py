"""The device: where tensors live, in which precision layers compute, and how far results are reproducible."""

from __future__ import annotations

import os
import platform
import resource
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from bench.protocol import Protocol
from bench.training.rounded import compute_rounded

if TYPE_CHECKING:  # a plan asks whether there is a GPU, and should not load torch for it
    from torch import Tensor, nn


@dataclass(frozen=True)
class Device:
    """A torch device and the rules for computing on it; nothing else in the suite names one."""

    torch: torch.device

    @classmethod
    def best(cls) -> Device:
        """CUDA if there is a GPU, else the CPU."""
        return cls(torch.device("cuda" if torch.cuda.is_available() else "cpu"))

    @property
    def is_cuda(self) -> bool:
        """Whether this is a GPU."""
        return self.torch.type == "cuda"

    @property
    def name(self) -> str:
        """The processor or GPU, as records tell it."""
        return torch.cuda.get_device_name(self.torch) if self.is_cuda else processor()

    def model(self, model: nn.Module) -> nn.Module:
        """Move a model here, channels last."""
        return model.to(self.torch, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]

    def images(self, images: Tensor) -> Tensor:
        """Move uint8 images (N, 3, H, W) here as float32 in [-1, 1], channels last."""
        moved = images.to(self.torch, non_blocking=True)
        return moved.to(memory_format=torch.channels_last).float().mul_(2 / 255).sub_(1)

    def autocast(self, protocol: Protocol) -> AbstractContextManager[object]:
        """Compute layers in the protocol's precision; weights, losses and the optimiser stay float32."""
        if protocol.precision == "float32":
            return nullcontext()
        return torch.autocast(self.torch.type, dtype=torch.bfloat16)

    @contextmanager
    def session(self, protocol: Protocol) -> Iterator[None]:
        """Hold the number of threads and torch's determinism for the duration of one fit."""
        threads = torch.get_num_threads()
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.set_num_threads(protocol.threads)
        # Reflection padding has no deterministic gradient on CUDA: warn there, do not stop.
        torch.use_deterministic_algorithms(True, warn_only=self.is_cuda)
        # Filling every new tensor would cost an eighth of the time; nothing here reads what it has not written.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        torch.backends.cudnn.benchmark = False
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        if not self.is_cuda:
            compute_rounded()
        reset_peak_memory(self)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(False)
            torch.utils.deterministic.fill_uninitialized_memory = True  # type: ignore[attr-defined]

    def peak_memory(self) -> int:
        """Peak bytes since the session began: of the GPU's allocator, or resident in this process."""
        if self.is_cuda:
            return int(torch.cuda.max_memory_allocated(self.torch))
        status = Path("/proc/self/status")
        if status.exists():
            line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
            return int(line.split()[1]) * 1024
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def reset_peak_memory(device: Device) -> None:
    """Start a new peak, where the system can; elsewhere the peak is that of the process's whole life."""
    if device.is_cuda:
        torch.cuda.reset_peak_memory_stats(device.torch)
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def has_cuda() -> bool:
    """Whether there is a GPU; torch is asked, and loaded, only where the system has a driver that could be one's."""
    drivers = [*Path("/dev").glob("nvidia*"), *(Path("/dev") / name for name in ("dxg", "kfd", "nvhost-gpu"))]
    return any(driver.exists() for driver in drivers) and torch.cuda.is_available()


def in_words() -> str:
    """Name the device to compute on, such as `cpu (AMD EPYC)`."""
    best = Device.best() if has_cuda() else None
    return f"{best.torch.type} ({best.name})" if best else f"cpu ({processor()})"


def processor() -> str:
    """The CPU's model name."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
