"""What every cell of a process computes with: functions of torch, numpy and the suite, and their settings.

A method that changes them changes the figures of others, which name no such code.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

TINY = 1e-310  # a number of 64 bits that is 0 where such small ones are
OF_LIBRARIES = ("torch", "torch.nn", "torch.nn.functional", "torch.nn.init", "torch.optim", "numpy", "torch.linalg")
WRAPPERS = ("/torch/_compile.py", "/torch/optim/optimizer.py")  # for its compiler and its profiler
ABSENT = object()  # of a name that a class has from another, if at all

Settings = dict[str, tuple[Callable[[], Any], Callable[[Any], object]]]
Names = dict[tuple[str, str], tuple[Any, object]]  # by where it is and what it is called: the holder, the value

# A job's own session sets the others, of determinism and of GPUs, and threads.
SETTINGS: Settings = {
    "torch's default dtype": (torch.get_default_dtype, torch.set_default_dtype),
    "torch's default device": (torch.get_default_device, torch.set_default_device),
    "whether torch keeps gradients": (torch.is_grad_enabled, torch.set_grad_enabled),
    "torch's precision of products": (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    "whether torch uses oneDNN": (
        lambda: torch.backends.mkldnn.enabled,
        lambda value: setattr(torch.backends.mkldnn, "enabled", value),
    ),
    "whether tiny numbers are 0": (
        lambda: bool((torch.full((1,), TINY, dtype=torch.float64) * 1.0 == 0).item()),
        torch.set_flush_denormal,
    ),
    "what numpy does about errors": (np.geterr, lambda value: np.seterr(**value)),
    "the current folder": (os.getcwd, os.chdir),
}


class Touched(RuntimeError):
    """Something was changed that others compute with; it has been put back."""


@contextmanager
def untouched() -> Iterator[None]:
    """Put back what the block changes of all that is shared.

    Raises
    ------
    Touched
        It changed something, and raised nothing itself; the text names it.
    """
    settings, names = _settings(), _names()
    try:
        yield
    except BaseException:
        _put_back(settings, names)
        raise
    if changed := _put_back(settings, names):
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        raise Touched(f"it changes {', '.join(changed[:3])}{more}, which all other cells compute with")


def _put_back(settings: dict[str, Any], names: Names) -> list[str]:
    """Return the names of what is not as it was, which now is."""
    changed = []
    for name, value in settings.items():
        get, put = SETTINGS[name]
        if _or_none(get) != value:
            put(value)
            changed.append(name)
    for (place, name), (holder, value) in names.items():
        now = vars(holder).get(name, ABSENT)
        if now is value or _is_torchs_own(now, value):
            continue
        if value is ABSENT:
            delattr(holder, name)
        else:
            setattr(holder, name, value)
        changed.append(f"{place}.{name}")
    return changed


def _is_torchs_own(now: object, before: object) -> bool:
    """Return whether a function is the one it was, wrapped by torch itself when it is first used."""
    code = getattr(now, "__code__", None)
    return (
        getattr(now, "__wrapped__", None) is before
        and code is not None
        and code.co_filename.startswith(str(Path(torch.__file__).parent))
        and code.co_filename.endswith(WRAPPERS)
    )


def _settings() -> dict[str, Any]:
    found = {name: _or_none(get) for name, (get, _) in SETTINGS.items()}
    return {name: value for name, value in found.items() if value is not None}


def _or_none(get: Callable[[], Any]) -> Any:
    try:
        return get()
    except OSError:  # the folder is gone
        return None


def _names() -> Names:
    """Return functions and classes of libraries and of the suite, and methods of these classes, with their holders."""
    libraries = [sys.modules[name] for name in OF_LIBRARIES if name in sys.modules]
    ours = [it for name, it in sys.modules.items() if name.startswith("bench.") and isinstance(it, ModuleType)]
    found: Names = {}
    classes: dict[type, None] = {torch.Tensor: None}
    for module in (*libraries, *ours):
        for name, value in [*vars(module).items()]:
            if callable(value):
                found[module.__name__, name] = module, value
                if isinstance(value, type) and value.__module__.startswith(("bench.", "torch.nn.", "torch.optim.")):
                    classes[value] = None
    for cls in classes:
        place, own = f"{cls.__module__}.{cls.__qualname__}", vars(cls)
        for name in dir(cls) if cls is torch.Tensor else [*own]:
            value = own.get(name, ABSENT)
            if value is ABSENT or callable(value):
                found[place, name] = cls, value
    return found
