"""A user's method file is refused in one line where a hook cannot be called as the contract has it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders import plugged

from bench.errors import ConfigError
from bench.plan.compose import compose
from bench.registry import Registry

OLD = """
@register("Old", reference="none")
class Old(Method):
    def class_weights(self, counts):
        return 1 / counts
"""
OPEN = """
@register("Open", reference="none")
class Open(Method):
    def class_weights(self, counts, *_):
        return counts / counts
"""


def test_weights_that_know_no_progress_are_refused_with_the_arguments_they_must_take(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as raised:
        plugged(monkeypatch, tmp_path, OLD)
    assert str(raised.value).endswith(
        "mine.py: Old cannot be called: class_weights(self, counts) must take (self, counts, progress)"
    )
    with pytest.raises(ConfigError, match="must take"):
        plugged(monkeypatch, tmp_path, OLD)  # also when it is asked for again


@pytest.mark.parametrize(
    "taken", ["supports(self, counts, protocol)", "requires(self)", "for_counts(self)", "bind(self)"]
)
def test_whatever_a_run_calls_takes_what_it_is_called_with(
    taken: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as raised:
        plugged(monkeypatch, tmp_path, f"{OPEN}\n    def {taken}:\n        return self\n")
    assert f"mine.py: Open cannot be called: {taken} must take (self, " in str(raised.value)
    with pytest.raises(ConfigError, match="supports is no function of"):
        plugged(monkeypatch, tmp_path, f'{OPEN}\n    supports = ""\n')


@pytest.mark.parametrize("name", ["../../x", "/abs", "a/b", "a\\b", ".hidden", "", "a\nb", "x" * 101])
@pytest.mark.parametrize("kind", ["dataset", "method", "stage", "network"])
def test_a_name_that_files_cannot_be_called_by_is_refused(kind: str, name: str) -> None:
    with pytest.raises(ConfigError, match=f"cannot be the name of a {kind}: files are called by it"):
        Registry[object](kind).register(name)


def test_a_hook_that_takes_more_by_default_is_a_method(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plugged(monkeypatch, tmp_path, OPEN)
    assert compose("Open").parts[0].class_weights(np.array([2]), 0.5) == [1]
