"""`mimas target`: a first description of a product to be checked. Works in the base install."""

from __future__ import annotations

from pathlib import Path

import click

from mimas.conformance.discovery import discover, first_draft
from mimas.conformance.target import TargetError, load_target

from .check_display import plain


@click.group()
def target() -> None:
    """Describe a product that `mimas check` is to check."""


@target.command()
@click.argument("url")
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("target.yaml"),
    show_default=True,
    help="Where to write it; - for the terminal.",
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def init(url: str, output: Path, force: bool) -> None:
    """Find out what URL offers and write it down as a first target.yaml."""
    if str(output) != "-" and output.exists() and not force:
        raise click.ClickException(f"{output} is there already; --force writes over it.")
    try:
        draft = first_draft(discover(url))
    except TargetError as error:
        raise click.ClickException(plain(str(error))) from error
    if str(output) == "-":
        click.echo(draft, nl=False)
        return
    output.write_text(draft)
    click.echo(f"{output} is written. Complete it, then: mimas check {output}")


@target.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def show(path: Path) -> None:
    """Say how a target.yaml is understood, or everything that is wrong with it."""
    try:
        found = load_target(path)
    except TargetError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{found.name} {found.version or ''}".rstrip())
    for each in found.interfaces.values():
        click.echo(f"  {each.mechanism:16} {each.url}")
    click.echo(f"  writes: {found.writes}{f' in tenant {found.tenant}' if found.tenant else ''}")
    click.echo(f"  {len(found.samples)} samples, {len(found.documents)} documents")
    click.echo(f"  {len(found.attestations)} attestations")
