"""Relations and other names of a thing: they lead somewhere, both ways (MIM1 R1.3, R1.4, R3.1)."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from ...probe import Probe
from ...verdicts import Failure, NotTested, fail_if_any
from ..declaration import check
from ..ngsi_ld.broker import JSON, Broker, path_to
from .items import Item, Value
from .sources import Data, of_data

MOST_TARGETS = 20
SAME = ("sameAs", "exactMatch", "alternateId", "alternateOf", "alternateIdentifier")


@of_data("relations-are-relations", "MIM1-R3.1", mechanism=("samples", "ngsi-ld"), clause="CIM 009, 4.5.3")
def relations_are_relations(data: Data) -> None:
    """What points to another entity is a Relationship with a URI, not a text: nobody could follow a text."""
    ids: set[str | None] = {each.id for each in data.items if each.id}
    normalized = [each for each in data.items if each.form == "normalized"]
    if not normalized:
        raise NotTested(
            "No entity in normalized form was found: other forms do not tell relations from texts."
        )
    fail_if_any(
        (
            f"{value.name} of {item}: {value.value!r}"
            for item in normalized
            for value in item.values
            if _is_hidden(value, ids, item)
        ),
        "Relations that are plain text: {}.",
        mend='Write {"type": "Relationship", "object": "urn:..."}.',
    )


@check("DATA.relations-lead-somewhere", requirement="MIM1-R3.1", mechanism="ngsi-ld", clause="CIM 009, 4.5.3")
def relations_lead_somewhere(probe: Probe) -> None:
    """The object of each Relationship can be retrieved: here, or on the web where it is a web address."""
    broker, targets = Broker(probe), list(dict.fromkeys(_targets(Data(probe))))[:MOST_TARGETS]
    if not targets:
        raise NotTested("No entity has a Relationship.")
    dangling = [each for each in targets if not _is_there(broker, each)]
    probe.note("dangling share", round(len(dangling) / len(targets), 2))
    fail_if_any(
        dangling,
        "Relations to what is not there: {}.",
        mend="Write the target first, or name one that is there.",
    )


@check("DATA.other-names-lead-back", requirement="MIM1-R1.4", mechanism="ngsi-ld", clause="owl:sameAs")
def other_names_lead_back(probe: Probe) -> None:
    """A second identifier of an entity (sameAs, exactMatch) can be retrieved and names the first."""
    broker, faults, seen = Broker(probe), [], 0
    for item in Data(probe).items:
        for other in (str(each.value) for each in item.values if _is_same(each)):
            if ":" not in other or seen >= MOST_TARGETS:
                continue
            seen += 1
            answer = broker.get(path_to(other))
            if answer.status != 200:
                faults.append(f"{item.id} is also {other}, which answers {answer.status}")
            elif str(item.id) not in answer.text:
                faults.append(f"{other} does not name {item.id}")
    if not seen:
        raise NotTested("No entity names a second identifier (sameAs, exactMatch, alternateId).")
    fail_if_any(
        faults, "Mappings that lead one way or nowhere: {}.", mend="Keep the mapping in both entities."
    )


@check("DATA.registered-sources-answer", requirement="MIM1-R1.3", mechanism="ngsi-ld", clause="CIM 009, 5.9")
def registered_sources_answer(probe: Probe) -> None:
    """From the context source registrations alone other systems can be asked for an id they share."""
    broker = Broker(probe)
    query: dict[str, str | int] = {"type": broker.sample()["_asked"], "limit": 20}
    answer = broker.get("/csourceRegistrations", query)
    if answer.status != 200 or not answer.json_array():
        raise NotTested(f"No other system is registered for the type {query['type']}: {answer}.")
    entity, tried = str(broker.sample()["id"]), []
    for each in answer.json_array():
        endpoint = each.get("endpoint") if isinstance(each, dict) else None
        if not isinstance(endpoint, str) or urlsplit(endpoint).scheme not in ("http", "https"):
            raise Failure(
                f"A registration without an http endpoint: {endpoint!r}.", mend="Say where the source is."
            )
        base = endpoint.rstrip("/").removesuffix("/ngsi-ld/v1")
        found = probe.fetch(f"{base}/ngsi-ld/v1/entities/{quote(entity, safe='')}", accept=JSON)
        tried.append(f"{found}")
        if found.status == 200 and found.json_object().get("id") == entity:
            return
    raise Failure(
        f"No registered source knows {entity}: {'; '.join(tried)}.",
        mend="Register endpoints that answer GET /entities/{id} for the entities they share.",
    )


def _is_hidden(value: Value, ids: set[str | None], item: Item) -> bool:
    """A Property whose text is the id of an entity, or is named like a reference and holds a URN."""
    if value.kind != "Property" or not isinstance(value.value, str) or value.value == item.id:
        return False
    if _is_same(value):
        return False
    return value.value in ids or (value.name.startswith("ref") and value.value.startswith("urn:ngsi-ld:"))


def _is_same(value: Value) -> bool:
    return value.name.replace("#", "/").rpartition("/")[2] in SAME


def _targets(data: Data) -> Iterator[str]:
    for item in data.items:
        for value in item.values:
            if value.kind == "Relationship":
                yield from (
                    str(each) for each in (value.value if isinstance(value.value, list) else [value.value])
                )


def _is_there(broker: Broker, target: str) -> bool:
    if broker.get(path_to(target)).status == 200:
        return True
    return target.startswith(("http://", "https://")) and broker.probe.fetch(target).status == 200
