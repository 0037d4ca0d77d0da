"""Expressions such as `US+CS` or `paper_cnn(width=8)`: parsed once, carried as values, spelled again in print."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bench.errors import ConfigError

_TERM = re.compile(r"(?P<name>[A-Za-z][\w-]*)(\((?P<arguments>.*)\))?")
_PLUS = re.compile(r"\+(?![^(]*\))")  # one that joins; not that of 1e+3 between parentheses
Arguments = tuple[tuple[str, object], ...]


@dataclass(frozen=True)
class Call:
    """A registered name with the arguments that were written, and those that a profile gives where none is written."""

    name: str
    arguments: Arguments = ()
    given: Arguments = ()

    @classmethod
    def parse(cls, text: str, kind: str = "method") -> Call:
        """Read `NAME` or `NAME(key=value)`; a bare word is a string, so that `train=head` needs no quotes.

        Raises
        ------
        ConfigError
            The text is not of that form; it calls the name a `kind`.
        """
        term = _TERM.fullmatch(text.strip())
        try:
            if term:
                return cls(term["name"], _arguments(term["arguments"] or ""))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            pass
        raise ConfigError(f"{kind} {text!r} is not of the form NAME or NAME(key=value)")

    def __str__(self) -> str:
        inner = ", ".join(f"{key}={value}" for key, value in self.arguments)
        return f"{self.name}({inner})" if inner else self.name

    @property
    def all_arguments(self) -> dict[str, object]:
        """Every argument; what was written goes before what a profile gives."""
        return dict(self.given) | dict(self.arguments)


@dataclass(frozen=True)
class Expression:
    """One method, or several joined by `+`; `str` gives the text for print."""

    calls: tuple[Call, ...]

    @classmethod
    def parse(cls, text: str) -> Expression:
        """Read `A+B(x=1)`: names of letters, digits, `_` and `-`, each with keyword arguments in parentheses.

        Raises
        ------
        ConfigError
            The text is not of that form.
        """
        try:
            return cls(tuple(Call.parse(term) for term in _PLUS.split(text)))
        except ConfigError:
            raise ConfigError(f"method {text!r} is not of the form NAME, NAME(key=value) or NAME+NAME") from None

    def __str__(self) -> str:
        return "+".join(map(str, self.calls))

    @property
    def key(self) -> tuple[str, ...]:
        """What makes two spellings the same row: the order around `+` does not matter, nor what a profile gives."""
        return tuple(sorted(map(str, self.calls)))

    def with_given(self, given: Mapping[str, Mapping[str, object]]) -> Expression:
        """Return this expression with the arguments that a profile gives to methods, by name."""
        return Expression(tuple(replace(call, given=frozen(given.get(call.name, {}))) for call in self.calls))


def frozen(arguments: Mapping[str, object]) -> Arguments:
    """Return arguments as a value that can be compared, hashed and sent to another process."""
    return tuple((key, tuple(value) if isinstance(value, list) else value) for key, value in arguments.items())


def _arguments(text: str) -> Arguments:
    call = ast.parse(f"f({text})", mode="eval").body
    if not isinstance(call, ast.Call) or call.args or any(key.arg is None for key in call.keywords):
        raise ValueError(text)
    return frozen({str(key.arg): _value(key.value) for key in call.keywords})


def _value(node: ast.expr) -> object:
    return node.id if isinstance(node, ast.Name) else ast.literal_eval(node)
