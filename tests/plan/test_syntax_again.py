"""A parser that stumbles once over what else the process does is asked again."""

from __future__ import annotations

import ast

import pytest

from bench.plan.syntax import syntax


def test_a_mismatch_of_depths_that_is_pythons_own_does_not_stop_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    parse, calls = ast.parse, []

    def stumbles(source: bytes) -> ast.Module:
        calls.append(source)
        if len(calls) == 1:
            raise SystemError("AST constructor recursion depth mismatch")
        return parse(source)

    monkeypatch.setattr("bench.plan.syntax.ast.parse", stumbles)
    assert syntax(b"import os\n", "").imported == ("os",) and len(calls) == 2
