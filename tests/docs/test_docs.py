"""The documentation against the code: generated pages, links, commands, settings, mappings and metrics."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest
from prometheus_client import REGISTRY

import mimas.platform.ingest_metrics
import mimas.platform.metrics
from mimas.adapters.mapping import shipped_mappings
from mimas.platform.cli import main
from mimas.platform.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / "deploy").rglob("*.md")])
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
RAN = re.compile(r"^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?(mimas(?: .*)?)$", re.MULTILINE)
WAITING = {"mimas_outbox", "mimas_quarantine"}  # asked of the database when Prometheus asks


def name(path: Path) -> str:
    """A page as it is called in a report."""
    return str(path.relative_to(ROOT))


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    """docs/generate.py as a module."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_current(generate: ModuleType) -> None:
    """`make docs` would change nothing."""
    stale = [name(path) for path, text in generate.pages().items() if path.read_text() != text]

    assert stale == [], "run `make docs`"


def anchors(path: Path) -> set[str]:
    """The places within a page that a link may name, as GitHub makes them."""
    text = FENCE.sub("", path.read_text())
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_resolve(page: Path) -> None:
    """Every link to a file of the repository names one that is there, and a heading that is in it."""
    broken = []
    for link in LINK.findall(FENCE.sub("", page.read_text())):
        file, _, anchor = link.partition("#")
        if "://" in link or link.startswith("mailto:"):
            continue
        target = page if not file else (page.parent / file).resolve()
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)

    assert broken == []


def test_every_page_is_found_from_another() -> None:
    """A page that nothing links to is read by nobody."""
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in PAGES
        for link in LINK.findall(page.read_text())
    }
    pages = [page for page in PAGES if page.parent != ROOT and page.name != "README.md"]

    assert [name(page) for page in pages if page not in linked] == []


def commands_shown() -> Iterator[tuple[str, str]]:
    """Every `mimas ...` line in a block of code, with its page."""
    for page in PAGES:
        for block in FENCE.findall(page.read_text().replace("\r", "")):
            for line in RAN.findall(block):
                yield name(page), line


def resolve(line: str) -> str | None:
    """What is wrong with a command line: no such command, or no such option."""
    words = [word for word in shlex.split(line, comments=True)[1:] if word not in ("[OPTIONS]", "[ARGS]...")]
    command: click.Command = main
    context = click.Context(main, info_name="mimas")
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        word = words.pop(0)
        if word.isupper():
            return None
        found = command.get_command(context, word)
        if found is None:
            return f"there is no command {word!r}"
        command = found
    if command.ignore_unknown_options:
        return None
    known = {"--help"}.union(*(each.opts + each.secondary_opts for each in command.params))
    options = [word.partition("=")[0] for word in words if word.startswith("--")]
    unknown = [option for option in options if option not in known]
    return f"no such options: {unknown}" if unknown else None


def test_commands_in_the_docs_are_real() -> None:
    """Every command and option in a block of code exists."""
    shown = list(commands_shown())
    wrong = [(page, line, problem) for page, line in shown if (problem := resolve(line)) is not None]

    assert len(shown) > 20
    assert wrong == []


def test_every_command_is_in_the_reference(generate: ModuleType) -> None:
    """With a heading of its own."""
    text = (ROOT / "docs/reference/cli.md").read_text()
    headings = set(re.findall(r"^#{2,4} (mimas .+)$", text, re.MULTILINE))

    assert {command for command, _ in generate.commands()} == headings


def test_every_setting_is_in_the_reference() -> None:
    """In a line of its own."""
    text = (ROOT / "docs/reference/settings.md").read_text()

    assert [each for each in Settings.model_fields if f"\n| `MIMAS_{each.upper()}` |" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_settings_that_the_docs_name_exist(page: Path) -> None:
    """MIMAS_CONFIG names the file of settings; tests, bench and checker have variables of their own."""
    named = set(re.findall(r"\bMIMAS_[A-Z][A-Z_]*[A-Z]\b", page.read_text()))
    others = ("MIMAS_TEST_", "MIMAS_BENCH_", "MIMAS_CHECK_")
    ours = {each.removeprefix("MIMAS_").lower() for each in named if not each.startswith(others)}

    assert ours - {"config"} <= set(Settings.model_fields)


def test_every_shipped_mapping_is_in_the_docs() -> None:
    """Where a person who connects a meter looks."""
    text = (ROOT / "docs/how-to/add-a-source.md").read_text()

    assert [each for each in shipped_mappings() if f"`{each}`" not in text] == []


def test_metrics_in_the_docs_exist_and_all_are_there() -> None:
    """The table for those who watch the platform is complete."""
    modules = (mimas.platform.metrics, mimas.platform.ingest_metrics)
    families = [family for family in REGISTRY.collect() if family.name.startswith("mimas_")]
    exported = {f"{each.name}_total" if each.type == "counter" else each.name for each in families}
    text = (ROOT / "docs/how-to/run-in-production.md").read_text()
    named = set(re.findall(r"`(mimas_\w+)`", text))

    assert all(modules)
    assert named == exported | WAITING
