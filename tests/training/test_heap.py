"""Memory kept between layers changes no number, is given back, and is nobody's business without glibc."""

import json
import platform
import subprocess
import sys

import pytest

from bench.training.heap import kept_heap

# In a process of its own: what its heap holds depends on nothing that ran before.
SCRIPT = """
import json, torch
from bench.training.heap import kept_heap

torch.set_num_threads(1)
model = torch.nn.Sequential(*(torch.nn.Conv2d(3, 3, 3, padding=1) for _ in range(6)))
images = torch.randn(8, 3, 600, 600, generator=torch.Generator().manual_seed(0))


def resident():
    return int(next(it for it in open("/proc/self/status") if it.startswith("VmRSS")).split()[1]) * 1024


with torch.inference_mode():
    before, plain = resident(), model(images)
    with kept_heap():
        kept = model(images)
        inside = resident()
print(json.dumps({"same": bool((plain == kept).all()), "held": inside - before, "left": resident() - before,
                  "images": images.nbytes}))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_no_number_changes_and_what_was_kept_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["same"]
    assert found["left"] < found["held"] - 2 * found["images"], "freed maps are held inside and not afterwards"


def test_without_glibc_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr("ctypes.CDLL", None)
    with kept_heap():
        pass
