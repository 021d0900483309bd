"""OCPI 2.2 and 2.2.1, module Locations: an operator's charging points, summed up as places where one charges.

GET {locations}?offset=&limit=&date_from=, pages by the Link header, totals in X-Total-Count, the token as
`Authorization: Token` with its base64 (OCPI 2.2.1-d2, "Transport and format", "Locations module").
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, ClassVar

from ..feeds.feed import Feed, read_json
from ..feeds.paging import Request, follow_header, read_pages
from ..feeds.shapes import record_or_refusal
from ..harvest import Download, Harvest, Record
from ..messages import MessageRejected
from ..source import SourceError

LIMIT = 100
SINCE = "last_updated"
# ConnectorType in the words of the model EVChargingStation; what it has no word for is Other.
SOCKETS = {
    "CHADEMO": "CHAdeMO",
    "IEC_62196_T1": "J-1772",
    "IEC_62196_T1_COMBO": "CCS/SAE",
    "IEC_62196_T2": "Type2",
    "IEC_62196_T2_COMBO": "CCS/SAE",
    "IEC_62196_T3A": "Type3",
    "IEC_62196_T3C": "Type3",
    "TESLA_R": "Tesla",
    "TESLA_S": "Tesla",
    "DOMESTIC_E": "Wall_Euro",
    "DOMESTIC_F": "Wall_Euro",
}
# Status of an EVSE that is there: planned and removed ones do not count.
_ABSENT = frozenset({"REMOVED", "PLANNED"})
_BROKEN = frozenset({"OUTOFORDER", "INOPERATIVE", "BLOCKED"})


class OcpiLocations(Feed):
    """The locations of one charging point operator."""

    token_form: ClassVar[Mapping[str, str]] = {"scheme": "Token", "encoding": "base64"}

    async def records(self, run: Harvest) -> AsyncIterator[Record | MessageRejected]:
        """Every location; after the first run those that were updated since."""
        newest = run.watermark(SINCE)
        params = {"offset": "0", "limit": str(self.options.get("limit", LIMIT))}
        if newest is not None:
            params["date_from"] = newest
            run.partial()
        pages = read_pages(self, run, Request(self.url, params), follow_header, read=self._read, count=len)
        async for page in pages:
            total = page.download.headers.get("x-total-count", "")
            if page.number == 0 and total.isdigit():
                run.expect(int(total))
            for index, location in enumerate(page.content):
                record = read_location(location, f"page {page.number + 1}, location {index + 1}")
                if isinstance(record, Record):
                    newest = max(newest or "", str(location.get("last_updated") or "")) or None
                    if record.key and is_gone(location):
                        run.gone(record.key)
                        continue
                yield record
        if newest is not None:
            run.advance(SINCE, newest)

    async def _read(self, download: Download) -> list[Any]:
        """The data of OCPI's envelope; SourceError when the server says that something is wrong."""
        content = read_json(download)
        if not isinstance(content, dict) or not isinstance(content.get("status_code"), int):
            raise SourceError(
                f"{self.name}: {download.url} is no OCPI answer; url is that of the locations endpoint"
            )
        if not 1000 <= content["status_code"] < 2000:
            told = str(content.get("status_message") or "")[:200]
            raise SourceError(f"{self.name}: the server answers status {content['status_code']}: {told}")
        data = content.get("data")
        if not isinstance(data, list):
            raise SourceError(f"{self.name}: {download.url} has no list of locations")
        return data


def read_location(location: Any, place: str) -> Record | MessageRejected:
    """The record of a location, with its summary; a refusal when it is none."""
    return record_or_refusal(lambda: _record(location, place), place)


def _record(location: Any, place: str) -> Record | MessageRejected:
    name = location.get("id") if isinstance(location, dict) else None
    if not isinstance(name, str) or not name:
        return MessageRejected("payload", place, "the location has no id")
    country, party = location.get("country_code", ""), location.get("party_id", "")
    key = "*".join(each for each in (country, party, name) if each)
    return Record(place, {**location, "key": key, "summary": summarise(location)}, key)


def is_gone(location: Mapping[str, Any]) -> bool:
    """Whether every EVSE was removed: how OCPI says that a location is no more."""
    evses = _objects(location.get("evses"))
    return bool(evses) and all(each.get("status") == "REMOVED" for each in evses)


def summarise(location: Mapping[str, Any]) -> dict[str, Any]:
    """What all EVSEs of a location come to: how many, how many free, sockets, power, state."""
    evses = [each for each in _objects(location.get("evses")) if each.get("status") not in _ABSENT]
    connectors = [each for evse in evses for each in _objects(evse.get("connectors"))]
    broken = sum(each.get("status") in _BROKEN for each in evses)
    free = sum(each.get("status") == "AVAILABLE" for each in evses)
    return {
        "capacity": len(evses),
        "sockets": len(connectors),
        "available": free,
        "status": _state(len(evses), free, broken),
        "socketTypes": sorted({SOCKETS.get(str(each.get("standard")), "Other") for each in connectors}),
        "amperage": _largest(connectors, "max_amperage", "amperage"),
        "voltage": _largest(connectors, "max_voltage", "voltage"),
        "power": _largest(connectors, "max_electric_power"),
    }


def _state(capacity: int, free: int, broken: int) -> str:
    """In the words of EVChargingStation, where `full` means that no place is free."""
    if broken == capacity:
        return "outOfService"
    if free == 0:
        return "full"
    if broken:
        return "withIncidence"
    return "empty" if free == capacity else "working"


def _largest(connectors: Iterable[Mapping[str, Any]], *names: str) -> float | int | None:
    """The largest value of a member that 2.1 and 2.2 name differently."""
    found = [
        each[name]
        for each in connectors
        for name in names
        if isinstance(each.get(name), int | float) and not isinstance(each[name], bool)
    ]
    return max(found, default=None)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
