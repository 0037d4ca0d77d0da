"""A claim in one line, for the tests of claims."""

from __future__ import annotations

import json
from typing import Any

from bench.claims.claim import Claim
from bench.claims.files import parse_claims


def claim(kind: str, **fields: Any) -> Claim:
    """Return a claim about method A of a task called toy at 5 images; `fields` change or add to it."""
    content = {"id": "it", "text": "It is so.", "task": "toy", "minority": [5], "metric": "acsa", "method": "A"}
    lines = (f"{key} = {json.dumps(value)}" for key, value in (content | {"kind": kind} | fields).items())
    return parse_claims("[[claims]]\n" + "\n".join(lines), "mine.toml").claims[0]
