"""bfloat16 on a processor without instructions for it: float32 sums of rounded values, as instructions make them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch

# What torch computes number by number there, many times as slowly as in float32. All else it rounds as it goes.
PRODUCTS = ("convolution", "convolution_backward", "addmm", "mm", "bmm", "baddbmm")
_overriding: list[torch.library.Library] = []  # lives as long as the process: its end would bring torch's own back


def has_instructions() -> bool:
    """Whether torch computes products of bfloat16 values by instructions of this processor."""
    supported = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
    return supported is not None and bool(supported())


def compute_rounded() -> None:
    """Where the processor lacks instructions, make torch compute products of bfloat16 values in float32, then round.

    A product of two bfloat16 values is exact in float32, and instructions sum in float32, too: nothing but the order
    of a sum is another. Products of other values go on as they were, to the bit. Holds for the whole process.
    """
    if _overriding or has_instructions():
        return
    library = torch.library.Library("aten", "IMPL")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(?s).*[Oo]verrid.*kernel")
        for name in PRODUCTS:
            kernel = torch.library.get_kernel(f"aten::{name}", "CPU")
            library.impl(name, _rounding(kernel.call_boxed), "CPU", with_keyset=True)
    _overriding.append(library)


def _rounding(kernel: Callable[..., Any]) -> Callable[..., Any]:
    def product(keys: object, *args: object, **kwargs: object) -> Any:
        if {it.dtype for it in args if isinstance(it, torch.Tensor)} != {torch.bfloat16}:
            return kernel(keys, *args, **kwargs)  # values of two kinds are refused there
        made = kernel(keys, *(it.float() if isinstance(it, torch.Tensor) else it for it in args), **kwargs)
        return tuple(map(_narrow, made)) if isinstance(made, tuple) else _narrow(made)

    return product


def _narrow(made: torch.Tensor | None) -> torch.Tensor | None:
    return None if made is None else made.bfloat16()
