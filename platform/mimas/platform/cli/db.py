"""`mimas db`: the private PostgreSQL by itself."""

from __future__ import annotations

import os

import click

from ..postgres import PrivatePostgres
from ..processes import Refused
from ..settings import load_settings


@click.group()
def db() -> None:
    """Start, stop or enter the private PostgreSQL."""


@db.command()
def start() -> None:
    """Start it without the rest of the platform; it stays until `mimas db stop`."""
    server = _server()
    server.start()
    server.ensure_database()
    click.echo(_line(server))


@db.command()
def stop() -> None:
    """Stop it; sessions end, everything is written."""
    click.echo("Stopped." if _server().stop() else "It does not run.")


@db.command()
@click.option("--show-password", is_flag=True, help="Print the URL for TCP with its password.")
@click.pass_context
def status(ctx: click.Context, show_password: bool) -> None:
    """Say whether it runs, and how to reach it; the exit code is 3 when it does not run."""
    server = _server()
    if server.status() is None:
        click.echo("It does not run. `mimas up` or `mimas db start` starts it.")
        ctx.exit(3)
    click.echo(_line(server))
    if show_password:
        click.echo(server.tcp_url())


@db.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(arguments: tuple[str, ...]) -> None:
    """Enter the database with psql; ARGUMENTS are psql's own.

    \b
    Examples:
      mimas db psql
      mimas db psql -c 'SELECT count(*) FROM entity'
    """
    settings = load_settings()
    server = PrivatePostgres(settings.data_dir)
    if settings.database_url is not None:
        os.execvp("psql", ["psql", settings.database_url.get_secret_value(), *arguments])  # noqa: S606, S607
    if server.status() is None:
        raise Refused("The private PostgreSQL does not run: start it with `mimas up` or `mimas db start`.")
    program = server.programs.command("psql")
    os.execve(program, [program, server.url, *arguments], server.programs.full_environment())  # noqa: S606


def _server() -> PrivatePostgres:
    settings = load_settings()
    if settings.database_url is not None:
        raise Refused("MIMAS_DATABASE_URL names another PostgreSQL: its administrator starts and stops it.")
    return PrivatePostgres(settings.data_dir, progress=lambda line: click.echo(line, err=True))


def _line(server: PrivatePostgres) -> str:
    status = server.status()
    assert status is not None
    return (
        f"PostgreSQL {server.programs.version} runs: process {status.pid}, 127.0.0.1 port {status.port}, "
        f"{'ready' if status.is_ready else 'not ready yet'}\n{server.url}"
    )
