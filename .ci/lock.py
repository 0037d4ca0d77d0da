"""Resolve pyproject.toml anew and write the exact versions to constraints.txt; nothing is installed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints.txt"
# Figures depend on these two, so only a person moves them: by editing constraints.txt, then `make lock`.
HELD = ("torch", "torchvision")


def split(text: str) -> tuple[str, list[str]]:
    """Return the leading comment of a constraints file, and its pins."""
    lines = text.splitlines()
    head = [line for line in lines if line.startswith("#")]
    return "\n".join(head) + "\n", [line for line in lines if line and not line.startswith("#")]


def resolve(held: list[str]) -> list[str]:
    """Return `name==version` of all that the suite with its extras needs, sorted by name."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    command += ["--dry-run", "--ignore-installed", "--report", "-", f"{ROOT}[dask,dev,docs,evaluator]", *held]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    found = {item["metadata"]["name"]: item["metadata"]["version"] for item in report["install"]}
    found.pop("imbalance-bench")
    # A local label such as +cpu says where a wheel came from; the pin must hold for the others too.
    pins = [f"{re.sub(r'[-_.]+', '-', name).lower()}=={version.split('+')[0]}" for name, version in found.items()]
    return sorted(pins)


def main() -> None:
    """Rewrite constraints.txt below its head."""
    head, pins = split(CONSTRAINTS.read_text(encoding="utf8"))
    held = [pin for pin in pins if pin.split("==")[0] in HELD]
    fresh = resolve(held)
    CONSTRAINTS.write_text(head + "\n".join(fresh) + "\n", encoding="utf8")
    print(f"{CONSTRAINTS.name}: {len(fresh)} versions, {len(set(fresh) - set(pins))} of them new")


if __name__ == "__main__":
    main()
