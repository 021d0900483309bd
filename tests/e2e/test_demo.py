"""`mimas up --demo` as a newcomer runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from mimas.platform.processes import wait_until


def test_the_demonstration_plays_beside_own_sources(start: Any, sources: Path) -> None:
    """Buildings appear in the API, and the sources of the setting run too."""
    platform = start("--demo", MIMAS_ADAPTERS=str(sources))
    url = f"{platform.url}/ngsi-ld/v1/entities?type=Building"
    appeared = wait_until(lambda: len(httpx.get(url).json()) >= 3, 200)

    assert appeared, platform.log()
    assert "source meters: connected" in platform.log()


TOWN = {
    "Building": "town-pool",  # from the GeoPackage
    "ACMeasurement": "town-museum",  # from the workbook
    "OffStreetParking": "P1",
    "BikeHireDockingStation": "town-bikes:1",
    "EVChargingStation": "ZZ%2ASIM%2ALOC1",
    "WeatherObserved": "town-weather",
    "ThreePhaseAcMeasurement": "town-pool",  # over Modbus
    "Device": "sim-school-electricity",  # by LoRaWAN
}


def test_the_town_runs_from_every_kind_of_source(start: Any) -> None:
    """Each kind of source brings its entities; each says that it is simulated, and the map shows them."""
    platform = start("--demo", "town")
    root = f"{platform.url}/ngsi-ld/v1"
    ids = [f"urn:ngsi-ld:{kind}:{name}" for kind, name in TOWN.items()]
    url = f"{root}/entities/"

    def missing() -> list[str]:
        return [each for each in ids if httpx.get(url + each.replace("%", "%25")).status_code != 200]

    assert wait_until(lambda: not missing(), 200), f"{missing()}\n{platform.log()}"
    entities = [
        entity
        for kind in httpx.get(f"{root}/types").json()["typeList"]
        for entity in httpx.get(f"{root}/entities", params={"type": kind, "limit": 200}).json()
    ]
    silent = [
        each["id"]
        for each in entities
        if "imulated" not in str(each.get("dataProvider", each.get("publisher")))
    ]
    page = httpx.get(f"{platform.url}/", headers={"Accept": "text/html"}).text

    assert silent == []
    pages = [httpx.get(f"{platform.url}/{name}").text for name in ("about", "things", "quarantine")]
    assert all("Simulated data." in each for each in (page, *pages))
    assert all(
        name in page for name in ("Simulated swimming pool", "Simulated car park", "Simulated bikes, market")
    )
