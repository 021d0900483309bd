"""`mimas models`: what the model check knows, and the full published set."""

from __future__ import annotations

import os
from pathlib import Path

import click

from mimas.ngsi_ld.models.catalogue import AttributeModel, EntityModel, find_model, model_names
from mimas.ngsi_ld.models.pins import pins


def default_directory() -> Path:
    """Where pulled models lie: under the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "mimas" / "models"


@click.group()
def models() -> None:
    """Show the Smart Data Models that the model check knows, or fetch the full set."""


@models.command("list")
def list_models() -> None:
    """List the described models, and those that `pull` has brought."""
    for name in model_names():
        model = find_model(name)
        assert model is not None
        click.echo(f"{name:26} {model.subject:24} {model.version:6} {model.about}")
    pulled = _pulled_types(default_directory())
    click.echo(f"\n{len(model_names())} models are described in the product.")
    click.echo(
        f"{pulled} published schemas lie in {default_directory()}."
        if pulled
        else "`mimas models pull` fetches the full published schemas of 16 subjects."
    )


@models.command()
@click.argument("name")
def show(name: str) -> None:
    """Show the attributes of one model: kind, type, unit, limits."""
    model = find_model(name)
    if model is None:
        raise click.ClickException(f"no model is called {name}; see `mimas models list`")
    for line in _describe(model):
        click.echo(line)


@models.command()
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to put the files; your cache directory when left out.",
)
def pull(directory: Path | None) -> None:
    """Fetch the pinned set of published schemas, each checked against its checksum."""
    from mimas.ngsi_ld.models.pull import PullError
    from mimas.ngsi_ld.models.pull import pull as pull_set

    from ..outbound_fetch import fetch_bytes

    target = directory or default_directory()
    fetched = 0
    try:
        with click.progressbar(
            pull_set(target, fetch_bytes), length=len(pins()), label="Smart Data Models"
        ) as progress:
            for each in progress:
                fetched += each.fetched
    except PullError as error:
        raise click.ClickException(
            f"{error}\n{fetched} files were fetched before; run the command again to go on from there."
        ) from error
    click.echo(f"{len(pins())} files are complete in {target} ({fetched} fetched, the rest was there).")


def _pulled_types(directory: Path) -> int:
    return sum((directory / pin.local_path).is_file() for pin in pins() if pin.path.endswith("/schema.json"))


def _describe(model: EntityModel) -> list[str]:
    source = model.source
    head = [
        f"{model.name} {model.version} ({model.subject})",
        f"{model.about}.",
        f"Described from {source.repository} at {source.commit[:10]} of {source.date}, CC BY 4.0.",
        f"Required: {', '.join(model.required) or 'nothing but id and type'}.",
        "",
    ]
    return head + [_describe_attribute(each) for each in model.attributes.values()]


def _describe_attribute(attribute: AttributeModel) -> str:
    types = " or ".join(attribute.types)
    text = f"{attribute.name:30} {attribute.kind:13} {'list of ' if attribute.is_list else ''}{types}"
    if attribute.unit:
        text += f", in {attribute.unit}"
    if attribute.minimum is not None or attribute.maximum is not None:
        low = "" if attribute.minimum is None else attribute.minimum
        high = "" if attribute.maximum is None else attribute.maximum
        text += f", {low}..{high}"
    if attribute.enum:
        text += ": " + ", ".join(str(each) for each in attribute.enum)
    return text
