"""The broker under check: how a check calls it, and the entities it makes, which are gone afterwards."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlencode

import orjson

from ...answer import Answer
from ...probe import Probe
from ...verdicts import CheckError, Failure, NotApplicable, NotTested
from ..declaration import Level, Needs, check

STANDARD = "ETSI GS CIM 009 V1.9.1"
BASE = "/ngsi-ld/v1"
ERRORS = "https://uri.etsi.org/ngsi-ld/errors/"
DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/"
CONTEXT_RELATION = "http://www.w3.org/ns/json-ld#context"
CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.6.jsonld"
NULL = "urn:ngsi-ld:null"
JSON = "application/json"
LD_JSON = "application/ld+json"
GEO_JSON = "application/geo+json"
MARK = "mimascheck"
NOT_OFFERED = frozenset({404, 405, 422, 501})

Entity = dict[str, Any]
Query = Mapping[str, str | int]


def ngsi_ld(
    clause: str,
    name: str,
    requirement: str | Iterable[str],
    *,
    level: Level = "MUST",
    needs: Iterable[Needs] = (),
) -> Callable[[Callable[[Broker], None]], Callable[[Broker], None]]:
    """Declare a check of NGSI-LD; its id is made of the clause and the name."""

    def declare(function: Callable[[Broker], None]) -> Callable[[Broker], None]:
        @functools.wraps(function)
        def run(probe: Probe) -> None:
            try:
                function(Broker(probe))
            except (AttributeError, IndexError, KeyError, TypeError) as error:
                # What a check takes apart is the broker's answers: one of another shape is not as it must be.
                raise Failure(
                    f"An answer has another shape than the clause gives it ({type(error).__name__}: {error})."
                ) from error

        check(
            f"NGSI-LD.{clause}.{name}",
            requirement=requirement,
            mechanism="ngsi-ld",
            level=level,
            clause=f"{STANDARD}, {clause}",
            needs=needs,
        )(run)
        return function

    return declare


def prop(value: Any, **members: Any) -> dict[str, Any]:
    """A Property."""
    return {"type": "Property", "value": value, **members}


def rel(target: str | list[str], **members: Any) -> dict[str, Any]:
    """A Relationship."""
    return {"type": "Relationship", "object": target, **members}


def geo(geometry: Mapping[str, Any], **members: Any) -> dict[str, Any]:
    """A GeoProperty."""
    return {"type": "GeoProperty", "value": geometry, **members}


def point(longitude: float, latitude: float) -> dict[str, Any]:
    """A GeoJSON point."""
    return {"type": "Point", "coordinates": [longitude, latitude]}


def path_to(entity: Entity | str, *rest: str) -> str:
    """The resource of an entity, or one below it."""
    entity_id = entity if isinstance(entity, str) else entity["id"]
    return "/".join(["/entities", quote(entity_id, safe=""), *(quote(each, safe="") for each in rest)])


def instances(value: Any) -> list[dict[str, Any]]:
    """The instances of an attribute, which may be one object or several."""
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]


class Broker:
    """One check's view of the broker. `type` and all ids are used by no other check and no other run."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.type = probe.unique("type").replace("-", "")
        self._base = "" if BASE in probe.interface.url else BASE

    # -- calls

    def call(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        *,
        body: Any = None,
        media_type: str = JSON,
        context: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request to a resource of the API; a body that is text or bytes goes out as it is."""
        sent = {"Accept": JSON, **(headers or {})}
        if body is not None:
            sent["Content-Type"] = media_type
        if context:
            sent["Link"] = f'<{context}>; rel="{CONTEXT_RELATION}"; type="{LD_JSON}"'
        content = body if isinstance(body, str | bytes | None) else orjson.dumps(body)
        return self.probe.send(method, self.resource(path, query), headers=sent, content=content)

    def get(self, path: str, query: Query | None = None, *, accept: str = JSON, **more: Any) -> Answer:
        """GET of a resource of the API."""
        return self.call("GET", path, query, headers={"Accept": accept, **more.pop("headers", {})}, **more)

    def resource(self, path: str, query: Query | None = None) -> str:
        """The path with its query, below the interface's URL."""
        return f"{self._base}{path}" + (f"?{urlencode(query)}" if query else "")

    # -- what is there

    def sample(self) -> Entity:
        """Some entity that is there and not a check's own; NotTested when there is none."""
        answer = self.probe.read(self.resource("/types"), Accept=JSON)
        listed = answer.expect(200).json()
        names = listed.get("typeList", ()) if isinstance(listed, dict) else listed
        for name in [each for each in names if isinstance(each, str) and MARK not in each][:5]:
            found = self.probe.read(self.resource("/entities", {"type": name, "limit": 3}), Accept=JSON)
            if found.status == 200 and (entities := found.json_array()):
                entity: Entity = entities[0]
                return {**entity, "_asked": name}
        raise NotTested("The broker holds no entity that could be looked at.")

    # -- what a check makes

    def entity(self, **attributes: Any) -> Entity:
        """An entity that is not sent yet; `id` and `type` may be given."""
        return {"id": self.new_id(), "type": self.type, **attributes}

    def new_id(self) -> str:
        """An id nobody else uses."""
        return f"urn:ngsi-ld:Thing:{self.probe.unique()}"

    def create(self, entity: Entity | None = None, **attributes: Any) -> Entity:
        """Make an entity that the check needs; it is removed when the check ends."""
        made = entity or self.entity(**attributes)
        self.removes(made)
        self.needed(self.call("POST", "/entities", body=made))
        return made

    def try_to_create(self, body: Any, media_type: str = JSON, **more: Any) -> Answer:
        """Send what may be refused; should it be taken, it is removed when the check ends."""
        entity_id = str(body.get("id", body.get("@id", ""))) if isinstance(body, dict) else ""
        if ":" in entity_id:
            self.removes(entity_id)
        answer = self.call("POST", "/entities", body=body, media_type=media_type, **more)
        if answer.status == 201 and ":" not in entity_id and (location := answer.headers.get("location")):
            self.removes(unquote(location.rpartition("/")[2]))
        return answer

    def removes(self, *entities: Entity | str, headers: Mapping[str, str] | None = None) -> None:
        """Remember to delete entities with their history, before they are made."""
        for each in entities:
            self.probe.leave_clean(functools.partial(self._remove, path_to(each), headers))

    def _remove(self, path: str, headers: Mapping[str, str] | None) -> None:
        for place in (path, f"/temporal{path}") if self._keeps_history() else (path,):
            answer = self.call("DELETE", place, headers=headers)
            if answer.status not in (200, 202, 204, 404, 410):
                raise CheckError(f"{answer.url} could not be removed: {answer.status}")

    def _keeps_history(self) -> bool:
        """Whether the broker offers the temporal API; what is written then has a history, too."""
        query = {"type": MARK, "timerel": "before", "timeAt": "2000-01-01T00:00:00Z"}
        return self.probe.read(self.resource("/temporal/entities", query), Accept=JSON).status in (200, 206)

    def needed(self, answer: Answer) -> Answer:
        """An answer that is only a step on the way: without success the check cannot say anything."""
        if not 200 <= answer.status < 300 or answer.status == 207:
            raise CheckError(f"The check cannot go on: {answer}: {answer.text[:200]!r}")
        return answer

    def stored(self, entity: Entity | str, query: Query | None = None) -> Entity:
        """The entity as the broker gives it."""
        return self.needed(self.get(path_to(entity), query)).json_object()

    def ids(self, query: Query, path: str = "/entities") -> set[str]:
        """The ids that a query finds; anything but a 200 is the target's Failure."""
        answer = self.get(path, {"limit": 100, **query}).expect(200)
        return {str(each.get("id")) for each in answer.json_array() if isinstance(each, dict)}

    def expect_found(self, query: Query, expected: Iterable[Entity], *, mend: str | None = None) -> None:
        """The query over this check's type finds exactly the expected entities."""
        found, wanted = self.ids({"type": self.type, **query}), {each["id"] for each in expected}
        if found != wanted:
            raise Failure(
                f"{dict(query)} finds {len(found)} entities, expected {len(wanted)}: "
                f"too many {sorted(found - wanted)}, missing {sorted(wanted - found)}.",
                mend=mend or "Evaluate the filter as the clause defines it.",
            )


def refused(answer: Answer, *statuses: int, error: str | None = None, mend: str | None = None) -> None:
    """The answer is one of these errors; `error` is the name of its problem type, where it says one."""
    answer.expect(*(statuses or (400,)), mend=mend or "Refuse what the clause forbids.")
    if error is None:
        return
    found = answer.json_object().get("type")
    if found != ERRORS + error:
        raise Failure(
            f"{answer} with problem type {found!r}, expected {ERRORS + error!r}.",
            mend=f"Name the error {error} of clause 5.5.2 in `type`.",
        )


def equal(found: Any, expected: Any, what: str, *, mend: str | None = None) -> None:
    """`found` is what is expected; numbers compare by value."""
    if found != expected:
        raise Failure(f"{what} is {_short(found)}, expected {_short(expected)}.", mend=mend)


def absent(name: str, entity: Mapping[str, Any], what: str, *, mend: str | None = None) -> None:
    """The member is not there."""
    if name in entity:
        raise Failure(f"{what} has {name!r}: {_short(entity[name])}.", mend=mend)


def present(name: str, entity: Mapping[str, Any], what: str, *, mend: str | None = None) -> Any:
    """The member is there; gives its value."""
    if name not in entity:
        raise Failure(f"{what} has no {name!r}, only {sorted(entity)}.", mend=mend)
    return entity[name]


def offered(answer: Answer, what: str) -> Answer:
    """The answer, unless it says that an optional part of the API is not offered."""
    if answer.status in NOT_OFFERED:
        raise NotApplicable(f"{what} is optional, and {answer}.")
    return answer


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."
