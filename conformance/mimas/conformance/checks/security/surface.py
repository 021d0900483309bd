"""What an interface shows to those who try the doors: routes that read, one that writes, one that filters."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from ...answer import Answer
from ...probe import Probe
from ...verdicts import Failure, NotApplicable, NotTested
from ..declaration import Level, Needs, check
from ..openapi_rest.collections import Rest
from ..openapi_rest.description import gets

INTERFACES = ("openapi-rest", "ngsi-ld")
DENIED = frozenset({401, 403, 404})
MOST_ROUTES = 25
_NO_TEXT = frozenset({"bbox", "datetime", "fields", "crs", "bbox-crs", "f", "format", "sortby"})


@dataclass(frozen=True, slots=True)
class Route:
    """A URL that reads, and whether it is said to be restricted (None where nobody says)."""

    url: str
    restricted: bool | None
    method: str = "GET"
    body: Any = None


@dataclass(frozen=True, slots=True)
class Write:
    """A request that makes something new, and where that is afterwards."""

    url: str
    body: dict[str, Any]
    place: str


class Surface(Protocol):
    """An interface, whatever it speaks."""

    probe: Probe

    def routes(self) -> list[Route]:
        """Everything that reads."""

    def write(self) -> Write:
        """Something new that nobody else uses; NotTested where nothing can be written."""

    def nowhere(self, word: str) -> str:
        """The URL of an item that does not exist."""

    def filtered(self, text: str) -> str:
        """A URL with `text` as the value of a filter."""


class RestSurface:
    """A described REST interface."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self._rest = Rest(probe)

    def routes(self) -> list[Route]:
        """Every described GET whose parameters have examples."""
        found = []
        for operation in gets(self._rest.description)[:MOST_ROUTES]:
            for url in self._rest.description.urls(operation, 1):
                found.append(Route(url, operation.is_restricted))
        return found

    def write(self) -> Write:
        """The example of a POST, with an id of its own."""
        collection, _, example = self._rest.creating()
        name = self.probe.unique("item")
        return Write(
            urlsplit(collection.url)._replace(query="").geturl(),
            {**example, "id": name},
            self._rest.item_url(collection, name),
        )

    def nowhere(self, word: str) -> str:
        """Below a collection."""
        return self._rest.item_url(self._rest.filled(), self.probe.unique(word))

    def filtered(self, text: str) -> str:
        """The first described filter that takes text."""
        collection = self._rest.filled()
        for name in [each for each in collection.operation.query_names if each not in _NO_TEXT]:
            parameter = collection.operation.parameter(name) or {}
            if (parameter.get("schema") or {}).get("type") == "string":
                return collection.asking(**{name: text})
        raise NotTested(f"{collection.operation} describes no filter that takes text.")


class NgsiLdSurface:
    """An NGSI-LD broker."""

    BASE = "/ngsi-ld/v1"
    READS = (
        "/entities?type=MimasCheck&limit=1",
        "/entities?local=true&limit=1",
        "/types",
        "/attributes",
        "/subscriptions?limit=1",
        "/csourceRegistrations?type=MimasCheck&limit=1",
        "/temporal/entities?type=MimasCheck&timerel=before&timeAt=2000-01-01T00:00:00Z&limit=1",
    )

    def __init__(self, probe: Probe) -> None:
        self.probe = probe

    def routes(self) -> list[Route]:
        """The resources of the standard that read, queries by POST among them."""
        query = {"type": "Query", "entities": [{"type": "MimasCheck"}]}
        past = {**query, "temporalQ": {"timerel": "before", "timeAt": "2000-01-01T00:00:00Z"}}
        return [
            *(Route(self._url(path), None) for path in self.READS),
            Route(self._url("/entityOperations/query"), None, "POST", query),
            Route(self._url("/temporal/entityOperations/query"), None, "POST", past),
        ]

    def write(self) -> Write:
        """An entity of a type of the checker's own."""
        name = f"urn:ngsi-ld:MimasCheck:{self.probe.unique('item')}"
        body = {"id": name, "type": "MimasCheck", "name": {"type": "Property", "value": "check"}}
        return Write(self._url("/entities"), body, self._url(f"/entities/{quote(name, safe='')}"))

    def nowhere(self, word: str) -> str:
        """An entity."""
        return self._url(f"/entities/{quote('urn:ngsi-ld:MimasCheck:' + self.probe.unique(word), safe='')}")

    def filtered(self, text: str) -> str:
        """The query language."""
        query = quote('name=="' + text + '"', safe="")
        return self._url(f"/entities?type=MimasCheck&q={query}")

    def _url(self, path: str) -> str:
        return self.probe.url(self.BASE + path)


def surface_of(probe: Probe) -> Surface:
    """The interface under check."""
    return RestSurface(probe) if probe.mechanism == "openapi-rest" else NgsiLdSurface(probe)


def guarded(
    name: str,
    requirement: str | Iterable[str],
    *,
    level: Level = "MUST",
    clause: str | None = None,
    needs: Iterable[Needs] = (),
    documents: Iterable[str] = (),
) -> Callable[[Callable[[Surface], None]], Callable[[Surface], None]]:
    """Declare a check of both kinds of interface; its id is the name, with `@` and the mechanism."""

    def declare(function: Callable[[Surface], None]) -> Callable[[Surface], None]:
        @functools.wraps(function)
        def run(probe: Probe) -> None:
            try:
                function(surface_of(probe))
            except (AttributeError, IndexError, KeyError, TypeError) as error:
                # What a check takes apart is the target's answers and its own description of them.
                raise Failure(
                    f"An answer has another shape than expected ({type(error).__name__}: {error})."
                ) from error

        check(
            name,
            requirement=requirement,
            mechanism=INTERFACES,
            level=level,
            clause=clause,
            needs=needs,
            documents=documents,
        )(run)
        return function

    return declare


def ask(
    surface: Surface, route: Route, *, method: str | None = None, role: str | None = "token", **headers: str
) -> Answer:
    """One request to a route, as somebody."""
    sent = {
        "Accept": "application/json",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return surface.probe.send(method or route.method, route.url, headers=sent, json=route.body, role=role)


def restricted(surface: Surface) -> list[Route]:
    """The routes that are, or should be, closed to strangers; NotApplicable when everything is open.

    Where nobody says what is restricted, one route that refuses strangers makes all of them restricted, but
    for those that the option `open-routes` names.
    """
    opened = surface.probe.option("open-routes", [])
    routes = [each for each in surface.routes() if not any(word in each.url for word in opened)]
    said = [each for each in routes if each.restricted]
    if said:
        return said
    unsaid = [each for each in routes if each.restricted is None]
    if not any(ask(surface, each, role=None).status in (401, 403) for each in unsaid):
        raise NotApplicable(
            "Nothing is restricted: everything that can be read is read without a credential."
        )
    return [each for each in unsaid if ask(surface, each).status not in (400, 404, 405, 501)]
