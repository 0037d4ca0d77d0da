"""How long a whole grid of the pretrained profile takes from nothing: decoding, features, every fit, the page.

Each dataset runs in an empty folder of its own, with the commands that a user types. Ends with one line per figure,
`name=value`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DATASETS = ("digits", "cub", "celeba", "infrared_solar_modules")
PROFILE = "pretrained"


def seconds(command: str, dataset: str, folder: Path) -> float:
    """Return how long a command of the suite takes in a folder.

    Raises
    ------
    SystemExit
        It failed; its last lines are printed.
    """
    began = time.perf_counter()
    line = [sys.executable, "-m", "bench", command, "--dataset", dataset, "--profile", PROFILE]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"imbench {command} --dataset {dataset}:\n{done.stderr[-2000:]}")
    return time.perf_counter() - began


def main() -> None:
    """Run each dataset's grid and its report, and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("datasets", nargs="*", default=DATASETS, help=f"default: {' '.join(DATASETS)}")
    args = parser.parse_args()
    if (data := os.environ.get("IMBENCH_DATA")) is not None:
        os.environ["IMBENCH_DATA"] = str(Path(data).absolute())
    figures: dict[str, float] = {}
    for dataset in args.datasets:
        with tempfile.TemporaryDirectory() as folder:
            for command, name in (("run", "from_nothing_seconds"), ("report", "page_seconds")):
                figures[f"{name}_{dataset}"] = seconds(command, dataset, Path(folder))
                print(f"{dataset}: {command} took {figures[f'{name}_{dataset}']:.0f} s", flush=True)
    for figure, value in figures.items():
        print(f"{figure}={value:.0f}")


if __name__ == "__main__":
    main()
