"""A source may be as deep as Python can import, and every module keeps the digest that records know it by."""

from __future__ import annotations

import ast
from hashlib import sha256
from pathlib import Path

import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench

import bench
from bench.plan.syntax import _is_for_types_only, syntax

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
MODULES = sorted(Path(str(bench.__file__)).parent.rglob("*.py"))
DEEP = """
from bench.method import Method
from bench.registry import register

@register("Deep")
class Deep(Method):
    def class_weights(self, counts, progress):
        return ({terms}) / counts
"""


def told(node: object) -> str:
    """Return what a digest is of, in the words of its first definition."""
    if isinstance(node, ast.AST):
        documented = isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None
        fields = dict(ast.iter_fields(node))
        if documented:
            fields["body"] = fields["body"][1:]
        kept = [f"{name}={told(value)}" for name, value in fields.items() if value not in (None, []) and name != "kind"]
        return f"{type(node).__name__}({','.join(kept)})"
    if isinstance(node, list):
        return f"[{','.join(told(item) for item in node if not _is_for_types_only(item))}]"
    return repr(node)


def test_the_digest_of_every_module_is_that_of_its_definition() -> None:
    sources = {path: path.read_bytes() for path in MODULES}
    right = {path: sha256(told(ast.parse(source)).encode()).hexdigest()[:12] for path, source in sources.items()}
    assert {path: syntax(source, "bench").digest for path, source in sources.items()} == right and len(right) > 300


def test_a_long_sum_is_read_and_its_last_term_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = ("x = " + "+".join(["y"] * 2000 + [last]) for last in ("a", "b"))
    assert syntax(one.encode(), "").digest == syntax(f"{one}  # a comment".encode(), "").digest
    assert syntax(one.encode(), "").digest != syntax(other.encode(), "").digest
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    (tmp_path / "deep.py").write_text(DEEP.format(terms="+".join(["counts"] * 2000)))
    bench_toml(tmp_path, methods=["Deep"], plugins=[tmp_path / "deep.py"])
    assert imbench("run").status == 0


def test_calls_that_are_deep_already_do_not_matter() -> None:
    source = ("x = " + "+".join(["y"] * 2000)).encode()

    def below(calls: int) -> str:
        return below(calls - 1) if calls else syntax(source, "").digest

    assert below(600) == syntax(source, "").digest


def test_what_is_too_deep_for_python_is_told_so() -> None:
    with pytest.raises(RecursionError):
        syntax(("x = " + "+".join(["y"] * 100_000)).encode(), "")
