"""Vanilla: nothing is done about the imbalance."""

from __future__ import annotations

from bench.method import Method
from bench.registry import register


@register("Vanilla", reference="Sahoo et al. 2020, arXiv 2008.05524")
class Vanilla(Method):
    """Train with plain cross-entropy on the data as they are."""

    rebalances = False
