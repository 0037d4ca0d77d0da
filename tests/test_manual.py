"""The manual tells everything: each command and setting, each method and dataset, and no link of it leads nowhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from bench import registry
from bench.plan.config import Paths, ReportSection, RunSection, load_config
from bench.plan.sections import DatasetSection
from bench.protocol import Protocol
from bench.registry import METHODS, STAGES, shipped_datasets

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / ".ci"))

from manual import commands, hooks, settings  # noqa: E402  # found by the line before
from manual.galleries import FORMULAS  # noqa: E402

WRITTEN = [path for path in sorted((ROOT / "docs").rglob("*.md")) if path.name != "README.md"]
FENCED = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


@cache
def pages() -> dict[str, str]:
    """Return every page of the site by file name: those of docs/, and those that are made of the code."""
    docs = ROOT / "docs"
    written = {path.relative_to(docs).as_posix(): path.read_text(encoding="utf8") for path in docs.rglob("*.md")}
    return written | hooks.generated()


def anchors(text: str) -> set[str]:
    """Return the ids that the site gives to a page's headings."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.MULTILINE)
    words = (re.sub(r"[^\w\s-]", "", re.sub(r"\[(.*?)\]\(.*?\)", r"\1", it)).strip().lower() for it in headings)
    return {re.sub(r"[\s-]+", "-", it) for it in words}


def test_every_command_is_told_with_every_option() -> None:
    page = commands.page()
    names = commands.names()
    assert {"imbench run", "imbench data show", "imbench fit", "imbench new method"} <= set(names)
    for name in names:
        (section,) = re.findall(rf"^#+ `{re.escape(name)}`\n(.*?)(?=^#|\Z)", page, re.MULTILINE | re.DOTALL)
        assert len(section.split()) > 4, f"{name} says nothing"
    assert page.count("`--json`") >= 4 and "`--all-data`" in page and "One of methods, datasets" in page


def test_every_setting_of_bench_toml_is_told() -> None:
    page, told = settings.page(), settings.fields()
    for section, model in {
        "run": RunSection,
        "paths": Paths,
        "report": ReportSection,
        "datasets.mine": DatasetSection,
    }.items():
        assert set(told[section]) == set(model.model_fields), section
    registry.load()
    for name, field in Protocol.model_fields.items():
        assert f"| `{name}` | {field.description}" in page.replace("\\|", "|")
    for entry in STAGES:
        keys = entry.cls.Settings.model_fields
        assert not keys or (f"### {entry.name}\n" in page and all(f"| `{key}` |" in page for key in keys)), entry.name
    untold = [key for rows in settings.fields().values() for key in rows if not key]
    assert untold == [] and "| `plugins` | `[]` | Your own methods" in page


def test_every_method_and_dataset_is_in_its_gallery() -> None:
    registry.load()
    methods, datasets = pages()["gallery-methods.md"], pages()["gallery-datasets.md"]
    names = {entry.name for entry in METHODS if entry.cls.__module__.startswith("bench.methods.")}
    assert set(FORMULAS) == names, "each has a formula, and no formula is of none"
    for name in names:
        (section,) = re.findall(rf"^## {re.escape(name)}\n(.*?)(?=^## |\Z)", methods, re.MULTILINE | re.DOTALL)
        assert "<svg" in section and "**Cost**: " in section and f"`{FORMULAS[name]}`" in section, name
    for entry in shipped_datasets():
        assert f"## {entry.name}\n" in datasets
    assert datasets.count("<svg") == len(shipped_datasets())
    assert "data:image/png" in datasets.split("## digits\n")[1].split("## ")[0]
    assert "data:image/png" not in datasets.split("## horse2zebra\n")[1].split("## ")[0], "they may not be passed on"


@pytest.mark.parametrize(
    "name", sorted([path.relative_to(ROOT / "docs").as_posix() for path in WRITTEN] + ["index.md"])
)
def test_no_link_of_a_page_leads_nowhere(name: str) -> None:
    folder = Path(name).parent
    for target, anchor in re.findall(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)", pages()[name]):
        path = name if not target else re.sub(r"^\./", "", (folder / target).as_posix())
        if path in pages():
            assert not anchor or anchor in anchors(pages()[path]), f"{name}: {target}#{anchor}"
        else:  # a file of the clone, beside the site's folder
            assert (ROOT / "docs" / folder / target).exists(), f"{name}: {target}"


@pytest.mark.parametrize("page", ["own-images.md", "data.md", "index.md"])
def test_settings_that_a_page_shows_are_settings(page: str, tmp_path: Path) -> None:
    blocks = [code for kind, code in FENCED.findall(pages()[page]) if kind == "toml"]
    assert blocks or page == "data.md"
    for block in blocks:
        (tmp_path / "bench.toml").write_text(block, encoding="utf8")
        found = load_config(tmp_path / "bench.toml")
        assert "[datasets.mine]" not in block or found.datasets["mine"].root is not None


def test_every_page_is_in_the_navigation() -> None:
    told = (ROOT / "mkdocs.yml").read_text(encoding="utf8")
    named = [name for name in pages() if not name.startswith("decisions/0")]
    assert [name for name in named if f": {name}\n" not in told] == []


def test_commands_that_a_page_shows_exist() -> None:
    for name, text in pages().items():
        for typed in re.findall(r"^(?:    )?imbench ((?:data|new) \w+|\w+)", text, re.MULTILINE):
            known = commands.names()
            assert f"imbench {typed}" in known or any(it.startswith(f"imbench {typed} ") for it in known), (name, typed)


@pytest.mark.slow
def test_the_site_is_built_and_asks_no_server(tmp_path: Path) -> None:
    pytest.importorskip("material", reason="needs mkdocs-material: `make docs` installs it")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for page in tmp_path.rglob("*.html"):
        text = page.read_text(encoding="utf8")
        fetched = re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="(https?:[^"]+)"', text)
        assert fetched == [], f"{page.name} fetches {fetched}"
    assert "CBL" in (tmp_path / "search" / "search_index.js").read_text(encoding="utf8")
    shutil.rmtree(tmp_path)
