"""A user's regular expression, looked for in names by a process of its own: some would be at work for years.

That process runs this file, so that nothing but the standard library is imported here.
"""

from __future__ import annotations

import json
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Sequence

SECONDS = 30  # of a processor; a million names take a few


class TooSlow(ValueError):
    """A pattern was not done with its names in time: its repeats can divide a name in too many ways."""


def matched(pattern: str, names: Sequence[str]) -> list[str | None]:
    """Return what a pattern's brackets match in each name, or the whole match without brackets; None: no match.

    Several brackets are joined by /; one that matches nothing adds nothing.

    Raises
    ------
    TooSlow
        It takes longer than `SECONDS`.
    """
    asked = json.dumps({"pattern": pattern, "names": list(names), "seconds": SECONDS})
    command = [sys.executable, "-I", "-S", __file__]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, encoding="utf8", check=False)
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise TooSlow(f"not done with {len(names)} names in {SECONDS} s")
    done.check_returncode()
    found: list[str | None] = json.loads(done.stdout)
    return found


def _answer() -> None:
    asked = json.load(sys.stdin)
    resource.setrlimit(
        resource.RLIMIT_CPU, (asked["seconds"], asked["seconds"] + 1)
    )  # also where nobody waits any more
    pattern, found = re.compile(asked["pattern"]), []
    for name in asked["names"]:
        match = pattern.search(name)
        text = match and ("/".join(filter(None, match.groups())) if pattern.groups else match[0])
        found.append(text)
    print(json.dumps(found))


if __name__ == "__main__":
    _answer()
