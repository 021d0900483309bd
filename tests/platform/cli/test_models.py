from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from mimas.platform.cli.models import models


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return CliRunner()


def test_list_names_every_described_model(run: CliRunner) -> None:
    """What the check knows, and how to know more."""
    output = run.invoke(models, ["list"]).output

    assert "ACMeasurement" in output
    assert "mimas models pull" in output


def test_show_tells_types_units_and_source(run: CliRunner) -> None:
    """All that the check holds against a document."""
    output = run.invoke(models, ["show", "WeatherObserved"]).output

    assert "Required: dateObserved, location" in output
    assert "temperature" in output
    assert "in CEL" in output
    assert "CC BY 4.0" in output


def test_show_of_an_unknown_model_says_where_to_look(run: CliRunner) -> None:
    """A mistake is answered with the way on."""
    result = run.invoke(models, ["show", "Unicorn"])

    assert result.exit_code == 1
    assert "mimas models list" in result.output


def test_pull_without_a_network_fails_clearly(run: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be had, and that a further run goes on from there."""

    def refuse(url: str) -> bytes:
        raise OSError("no route to host")

    monkeypatch.setattr("mimas.platform.outbound_fetch.fetch_bytes", refuse)
    result = run.invoke(models, ["pull"])

    assert result.exit_code == 1
    assert "cannot be had" in result.output
    assert "run the command again" in result.output
