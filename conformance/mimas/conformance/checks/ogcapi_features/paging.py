"""Paging and limits."""

from __future__ import annotations

from collections import Counter

from ...geodata.features import of_geojson
from ...verdicts import CheckError, Failure, NoAnswer, NotTested
from .service import EDIT_CLASS, GEO_JSON, MOST_PAGES, STANDARD, Collection, Service, features, href

PAGING = "MIM7-D05"
PAGE = 3


def _paged(service: Service) -> list[tuple[Collection, list[str]]]:
    """The ids on the pages of each collection that has several; NotTested where none has."""
    found = []
    for collection in service.collections():
        read = service.pages(collection, {"limit": PAGE})
        pages = [[str(each.id) for each in of_geojson(page.json())] for page in read]
        if len(pages) > 1:
            found.append((collection, [each for page in pages for each in page]))
    if not found:
        raise NotTested(f"No collection has more than {PAGE} features, so there is no second page.")
    return found


@features("paging.no-feature-twice", (PAGING, "MIM7-R1.1"), f"{STANDARD}, 7.15.5")
def no_feature_twice(service: Service) -> None:
    """Following `next` shows no feature twice, and comes to an end."""
    for collection, ids in _paged(service):
        twice = [each for each, count in Counter(ids).items() if count > 1]
        if twice:
            raise Failure(
                f"{len(twice)} features of {collection['id']!r} stand on several pages: {twice[:3]}.",
                mend="Order the features by something unique before cutting pages.",
            )


@features("paging.complete", (PAGING, "MIM7-R1.1"), f"{STANDARD}, 7.15.5")
def complete(service: Service) -> None:
    """Following `next` shows every feature that one large page shows."""
    for collection, ids in _paged(service):
        missing = {str(each.id) for each in service.harvest(collection)} - set(ids)
        if missing and len(ids) < PAGE * MOST_PAGES:
            raise Failure(
                f"{len(missing)} features of {collection['id']!r} are on no small page: "
                f"{sorted(missing)[:3]}.",
                mend="Let `next` lead on until everything was shown.",
            )


@features("paging.limit-holds", "MIM7-D01", f"{STANDARD}, 7.15.2")
def limit_holds(service: Service) -> None:
    """A page holds no more features than `limit` asks for."""
    for collection in service.collections():
        found = list(of_geojson(service.items(collection, {"limit": 1}).expect(200).json()))
        if len(found) > 1:
            raise Failure(
                f"limit=1 brings {len(found)} features of {collection['id']!r} "
                "(/req/core/fc-limit-response-1)."
            )


@features("paging.stable-under-writes", PAGING, f"{STANDARD}, 7.15.5", level="SHOULD", needs={"write"})
def stable_under_writes(service: Service) -> None:
    """A feature that is added while somebody turns pages makes no other appear twice or get lost."""
    service.needs_class(EDIT_CLASS)
    collection, listed = next(iter(_paged(service)))
    pages = service.pages(collection, {"limit": PAGE}, fresh=True)
    seen = [str(each.id) for each in of_geojson(next(pages).json())]
    new_id = _add(service, collection)
    seen += [str(each.id) for page in pages for each in of_geojson(page.json())]
    twice = [each for each, count in Counter(seen).items() if count > 1]
    lost = set(listed) - set(seen)
    if twice or lost:
        raise Failure(
            f"After {new_id} was added between two pages, {len(twice)} features came twice "
            f"and {len(lost)} not.",
            mend="Page by a key instead of an offset.",
        )


def _add(service: Service, collection: Collection) -> str:
    """A copy of the first feature under an id of its own; removed at the end."""
    first = next(iter(service.items(collection, {"limit": 1}).expect(200).json_object()["features"]))
    new_id = service.probe.unique("feature")
    service.probe.delete_afterwards(service.item_path(collection, new_id))
    copied = {**first, "id": new_id}
    answer = service.probe.send(
        "POST", service.path(collection), json=copied, headers={"Content-Type": GEO_JSON}
    )
    if answer.status not in (200, 201):
        raise CheckError(f"A feature could not be added: {answer}: {answer.text[:120]!r}")
    place = answer.headers.get("location")
    if place and not place.endswith(new_id):
        service.probe.delete_afterwards(place)
    return new_id


@features("paging.large-limit-is-capped", "MIM7-D06", f"{STANDARD}, 7.15.2")
def large_limit(service: Service) -> None:
    """A limit above the maximum is answered 200 with as many features as the maximum allows."""
    collection = service.collections()[0]
    service.items(collection, {"limit": 1}).expect(200)
    try:
        answer = service.items(collection, {"limit": 999_999})
    except NoAnswer as error:
        raise Failure(
            f"limit=1 is answered, limit=999999 is not: {error.message}",
            mend="Cap `limit` at a maximum (/req/core/fc-limit-response-1 C).",
        ) from error
    answer.expect(200, mend="Take the maximum where `limit` is larger (/req/core/fc-limit-response-1 C).")
    if not href(answer.json_object(), "self"):
        raise Failure(f"{answer}, but not with a page of features.")


@features("paging.bad-limit-is-400", "MIM7-D01", f"{STANDARD}, 7.15.2")
def bad_limit(service: Service) -> None:
    """A limit of 0, of -1, or that is no number, is answered 400."""
    collection = service.collections()[0]
    for value in ("0", "-1", "abc"):
        service.items(collection, {"limit": value}).expect(
            400, mend="Refuse values that the API definition does not allow (/req/core/query-param-invalid)."
        )
