"""bfloat16 where the processor lacks it: what float32 sums of rounded values give, and float32 as it was."""

import json
import subprocess
import sys

import pytest

# In a process of its own, which is changed for good. Twice, since a processor may have the instructions.
SCRIPT = """
import json, sys, torch
from torch.nn import functional as F
from bench.training import rounded

torch.set_num_threads(1)


def made(dtype):
    rng = torch.Generator().manual_seed(3)
    x, w = (torch.randn(shape, generator=rng) for shape in ((2, 3, 9, 9), (4, 3, 3, 3)))
    a, b, bias = (torch.randn(shape, generator=rng) for shape in ((5, 7), (6, 7), (6,)))
    leaves = [it.to(torch.bfloat16).to(dtype).requires_grad_() for it in (x, w, a, b, bias)]
    x, w, a, b, bias = leaves
    outs = [F.conv2d(x, w, stride=2), F.conv_transpose2d(x, w.transpose(0, 1)), F.linear(a, b, bias), a @ b.T]
    outs.append(torch.bmm(a[None], b.T[None]))
    outs.append(torch.baddbmm(outs[-1], a[None], b.T[None]))
    sum(out.square().sum() for out in outs).backward()
    return [it.detach() for it in outs] + [it.grad for it in leaves]


rounded.has_instructions = lambda: True
rounded.compute_rounded()
assert not rounded._overriding, "where there are instructions nothing is replaced"
before = made(torch.float32)
exact = made(torch.float64)
rounded.has_instructions = lambda: False
rounded.compute_rounded()
rounded.compute_rounded()
after, narrow = made(torch.float32), made(torch.bfloat16)
try:
    F.linear(torch.ones(2, 3, dtype=torch.bfloat16), torch.ones(4, 3))
except RuntimeError as error:
    refused = str(error)
print(json.dumps({
    "same": all(torch.equal(a, b) for a, b in zip(before, after, strict=True)),
    "types": sorted({str(it.dtype) for it in narrow}),
    "far": max(float((n.double() - e).abs().max() / e.abs().max()) for n, e in zip(narrow, exact, strict=True)),
    "values": [[float(v) for v in it.flatten()[:50]] for it in narrow[:2]],
    "wanted": [[float(v) for v in it.bfloat16().flatten()[:50]] for it in before[:2]],
    "refused": refused,
    "installed": len(rounded._overriding),
}))
"""


@pytest.fixture(scope="module")
def found() -> dict[str, object]:
    done = subprocess.run([sys.executable, "-W", "error", "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def test_products_of_other_values_stay_as_they_are_to_the_bit(found: dict[str, object]) -> None:
    assert found["same"] is True


def test_products_are_those_of_float32_rounded_at_the_end(found: dict[str, object]) -> None:
    assert found["types"] == ["torch.bfloat16"]
    assert found["values"] == found["wanted"]
    assert found["far"] < 2**-6, "gradients of gradients of rounded values: a few units in the last place"


def test_values_of_two_kinds_are_refused_as_before(found: dict[str, object]) -> None:
    assert "dtype" in str(found["refused"])


def test_it_is_installed_once(found: dict[str, object]) -> None:
    assert found["installed"] == 1
