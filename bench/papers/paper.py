"""The paper: what a report needs to know of one, as a value; each is a folder of `bench.papers`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.analysis.compared import Rivals
from bench.analysis.layout import Layout
from bench.analysis.spots import Key, Place


@dataclass(frozen=True)
class Translations:
    """A paper's table of translators: its layout and rows, and the sentences that say what its numbers are."""

    layout: Layout
    rivals: Rivals
    judged_by: str
    epochs: str = ""


@dataclass(frozen=True)
class Paper:
    """One paper.

    Attributes
    ----------
    citation
        As print names it.
    profile
        The profile of bench.toml that is its protocol.
    tasks
        What it calls the datasets of ours that it has, by our name.
    tables
        Layouts of its tables of methods, with its numbers, in their order.
    claims
        The text of its file of claims, TOML.
    stated
        Numbers that its text states beside its tables, by place, metric and method key.
    silent
        Settings of ours that it says nothing about.
    mapped, explained
        Methods whose features are mapped, and whose classifiers are explained by heat maps.
    """

    citation: str
    profile: str
    tasks: Mapping[str, str]
    tables: tuple[Layout, ...] = ()
    translations: Translations | None = None
    claims: str = ""
    stated: Mapping[tuple[Place, str, Key], float] = field(default_factory=dict)
    silent: tuple[str, ...] = ()
    mapped: tuple[str, ...] = ()
    explained: tuple[str, ...] = ()
