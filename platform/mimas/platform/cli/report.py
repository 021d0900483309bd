"""`mimas report`: signs, verifies, compares and converts reports. Works in the base install."""

from __future__ import annotations

from pathlib import Path

import click

from mimas.conformance.reports import FORMATS, ReportError, read_report, write_report
from mimas.conformance.reports.difference import caveats, changes
from mimas.conformance.reports.signing import (
    SUFFIX,
    SignatureError,
    SigningUnavailable,
    new_key,
    public_pem,
    sign,
    verify,
)

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def report() -> None:
    """Compare, convert, sign or verify the reports of checks."""


@report.command()
@click.argument("before", type=_FILE)
@click.argument("after", type=_FILE)
def diff(before: Path, after: Path) -> None:
    """Show what changed between two JSON reports. Ends with 1 when something got worse."""
    try:
        first, second = read_report(before), read_report(after)
    except ReportError as error:
        raise click.ClickException(str(error)) from error
    for caveat in caveats(first, second):
        click.echo(f"note: {caveat}", err=True)
    found = changes(first, second)
    for each in found:
        sign_ = "-" if each.worse else "+"
        colour = "red" if each.worse else "green"
        line = f"{sign_} {each.kind:11} {each.id:50} {each.before or 'absent'} -> {each.after or 'absent'}"
        click.echo(click.style(line, fg=colour))
    if not found:
        click.echo("No verdict changed.")
    raise SystemExit(1 if any(each.worse for each in found) else 0)


@report.command("verify")
@click.argument("path", type=_FILE)
@click.option("--signature", type=_FILE, help="The signature; PATH with .jws added when left out.")
@click.option("--key", type=_FILE, help="The public key (PEM) of whom you expect to have signed.")
def verify_report(path: Path, signature: Path | None, key: Path | None) -> None:
    """Check that a JSON report is unchanged since it was signed, and by whom. Ends with 1 if not."""
    place = signature or path.with_name(path.name + SUFFIX)
    if not place.is_file():
        raise click.ClickException(f"{place} is not there: the report is not signed.")
    try:
        content = read_report(path)
        signer = verify(content, place.read_text(), key=key)
    except (ReportError, SignatureError, SigningUnavailable, UnicodeDecodeError) as error:
        raise click.ClickException(str(error)) from error
    catalogue = content["catalogue"]
    click.echo(f"The report is unchanged since the key {signer} signed it.")
    click.echo(f"{content['target']['name']}: {content['verdict']}, checked {content['started']}")
    click.echo(f"MIMs Plus {catalogue['edition']}, catalogue {catalogue['version']} {catalogue['sha256']}")
    if key is None:
        click.echo("Whose key that is nobody has said: give it as --key.", err=True)


@report.command("sign")
@click.argument("path", type=_FILE)
@click.option("--key", type=_FILE, required=True, help="An Ed25519 key (PEM) of `mimas report key`.")
def sign_report(path: Path, key: Path) -> None:
    """Sign a JSON report; the signature is written beside it as .jws."""
    try:
        signature = sign(read_report(path), key)
    except (ReportError, SigningUnavailable) as error:
        raise click.ClickException(str(error)) from error
    place = path.with_name(path.name + SUFFIX)
    place.write_text(signature + "\n")
    click.echo(f"{place} is written.")


@report.command("key")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
def make_key(path: Path) -> None:
    """Make a key to sign with; the public one is written beside it as .pub."""
    try:
        print_ = new_key(path)
        path.with_name(path.name + ".pub").write_text(public_pem(path))
    except (SigningUnavailable, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{path} is written; keep it. Give {path}.pub to whom you send reports. Thumbprint {print_}")


@report.command()
@click.argument("path", type=_FILE)
@click.argument("outputs", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
def convert(path: Path, outputs: tuple[Path, ...]) -> None:
    """Write a JSON report in other formats, which the suffixes of OUTPUTS name."""
    try:
        content = read_report(path)
        for each in outputs:
            write_report(content, each)
    except ReportError as error:
        raise click.ClickException(str(error)) from error


@report.command()
def formats() -> None:
    """List the formats and their suffixes."""
    for suffix, (about, _) in FORMATS.items():
        click.echo(f"{suffix:14} {about}")
