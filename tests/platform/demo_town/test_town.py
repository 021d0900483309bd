"""The servers and files of the made-up town."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from mimas.adapters.mapping import load_mapping
from mimas.platform.demo_town import ground, web
from mimas.platform.demo_town.preparation import prepare, read_ports

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize("path", sorted(web.PAGES))
def test_page_is_the_same_until_something_changes(path: str) -> None:
    """Every page has an ETag, and is not sent again to who has it."""
    with web.serve(0) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        first = client.get(path)
        again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
        changed = client.get(path, headers={"If-None-Match": '"other"'})

    assert (first.status_code, again.status_code, changed.status_code) == (200, 304, 200)


def test_sources_have_the_ports_of_the_run(tmp_path: Path) -> None:
    """What is prepared is right and enabled; a second time the ports are the same."""
    folder = prepare(tmp_path)
    ports = read_ports(tmp_path)
    files = [load_mapping(path) for path in sorted(folder.glob("*.yaml"))]
    prepare(tmp_path)

    assert len(files) == 7
    assert all(each.declaration.get("enabled", True) for each in files)
    assert f":{ports.web}/" in (folder / "town-parking.yaml").read_text()
    assert read_ports(tmp_path) == ports


def test_ports_that_are_taken_are_left(tmp_path: Path) -> None:
    """Another program on a port of the last run does not stop the town."""
    prepare(tmp_path)
    ports = read_ports(tmp_path)
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports.web))
        other.listen()
        prepare(tmp_path)

    assert read_ports(tmp_path).web != ports.web


def test_counters_only_rise() -> None:
    """The meters of the town are meters: day and night their counters go up."""
    for site in ground.MODBUS_METERS:
        states = [ground.energy(site, NOON + timedelta(minutes=minute)) for minute in range(0, 3000, 7)]
        assert states == sorted(states)
