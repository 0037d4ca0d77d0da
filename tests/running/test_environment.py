"""A record names what it ran on: machines of one name that compute otherwise are told apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.running.environment import device_name, environment, told_apart
from bench.training.device import Device, processor


@pytest.mark.parametrize(
    ("flags", "ending"),
    [
        ("fpu sse4_2 avx avx2 avx512f avx512_bf16", ""),
        ("fpu sse4_2 avx avx2 fma", " (AVX2)"),
        ("fpu sse4_2 avx", " (AVX)"),
        ("fpu sse4_2", " (SSE4.2)"),
        ("fp asimd bf16", ""),
    ],
)
def test_the_widest_instructions_are_named_where_avx_512_is_lacking(tmp_path: Path, flags: str, ending: str) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text(f"model name\t: Of Some Kind\nflags\t\t: {flags}\n")
    assert told_apart(info) == f"{processor()}{ending}"
    assert told_apart(tmp_path / "none") == processor()


def test_records_and_twins_name_it_alike() -> None:
    assert environment(Device.best())["device_name"] == device_name()
