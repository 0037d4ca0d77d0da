"""States of rows: `done`, `stale`, `failed`, `missing`, `not applicable`, and which of them have figures that count."""

from __future__ import annotations

COUNTED = ("done", "stale")
