"""Receipts: a job counts as done when the runner itself has read back what its worker says it has stored."""

from __future__ import annotations

import time
from collections.abc import Mapping

from bench.record import Record, digest
from bench.running.graph import Node
from bench.running.schedule import Outcome
from bench.running.work import Failure, aside
from bench.running.worker import Order
from bench.store.artifacts import ARTIFACT, CLASSIFIER, Weights
from bench.store.store import Store

PATIENCE_SECONDS = 5.0  # a network file system may show a new file late


class Receipts:
    """Looks for the records of a run's jobs, and for the artifacts that others need of them."""

    def __init__(self, store: Store, orders: Mapping[str, Order]) -> None:
        self._store, self._orders = store, orders

    def missing(self, node: Node, outcome: Outcome) -> Failure | None:
        """Return what is wrong with a job that its worker says is done; None where all is there.

        One that failed meanwhile in another runner has failed here too, and what needs it is not to begin.
        """
        order = self._orders[node.id]
        if (record := self._found(order)) is None:
            return Failure("NotStored", f"its worker said that it is done, but {self._store.root} has no record of it")
        if record.status == "failed":
            theirs = Failure(*record.error.partition(": ")[::2])
            return theirs if outcome.value == "failed" else Failure("NotStored", "its record says that it failed")
        if digest(dict(record.code)) != digest(dict(order.code)):
            return Failure("OtherCode", "another runner has stored it meanwhile, with other code; see `imbench why`")
        weights = Weights(self._store.root)
        wanted = [ARTIFACT] if order.job.kind == "stage" else [CLASSIFIER] if order.keep_weights else []
        for name in wanted:
            if weights.find(node.id, name) is None:
                lost = f"its worker said that it is done, but its {name} is missing or damaged"
                return Failure("NotStored", lost, notes=tuple(map(aside, weights.set_aside)))
        return None

    def _found(self, order: Order) -> Record | None:
        end = time.monotonic() + PATIENCE_SECONDS
        while (record := self._store.get(order.job.id)) is None and time.monotonic() < end:
            time.sleep(0.2)
        return record
