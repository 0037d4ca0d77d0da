"""`imbench` and `python -m bench`: the command line, which also stops quietly while it is still being loaded."""

from __future__ import annotations

import sys


def main() -> None:
    """Run a command; Ctrl-C while it is being loaded is no traceback either."""
    try:
        from bench.cli.lazy import defer
        from bench.cli.terminal import speak_utf8

        speak_utf8()
        defer("torch")
        from bench.cli.app import main as command  # here, for this takes time
        from bench.cli.ending import end
    except KeyboardInterrupt:
        sys.exit(130)
    try:
        command()
    except SystemExit as ended:
        end(ended.code if isinstance(ended.code, int) else int(ended.code is not None))


if __name__ == "__main__":
    main()
