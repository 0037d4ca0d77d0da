"""What MkDocs calls: adds the pages that are made of the code, and turns links of the clone into links of the site."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)\s]+)\)")


def generated() -> dict[str, str]:
    """Return the pages that are made of the code, by file name."""
    for folder in (ROOT, ROOT / ".ci"):  # MkDocs puts the path back after it has read this file
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    from manual import commands, galleries, settings

    return {
        "index.md": start(),
        "commands.md": commands.page(),
        "bench-toml.md": settings.page(),
        "gallery-methods.md": galleries.methods_page(),
        "gallery-datasets.md": galleries.datasets_page(),
    }


def start() -> str:
    """Return README as the first page: what it links in docs/ is on the site, all else lies beside its folder."""

    def moved(match: re.Match[str]) -> str:
        target = match[1]
        return f"]({target.removeprefix('docs/')})" if target.startswith("docs/") else f"](../{target})"

    return _LINK.sub(moved, (ROOT / "README.md").read_text(encoding="utf8"))


def on_files(files: Any, config: Any) -> Any:
    """Add the generated pages."""
    from mkdocs.structure.files import File

    for name, text in generated().items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Lead links to README to the first page; code lies where it does in the clone, beside the folder of the site."""
    up = "../" * page.file.src_uri.count("/")
    return re.sub(r"\]\((?:\.\./)+README\.md(#[^)]*)?\)", lambda it: f"]({up}index.md{it[1] or ''})", markdown)
