"""The service under check: what it declares, its collections, their features."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urljoin

import orjson

from ...answer import Answer
from ...geodata.features import Feature, of_geojson
from ...probe import Probe
from ...verdicts import Failure, NotApplicable, NotTested
from ..declaration import Level, Needs, check

STANDARD = "OGC 17-069r4"
PART_2 = "OGC 18-058r1"
CLASSES = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
CRS_CLASS = "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs"
EDIT_CLASS = "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/create-replace-delete"
JSON = "application/json"
GEO_JSON = "application/geo+json"
GEO_JSON_FIRST = f"{GEO_JSON}, {JSON};q=0.5"
MOST_COLLECTIONS = 5
MOST_PAGES = 50
MOST_FEATURES = 2_000

Collection = dict[str, Any]
Query = Mapping[str, str | int | float]


def features(
    name: str,
    requirement: str | Iterable[str],
    clause: str,
    *,
    level: Level = "MUST",
    needs: Iterable[Needs] = (),
) -> Callable[[Callable[[Service], None]], Callable[[Service], None]]:
    """Declare a check of OGC API Features."""

    def declare(function: Callable[[Service], None]) -> Callable[[Service], None]:
        @functools.wraps(function)
        def run(probe: Probe) -> None:
            try:
                function(Service(probe))
            except (AttributeError, IndexError, KeyError, TypeError) as error:
                # What a check takes apart is the service's answers: another shape is not as it must be.
                raise Failure(
                    f"An answer has another shape than the clause gives it ({type(error).__name__}: {error})."
                ) from error

        check(
            f"OGC-FEATURES.{name}",
            requirement=requirement,
            mechanism="ogcapi-features",
            level=level,
            clause=clause,
            needs=needs,
        )(run)
        return function

    return declare


class Service:
    """One check's view of the service."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe

    # -- what it says of itself

    def landing(self) -> dict[str, Any]:
        """The landing page as JSON."""
        return self.probe.read("", Accept=JSON).expect(200).json_object()

    def classes(self) -> frozenset[str]:
        """The conformance classes it declares."""
        answer = self.probe.read("/conformance", Accept=JSON).expect(200)
        declared = answer.json_object().get("conformsTo")
        if not isinstance(declared, list) or not all(isinstance(each, str) for each in declared):
            raise Failure(f"{answer} without an array of strings `conformsTo` ({STANDARD}, 7.4).")
        return frozenset(each.rstrip("/") for each in declared)

    def needs_class(self, name: str) -> None:
        """NotApplicable unless the conformance class is declared."""
        if name not in self.classes():
            raise NotApplicable(f"The service does not declare {name}.")

    def collections(self) -> list[Collection]:
        """The collections to look at: those named by the option `collections`, or the first five."""
        answer = self.probe.read("/collections", Accept=JSON).expect(200)
        listed = answer.json_object().get("collections")
        if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
            raise Failure(f"{answer} without an array of objects `collections` ({STANDARD}, 7.13).")
        wanted = self.probe.option("collections") or []
        chosen = [each for each in listed if each.get("id") in wanted] if wanted else _of_features(listed)
        if not chosen:
            raise NotTested("The service has no collection of features to look at.")
        return chosen[:MOST_COLLECTIONS]

    # -- features

    def items(self, collection: Collection, query: Query | None = None) -> Answer:
        """Features of a collection, whatever the status."""
        return self.probe.read(self.path(collection, query), Accept=GEO_JSON_FIRST)

    def first(self, collection: Collection, count: int) -> list[Feature]:
        """The first features of a collection."""
        answer = self.items(collection, {"limit": count}).expect(200)
        return list(of_geojson(answer.json()))

    def path(self, collection: Collection, query: Query | None = None) -> str:
        """The resource of a collection's features."""
        base = f"/collections/{quote(str(collection['id']), safe='')}/items"
        return base + (f"?{urlencode(query, safe=':/,')}" if query else "")

    def item_path(self, collection: Collection, feature_id: str) -> str:
        """The resource of one feature."""
        return f"{self.path(collection)}/{quote(feature_id, safe=':')}"

    def pages(self, collection: Collection, query: Query, *, fresh: bool = False) -> Iterator[Answer]:
        """The pages that a query finds, followed by `next`; one that leads back is Failure.

        `fresh` asks anew for what the run has read already.
        """
        read = self.probe.get if fresh else self.probe.read
        answer = read(self.path(collection, query), Accept=GEO_JSON_FIRST).expect(200)
        seen = {answer.url}
        yield answer
        while following := href(answer.json_object(), "next"):
            url = urljoin(answer.url, following)
            if url in seen:
                raise Failure(f"`next` leads back to {url}, which was read already ({STANDARD}, 7.15.5).")
            if len(seen) >= MOST_PAGES:
                return
            seen.add(url)
            answer = read(url, Accept=GEO_JSON_FIRST).expect(200)
            yield answer

    def harvest(self, collection: Collection, query: Query | None = None) -> list[Feature]:
        """All features that a query finds, at most about 2000."""
        gathered: list[Feature] = []
        for page in self.pages(collection, {"limit": 1000, **(query or {})}):
            gathered += of_geojson(page.json())
            if len(gathered) >= MOST_FEATURES:
                break
        return gathered

    def harvests(self) -> list[tuple[Collection, list[Feature]]]:
        """All features of each collection that has some; NotTested where none has."""
        return self._with_features(self.harvest)

    def samples(self) -> list[tuple[Collection, list[Feature]]]:
        """The first features of each collection that has some; NotTested where none has."""
        return self._with_features(lambda each: self.first(each, 10))

    def placed(self) -> tuple[Collection, Feature]:
        """A collection and a feature of it that has an id and a geometry; NotTested where there is none."""
        for collection, several in self.samples():
            for each in several:
                if each.geometry and each.id:
                    return collection, each
        raise NotTested("No feature with an id and a geometry was found.")

    def _with_features(
        self, read: Callable[[Collection], list[Feature]]
    ) -> list[tuple[Collection, list[Feature]]]:
        found = [(each, read(each)) for each in self.collections()]
        filled = [each for each in found if each[1]]
        if not filled:
            raise NotTested("The collections hold no feature to look at.")
        return filled


def links(document: Mapping[str, Any], relation: str) -> list[dict[str, Any]]:
    """The links of this relation in the member `links`."""
    listed = document.get("links")
    if not isinstance(listed, list):
        return []
    return [
        each
        for each in listed
        if isinstance(each, dict) and each.get("rel") == relation and isinstance(each.get("href"), str)
    ]


def href(document: Mapping[str, Any], relation: str) -> str | None:
    """Where the first link of this relation leads; None without one."""
    return next((str(each["href"]) for each in links(document, relation)), None)


def expect_link(document: Mapping[str, Any], relation: str, what: str, clause: str) -> dict[str, Any]:
    """The first link of this relation; Failure without one."""
    found = links(document, relation)
    if not found:
        raise Failure(
            f"{what} has no link with rel={relation} ({clause}).", mend=f"Add a link with rel={relation}."
        )
    return found[0]


def _of_features(listed: Iterable[Collection]) -> list[Collection]:
    """Collections with an id that are not declared to be something else than features."""
    return [
        each
        for each in listed
        if isinstance(each.get("id"), str)
        and each.get("itemType", "feature") == "feature"
        and _has_items(each)
    ]


def _has_items(collection: Collection) -> bool:
    return bool(links(collection, "items")) or "links" not in collection


def as_json(value: Any) -> str:
    """A value on one line, the same for the same content."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
