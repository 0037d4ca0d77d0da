"""A store that parses each record once: for whoever asks for all of them several times, and while nobody writes."""

from __future__ import annotations

from pathlib import Path

from bench.record import Record
from bench.store.store import Store


class RememberingStore(Store):
    """A store for reading only. What was read stays in memory, and is not read again where its file has changed."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, read_only=True, remembering=True)
        self._remembered: dict[str, Record | None] = {}

    def get(self, id: str) -> Record | None:
        """Return the record of that id as it was when first asked for."""
        if id not in self._remembered:
            self._remembered[id] = super().get(id)
        return self._remembered[id]
