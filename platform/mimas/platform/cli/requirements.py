"""`mimas requirements`: what MIMs Plus asks. Works in the base install."""

from __future__ import annotations

import click

from mimas.conformance.catalogue import Requirement, load_catalogue
from mimas.conformance.requirement_pages import crosswalk, requirement_text


@click.group()
def requirements() -> None:
    """Show the requirements of MIMs Plus that the checker knows."""


@requirements.command("list")
@click.option("--mim", "mims", multiple=True, help="Only of this MIM.")
@click.option("--profile", help="Only of the MIMs of this profile.")
@click.option(
    "--level", type=click.Choice(["MUST", "SHOULD", "MAY"], case_sensitive=False), help="Only of this level."
)
@click.option("--edition", help="Only those in this edition, with its numbers.")
def list_requirements(
    mims: tuple[str, ...], profile: str | None, level: str | None, edition: str | None
) -> None:
    """List the requirements, one a line."""
    catalogue = load_catalogue()
    if profile is not None and profile not in catalogue.profiles:
        raise click.ClickException(f"There is no profile {profile!r}: {', '.join(catalogue.profiles)}.")
    if edition is not None and edition not in catalogue.editions:
        raise click.ClickException(f"There is no edition {edition!r}: {', '.join(catalogue.editions)}.")
    found = catalogue.of_profile(profile) if profile else catalogue.requirements
    shown = [
        each
        for each in found
        if (not mims or each.mim in mims)
        and (level is None or each.level == level.upper())
        and (edition is None or edition in each.editions)
    ]
    for each in shown:
        click.echo(_line(each, edition))
    click.echo(f"{len(shown)} requirements, catalogue {catalogue.version}.", err=True)


@requirements.command()
@click.argument("requirement_id")
def show(requirement_id: str) -> None:
    """Show one requirement: what is asked, how it is tested, what is caught, which checks there are."""
    try:
        requirement = load_catalogue().get(requirement_id)
    except KeyError:
        raise click.ClickException(
            f"There is no requirement {requirement_id!r}; see `mimas requirements list`."
        ) from None
    click.echo(requirement_text(requirement))


@requirements.command("crosswalk")
def show_crosswalk() -> None:
    """Show the numbers of each requirement in the editions, and where they contradict each other."""
    click.echo(crosswalk(load_catalogue()))


def _line(requirement: Requirement, edition: str | None) -> str:
    number = f"{requirement.editions[edition]:12} " if edition else ""
    automatic = " " if requirement.automatic else "*"
    return f"{requirement.id:20} {number}{requirement.level:7}{automatic} {requirement.title}"
