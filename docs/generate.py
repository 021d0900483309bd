"""Writes the pages of docs/ that are made from the code (`make docs`); `pages` gives them without writing."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from mimas.conformance.documentation import conformance_pages
from mimas.platform.cli import main

DOCS = Path(__file__).resolve().parent
REFERENCE = DOCS / "reference"

_CLI = """\
# Command line

*Written by `make docs` from the commands themselves; `mimas --help` and `mimas COMMAND --help` say the same.*

Settings come from the environment and from the file of `mimas --config FILE` ([settings](settings.md));
options of a command go over both. Results go to standard output, everything else to standard error. Exit
codes: 0 done, 1 refused or failed (one line says why), 2 wrong usage or wrong settings, 3 what was asked
about does not run. `mimas check` has codes of its own: 0 conformant, 1 not, 2 could not judge, 3 usage.

Installed without the platform (`pip install mimas`) the commands of the checker and `version` work; the
others say `pip install "mimas[platform]"`.
"""


def pages() -> dict[Path, str]:
    """The text of every generated page."""
    sys.path.insert(0, str(DOCS.parent))  # faults import what tests share
    broken = DOCS.parent / "tests/conformance/broken"
    checker = {DOCS / name: text for name, text in conformance_pages(broken).items()}
    return {REFERENCE / "cli.md": "\n".join([_CLI, *_sections()]).rstrip() + "\n", **checker}


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command of this installation by its full name, groups before their members."""
    context = click.Context(main, info_name="mimas")
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        yield from _with_members(f"mimas {name}", command)


def _with_members(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for member in command.commands.values():
            yield from _with_members(f"{name} {member.name}", member)


def _sections() -> Iterator[str]:
    yield _synopsis(click.Context(main, info_name="mimas"), main)
    for name, command in commands():
        depth = "##" if name.count(" ") == 1 else "###"
        yield f"{depth} {name}\n"
        yield from _body(name, command)


def _body(name: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=name)
    yield from _prose(command.help)
    yield _synopsis(context, command)
    rows = [row for parameter in command.get_params(context) if (row := parameter.get_help_record(context))]
    if rows := [(option, text) for option, text in rows if text and not option.startswith("--help")]:
        yield "| Option | Meaning |\n|---|---|"
        yield "\n".join(f"| `{_cell(option)}` | {_cell(text)} |" for option, text in rows) + "\n"
    yield from _prose(command.epilog)


def _synopsis(context: click.Context, command: click.Command) -> str:
    return f"```\n{context.command_path} {' '.join(command.collect_usage_pieces(context))}\n```\n"


def _prose(text: str | None) -> Iterator[str]:
    """Paragraphs; those that click must not wrap (marked with \\b) are examples or tables."""
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(text or "").replace("\f", "")):
        lines = paragraph.strip("\n").splitlines()
        if lines and lines[0].strip() == "\b":
            yield from _verbatim(lines[1:])
        elif lines:
            yield " ".join(line.strip() for line in lines) + "\n"


def _verbatim(lines: list[str]) -> Iterator[str]:
    if lines and lines[0].rstrip().endswith(":"):
        yield f"{lines[0].strip()}\n"
        lines = lines[1:]
    yield "\n".join(["```", *(line.removeprefix("  ") for line in lines), "```", ""])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text)
        print(path.relative_to(DOCS.parent))  # noqa: T201
