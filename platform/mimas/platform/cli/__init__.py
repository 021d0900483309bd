"""The command `mimas`. A sub-command is imported when it is used: help must not wait for the platform.

To add one: write `cli/<module>.py` with a click command of the same name and register it in `COMMANDS`.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from typing import Any, NamedTuple

import click

from ..processes import Refused


class Entry(NamedTuple):
    """Where a command is and what the list of commands says about it."""

    module: str
    summary: str


COMMANDS: dict[str, Entry] = {
    "up": Entry("up", "Start the whole platform and keep it running."),
    "serve": Entry("serve", "Run the API alone, on a database that is there."),
    "status": Entry("status", "Say what runs, and where."),
    "migrate": Entry("migrate", "Bring the database to the newest schema."),
    "db": Entry("db", "Start, stop or enter the private PostgreSQL."),
    "tenant": Entry("tenant", "List or purge tenants."),
    "token": Entry("token", "Create, list or revoke access tokens."),
    "adapters": Entry("adapters", "Test and list sources and their mappings."),
    "quarantine": Entry("quarantine", "See and replay messages that could not be taken."),
    "models": Entry("models", "Show Smart Data Models, or fetch the full set."),
    "index": Entry("index", "List and make the indexes that queries want."),
    "notifications": Entry("notifications", "See and replay notifications that were given up."),
    "subscriptions": Entry("subscriptions", "Explain why a change does or does not notify."),
    "check": Entry("check", "Check a platform against MIMs Plus."),
    "target": Entry("target", "Describe a product that is to be checked."),
    "report": Entry("report", "Compare, convert, sign or verify the reports of checks."),
    "requirements": Entry("requirements", "List the requirements of MIMs Plus."),
    "version": Entry("version", "Print the version."),
}

EPILOG = """\b
Examples:
  mimas up                          everything, on http://127.0.0.1:8080
  mimas up --demo                   the same, with meters that send readings
  mimas token create gateway --role write
  mimas check https://broker.example.org

Settings come from environment variables MIMAS_* and from the file of --config.
"""


class CommandList(click.Group):
    """Knows the commands without importing them, and tells failures in one clear line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands of this installation, as `COMMANDS` orders them."""
        return [name for name, entry in COMMANDS.items() if _is_there(entry.module)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None or not _is_there(entry.module):
            return None
        try:
            module = importlib.import_module(f".{entry.module}", __name__)
        except ModuleNotFoundError as error:
            raise _without_extra(error) from error
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their summaries."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].summary) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what it refuses is an error message, not a traceback."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            raise _without_extra(error) from error
        except Refused as error:
            raise _failure(error) from error


@click.command(cls=CommandList, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(dir_okay=False),
    help="A TOML file with settings; the environment goes over it.",
)
@click.version_option(package_name="mimas", message="mimas %(version)s")
def main(config: str | None) -> None:
    """Mimas, a local data platform for cities on NGSI-LD, and a checker of MIMs Plus."""
    if config:
        os.environ["MIMAS_CONFIG"] = os.path.abspath(config)  # noqa: PTH100 - the parts inherit it


def _is_there(module: str) -> bool:
    return importlib.util.find_spec(f"{__name__}.{module}") is not None


def _failure(error: Refused) -> click.ClickException:
    failure = click.ClickException(str(error))
    failure.exit_code = error.exit_code  # type: ignore[misc]
    return failure


def _without_extra(error: ModuleNotFoundError) -> BaseException:
    """A package that only the platform needs is missing; modules of our own are never missing by design."""
    if (error.name or "").partition(".")[0] == "mimas":
        return error
    return click.ClickException(
        f"This command needs {error.name!r}, which the checker alone does not bring. "
        'Install the platform: pip install "mimas[platform]"'
    )
