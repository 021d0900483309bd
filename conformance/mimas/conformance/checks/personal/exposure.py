"""Personal data where it should not be: open, unclassified, kept too long, or in a log (MIM4 D01 to D06)."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from ...answer import Answer
from ...verdicts import CheckError, Failure, NotTested
from ..openapi_rest.collections import Rest, items_of
from ..security.paper import structured
from ..security.surface import Surface, ask, guarded

SYSTEM = frozenset({"id", "type", "@context", "scope", "createdAt", "modifiedAt", "links", "bbox"})
PATTERNS = {
    "an e-mail address": re.compile(r"\b[\w.+-]+@[\w-]+\.[a-z]{2,}\b", re.IGNORECASE),
    "a phone number": re.compile(r"(?<![\d.])\+\d{1,3}[ -]?\d{3}[ -]?\d{3}[ -]?\d{3}(?!\d)"),
    "a birth number": re.compile(r"(?<!\d)\d{2}[0156]\d[0-3]\d/\d{3,4}(?!\d)"),
    "a MAC address": re.compile(r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b", re.IGNORECASE),
    "a number plate": re.compile(
        r'"(?:licen[cs]ePlate|vehiclePlateIdentifier|plate)"\s*:\s*"[^"]+"', re.IGNORECASE
    ),
    "a person": re.compile(r'"(?:givenName|familyName|birthDate|firstName|lastName)"\s*:', re.IGNORECASE),
    "a household": re.compile(r"\b\w*(?:household|dwelling|apartment)\w*\b", re.IGNORECASE),
}


@guarded("PERSONAL.open-data-holds-none", "MIM4-D02", clause="GDPR Art. 5, 25")
def open_data(surface: Surface) -> None:
    """What everybody may read holds no names, addresses, phones, birth numbers, plates or households."""
    read = 0
    for route in surface.routes():
        answer = ask(surface, route, role=None)
        if answer.status >= 300:
            continue
        read += 1
        for what, pattern in PATTERNS.items():
            if pattern.search(answer.text):
                raise Failure(
                    f"{answer} for everybody, with {what}.", mend="Restrict it, or publish aggregates."
                )
    surface.probe.note("routes that everybody may read", read)


@guarded(
    "PERSONAL.every-attribute-is-classified", "MIM4-D01", clause="GDPR Art. 30", documents=("classification",)
)
def classified(surface: Surface) -> None:
    """The document `classification` names every attribute that the data has."""
    document = structured(surface.probe, "classification")
    known = document.get("attributes", document) if isinstance(document, dict) else None
    if not isinstance(known, dict | list) or not known:
        raise CheckError("The classification is no list of attributes; docs/reference/target.md shows one.")
    seen = _attributes(surface)
    if not seen:
        raise NotTested("There is no data whose attributes could be looked up.")
    unknown = sorted(seen - set(map(str, known)) - SYSTEM)
    if unknown:
        raise Failure(
            f"Nobody classified {', '.join(unknown[:10])}.", mend="Say of each whether it is personal."
        )


def _attributes(surface: Surface) -> set[str]:
    if surface.probe.mechanism == "ngsi-ld":
        answer = surface.probe.get("/ngsi-ld/v1/attributes", Accept="application/json").expect(200)
        found = (
            answer.json_object().get("attributeList", [])
            if isinstance(answer.json(), dict)
            else answer.json()
        )
        return {str(each).rpartition("/")[2] for each in found if "mimas" not in str(each).lower()}
    items = [each for collection in Rest(surface.probe).collections() for each in collection.items]
    return {name for item in items for name in item}


@guarded(
    "PERSONAL.nothing-is-kept-too-long", "MIM4-D04", clause="GDPR Art. 5(1)(e)", documents=("retention",)
)
def retention(surface: Surface) -> None:
    """Nothing is older than the document `retention` allows (`days`), in the history neither."""
    document = structured(surface.probe, "retention")
    days = document.get("days") if isinstance(document, dict) else None
    if not isinstance(days, int) or days <= 0:
        raise CheckError("The document `retention` does not say `days: N`.")
    limit = datetime.now(UTC) - timedelta(days=days)
    looked = 0
    for answer in _old(surface, limit):
        looked += 1
        kept = answer.json() if surface.probe.mechanism == "ngsi-ld" else items_of(answer)
        if kept:
            raise Failure(f"{answer} with what is older than {days} days.", mend="Delete it in every store.")
    if not looked:
        raise NotTested("No route can be asked for what is old.")


def _old(surface: Surface, limit: datetime) -> Iterator[Answer]:
    """What the routes that know time give from before a day."""
    stamp = limit.strftime("%Y-%m-%dT%H:%M:%SZ")
    if surface.probe.mechanism == "ngsi-ld":
        query = f"local=true&timerel=before&timeAt={stamp}&limit=1&lastN=1"
        for kind in _types(surface)[:10]:
            answer = surface.probe.get(
                f"/ngsi-ld/v1/temporal/entities?type={kind}&{query}", Accept="application/json"
            )
            yield answer.expect(200, 206)
        return
    rest = Rest(surface.probe)
    for operation in rest.description.operations():
        if operation.method == "get" and "datetime" in operation.query_names:
            for url in rest.description.urls(operation):
                mark = "&" if "?" in url else "?"
                answer = rest.get(f"{url}{mark}datetime=../{stamp}")
                if answer.status != 404:
                    yield answer.expect(200)


def _types(surface: Surface) -> list[str]:
    answer = surface.probe.get("/ngsi-ld/v1/types", Accept="application/json").expect(200)
    value: Any = answer.json()
    found = value.get("typeList", []) if isinstance(value, dict) else value
    return [str(each) for each in found]


@guarded(
    "PERSONAL.not-in-the-log",
    "MIM4-D06",
    clause="GDPR Art. 5(1)(f)",
    needs={"write"},
    documents=("access-log",),
)
def not_in_the_log(surface: Surface) -> None:
    """A value that was written, and looked for, is not in the document `access-log`."""
    marker = surface.probe.unique("jane.doe")
    write = surface.write()
    surface.probe.delete_afterwards(write.place)
    value = {"type": "Property", "value": marker} if surface.probe.mechanism == "ngsi-ld" else marker
    surface.probe.send("POST", write.url, json={**write.body, "name": value}).expect(200, 201, 204)
    surface.probe.send("GET", surface.filtered(marker)).expect(200)
    surface.probe.send(
        "GET", surface.nowhere("logged"), headers={"X-Request-Id": f"after-{marker[-20:]}"}, role=None
    )
    ends = time.monotonic() + 0.5
    while time.monotonic() < ends:
        if marker.encode() in surface.probe.document("access-log"):
            raise Failure("The log holds a value of the data.", mend="Log neither bodies nor queries.")
        time.sleep(0.1)
