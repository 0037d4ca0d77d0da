"""A graph of work: which nodes can start, the most urgent first."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from bench.errors import ConfigError
from bench.running.work import Work


@dataclass(frozen=True)
class Node:
    """One piece of work.

    `work` runs in a worker, so it must pickle: a module's function, or functools.partial of one. `cost` is a guess in
    any unit that all nodes share. `needs` are ids of nodes that must have succeeded before. `alone`: it keeps more
    cores busy than a worker has, and beside others would wait for each of its threads.
    """

    id: str
    work: Work
    needs: tuple[str, ...] = ()
    cost: float = 1.0
    label: str = ""
    alone: bool = False


class Graph:
    """Nodes and what they wait for.

    The most urgent node heads the longest chain of costs: so a stage that others wait for starts before them, and a
    long fit before a short one. Those that run alone come when nothing else can. Among equals the given order holds.

    Raises
    ------
    ConfigError
        Two nodes have one id, a node needs one that is not there, or nodes need each other in a circle.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        listed = list(nodes)
        self.nodes = {node.id: node for node in listed}
        _check(listed, self.nodes)
        self._dependents: defaultdict[str, list[str]] = defaultdict(list)
        self._missing = {node.id: len(set(node.needs)) for node in listed}
        for node in listed:
            for need in set(node.needs):
                self._dependents[need].append(node.id)
        chain = self._chains()
        self._rank = {node.id: (node.alone, -chain[node.id], position) for position, node in enumerate(listed)}
        self._ready: list[tuple[tuple[bool, float, int], str]] = []
        for node in listed:
            if not node.needs:
                self.put_back(node)

    def pop(self) -> Node | None:
        """Take the most urgent node that can start, or None."""
        return self.nodes[heapq.heappop(self._ready)[-1]] if self._ready else None

    def put_back(self, node: Node) -> None:
        """Offer a node again."""
        heapq.heappush(self._ready, (self._rank[node.id], node.id))

    def succeeded(self, id: str) -> None:
        """Release the nodes that waited for this one alone."""
        for dependent in self._dependents[id]:
            self._missing[dependent] -= 1
            if not self._missing[dependent]:
                self.put_back(self.nodes[dependent])

    def blocked_by(self, id: str) -> list[Node]:
        """Return every node that needs this one, directly or not."""
        found: dict[str, None] = {}
        pending = list(self._dependents[id])
        while pending:
            dependent = pending.pop(0)
            if dependent not in found:
                found[dependent] = None
                pending += self._dependents[dependent]
        return [self.nodes[dependent] for dependent in found]

    def _chains(self) -> dict[str, float]:
        needs_first = list(TopologicalSorter({node.id: node.needs for node in self.nodes.values()}).static_order())
        chain: dict[str, float] = {}
        for id in reversed(needs_first):
            chain[id] = self.nodes[id].cost + max((chain[after] for after in self._dependents[id]), default=0.0)
        return chain


def _check(listed: list[Node], nodes: dict[str, Node]) -> None:
    twice = [id for id, times in Counter(node.id for node in listed).items() if times > 1]
    if twice:
        raise ConfigError(f"two pieces of work have the id {twice[0]!r}")
    for node in listed:
        for need in node.needs:
            if need not in nodes:
                raise ConfigError(f"{node.label or node.id} needs {need!r}, which is not part of the run")
    try:
        TopologicalSorter({node.id: node.needs for node in listed}).prepare()
    except CycleError as error:
        circle = " -> ".join(nodes[id].label or id for id in error.args[1])
        raise ConfigError(f"these need each other in a circle: {circle}") from error
