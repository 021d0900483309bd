"""What is found behind the described operations: collections with their items, and the routes of one item."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

from ...answer import Answer
from ...probe import Probe
from ...verdicts import CheckError, Failure, NotTested
from ..declaration import Level, Needs, check
from .description import Description, Operation, describe, gets, mapping

MOST_PAGES = 200
MARK = "mimas-check-"  # in the id of what some check is writing
COUNTS = ("numberMatched", "total", "totalCount", "count", "@iot.count", "total_count")
SIZES = ("limit", "pageSize", "page_size", "per_page", "size", "$top", "top")
LISTS = ("items", "features", "value", "data", "results", "member", "records", "content")


def rest(
    name: str,
    requirement: str | Iterable[str],
    *,
    level: Level = "MUST",
    clause: str | None = None,
    needs: Iterable[Needs] = (),
) -> Callable[[Callable[[Rest], None]], Callable[[Rest], None]]:
    """Declare a check of a described REST interface; its id is `REST.` and the name."""

    def declare(function: Callable[[Rest], None]) -> Callable[[Rest], None]:
        @functools.wraps(function)
        def run(probe: Probe) -> None:
            try:
                function(Rest(probe))
            except (AttributeError, IndexError, KeyError, TypeError) as error:
                # What a check takes apart is the target's answers and its own description of them.
                raise Failure(
                    f"An answer has another shape than is described ({type(error).__name__}: {error})."
                ) from error

        check(
            f"REST.{name}",
            requirement=requirement,
            mechanism="openapi-rest",
            level=level,
            clause=clause,
            needs=needs,
        )(run)
        return function

    return declare


@dataclass(frozen=True, slots=True)
class Collection:
    """A list of items at a URL: the operation that gives it, and its first page."""

    operation: Operation
    url: str
    answer: Answer
    items: tuple[Mapping[str, Any], ...]
    envelope: frozenset[str]

    def asking(self, **query: Any) -> str:
        """Its URL with further parameters."""
        mark = "&" if "?" in self.url else "?"
        return self.url + (f"{mark}{urlencode(query)}" if query else "")


class Rest:
    """One check's view of a described REST interface."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.description: Description = describe(probe)

    def get(self, url: str, accept: str = "application/json", **more: Any) -> Answer:
        """GET with the target's token."""
        headers = {"Accept": accept, **more.pop("headers", {})}
        return self.probe.send("GET", url, headers=headers, **more)

    def collections(self) -> list[Collection]:
        """Every list of items that can be read without knowing an id; NotTested when there is none."""
        found = list(self._collections())
        below = [f"{each.operation.path.rstrip('/')}/{{" for each in found]  # lists of one item's own
        found = [each for each in found if not any(each.operation.path.startswith(path) for path in below)]
        if not found:
            raise NotTested("No described GET gives a list of items: nothing could be looked at.")
        return found

    def _collections(self) -> Iterator[Collection]:
        wanted = self.probe.option("collections", [])
        for operation in gets(self.description):
            if wanted and operation.path not in wanted:
                continue
            for url in self.description.urls(operation):
                answer = self.probe.read(url, Accept="application/json")
                if answer.status == 200 and answer.media_type.endswith("json"):
                    items = [each for each in items_of(answer) if MARK not in str(id_of(each))]
                    if items:
                        yield Collection(operation, url, answer, tuple(items), envelope_of(answer))

    def filled(self) -> Collection:
        """The collection that says most: with an item route below it, else the one with most parameters."""
        return max(
            self.collections(),
            key=lambda each: (
                self.item_operation(each) is not None,
                len(each.operation.query_names),
                len(each.items),
            ),
        )

    def item_operation(self, collection: Collection, method: str = "get") -> Operation | None:
        """The operation on one item of a collection."""
        start = collection.operation.path.rstrip("/") + "/{"
        for each in self.description.operations():
            rest_of = each.path.removeprefix(start)
            if each.method == method and rest_of != each.path and rest_of.count("/") == 0:
                return each
        return None

    def item_url(self, collection: Collection, item_id: Any) -> str:
        """Where one item is."""
        return f"{urlsplit(collection.url)._replace(query='').geturl()}/{quote(str(item_id), safe='')}"

    def pages(self, url: str, **sent: Any) -> Iterator[Answer]:
        """The pages from a URL on, by rel=next; a loop is the target's Failure."""
        seen: set[str] = set()
        next_url: str | None = url
        while next_url:
            if next_url in seen:
                raise Failure(
                    f"rel=next leads back to {next_url}.", mend="Let the last page have no next link."
                )
            if len(seen) >= MOST_PAGES:
                raise CheckError(f"{url} has more than {MOST_PAGES} pages.")
            seen.add(next_url)
            answer = self.get(next_url, **sent).expect(200)
            yield answer
            next_url = next_of(answer)

    # -- writing

    def creating(self) -> tuple[Collection, Operation, dict[str, Any]]:
        """A collection that takes new items, and the example body of one; NotTested when there is none."""
        for collection in self.collections():
            for each in self.description.operations():
                if each.method == "post" and each.path == collection.operation.path:
                    example = self.description.example(each)
                    if isinstance(example, dict):
                        return collection, each, example
        raise NotTested(
            "No collection describes a POST with an example of its body: nothing could be written."
        )

    def create(self, collection: Collection, example: Mapping[str, Any], **members: Any) -> str:
        """Make an item that is removed afterwards; gives its URL."""
        body = {**example, **members}
        if "id" in body:
            body["id"] = self.probe.unique("item")
            self.probe.delete_afterwards(self.item_url(collection, body["id"]))
        url = urlsplit(collection.url)._replace(query="").geturl()
        answer = self.probe.send("POST", url, json=body)
        answer.expect(200, 201, 202, 204, mend="Take the example of your own description.")
        place: str = urljoin(url, answer.headers.get("location", ""))
        if place == url and "id" in body:
            return self.item_url(collection, body["id"])
        if place == url:
            raise Failure(f"{answer} without Location.", mend="Say in Location where the new item is.")
        if "id" not in body:
            self.probe.delete_afterwards(place)
        return place


def items_of(answer: Answer) -> list[Mapping[str, Any]]:
    """The items of a page: the array itself, or the array in the envelope."""
    body = answer.json()
    if isinstance(body, dict):
        body = next((body[each] for each in LISTS if isinstance(body.get(each), list)), None)
    if not isinstance(body, list):
        return []
    return [each for each in body if isinstance(each, dict) and id_of(each) is not None]


def envelope_of(answer: Answer) -> frozenset[str]:
    """The names around the items; empty when the page is a bare array."""
    body = answer.json()
    return frozenset(body) if isinstance(body, dict) else frozenset()


def id_of(item: Mapping[str, Any]) -> Any:
    """What names an item."""
    return next((item[each] for each in ("id", "@id", "@iot.id", "identifier", "uuid") if each in item), None)


def next_of(answer: Answer) -> str | None:
    """Where the next page is: by Link header, by `links`, or by `next`."""
    by_header = answer.link("next")
    if by_header:
        return by_header
    body = mapping(answer.json()) if answer.media_type.endswith("json") else {}
    for each in body.get("links", ()) if isinstance(body.get("links"), list) else ():
        if isinstance(each, dict) and each.get("rel") == "next" and isinstance(each.get("href"), str):
            return str(urljoin(answer.url, each["href"]))
    place = body.get("next") or body.get("@iot.nextLink")
    return str(urljoin(answer.url, place)) if isinstance(place, str) else None


def count_of(answer: Answer) -> int | None:
    """How many items there are in all, where the page says so."""
    body = mapping(answer.json())
    return next((body[each] for each in COUNTS if isinstance(body.get(each), int)), None)


def value_at(item: Mapping[str, Any], name: str) -> Any:
    """A member of an item, or of its `properties` (GeoJSON)."""
    return item.get(name, mapping(item.get("properties")).get(name))
