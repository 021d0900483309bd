"""Pages, links, and collections that are alike (MIM0 R2.1, mechanism 1)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ...verdicts import Failure, NotTested
from .collections import MARK, SIZES, Collection, Rest, count_of, id_of, items_of, next_of, rest

ALIKE = ("MIM0-R2.1", "MIM4-C11")
MIM0_1 = "MIM0 Mechanism 1"


def small_pages(collection: Collection) -> str:
    """Its URL asking for pages small enough that there are several; NotTested without such a parameter."""
    for name in SIZES:
        if name in collection.operation.query_names:
            return collection.asking(**{name: max(1, min(5, len(collection.items) // 2))})
    raise NotTested(f"{collection.operation} describes no parameter for the size of a page.")


@rest("paging.each-item-once", ALIKE, clause="RFC 8288; OGC 17-069r4, 7.15.4")
def each_item_once(rest: Rest) -> None:
    """From page to page by rel=next each item comes once, and a count that is given agrees."""
    for collection in rest.collections()[:3]:
        problem = _walk(rest, collection)
        if problem and _walk(rest, collection):  # somebody may have written during the first walk
            raise Failure(problem, mend="Order the items by something that is unique.")


def _walk(rest: Rest, collection: Collection) -> str | None:
    found: Counter[str] = Counter()
    count = None
    for page in rest.pages(small_pages(collection)):
        count = count_of(page) if count is None else count
        found.update(str(id_of(each)) for each in items_of(page))
    twice = [each for each, times in found.items() if times > 1 and MARK not in each]
    if twice:
        return f"{collection.url} gives {twice[0]} more than once from page to page."
    if count is not None and count != len(found):
        return f"{collection.url} says that there are {count} items; its pages hold {len(found)}."
    missing = {str(id_of(each)) for each in collection.items} - found.keys()
    return f"{collection.url} loses {min(missing)} from page to page." if missing else None


@rest("paging.collections-are-alike", ALIKE, clause="OGC API Common")
def collections_alike(rest: Rest) -> None:
    """All collections have the same envelope, the same paging parameters and the same form of errors."""
    collections = rest.collections()
    if len(collections) < 2:
        raise NotTested("There is one collection alone: nothing can be compared.")
    first = collections[0]
    for other in collections[1:]:
        if first.envelope != other.envelope:
            raise Failure(
                f"{first.url} is wrapped in {sorted(first.envelope) or 'nothing'}, "
                f"{other.url} in {sorted(other.envelope) or 'nothing'}.",
                mend="Use one envelope everywhere.",
            )
        sizes = [set(SIZES) & set(each.operation.query_names) for each in (first, other)]
        if sizes[0] != sizes[1]:
            raise Failure(f"{first.url} pages by {sizes[0]}, {other.url} by {sizes[1]}.")
    errors = {each.url: _error(rest, each) for each in collections}
    if len({(shape, names) for shape, names in errors.values()}) > 1:
        raise Failure(
            f"The same mistake is answered in different forms: {errors}", mend="Use one form of errors."
        )


def _error(rest: Rest, collection: Collection) -> tuple[str, tuple[str, ...]]:
    """The form of the answer to an item that does not exist."""
    answer = rest.get(rest.item_url(collection, rest.probe.unique("nothing")))
    body: Any = answer.json() if answer.media_type.endswith("json") and answer.body else {}
    return answer.media_type, tuple(sorted(body)) if isinstance(body, dict) else ()


@rest("paging.link-headers", "MIM0-M1-link", level="SHOULD", clause=f"{MIM0_1}; RFC 8288")
def link_headers(rest: Rest) -> None:
    """Pages have Link headers self, alternate, next and prev, and next comes to an end."""
    collection = rest.filled()
    pages = list(rest.pages(small_pages(collection)))
    if len(pages) < 2:
        raise NotTested(f"{collection.url} fits on one page.")
    for page, wanted in ((pages[0], ("self", "next")), (pages[1], ("self", "prev"))):
        missing = [each for each in wanted if page.link(each) is None]
        if missing:
            raise Failure(f"{page} without Link rel={' and '.join(missing)}.", mend="Send the Link header.")
    if len(rest.description.media(collection.operation)) > 1 and pages[0].link("alternate") is None:
        raise Failure(f"{pages[0]} has other media types and no Link rel=alternate.", mend="Link them.")
    if next_of(pages[-1]):
        raise Failure(f"{pages[-1]} is the last page and still has rel=next.")


@rest("paging.items-pattern", "MIM0-M1-items", level="SHOULD", clause=f"{MIM0_1}; OGC 17-069r4, 7.15")
def items_pattern(rest: Rest) -> None:
    """Every collection is at /collections/{id}/items."""
    for collection in rest.collections():
        words = collection.operation.path.strip("/").split("/")
        if len(words) < 3 or words[-3] != "collections" or words[-1] != "items":
            raise Failure(
                f"{collection.operation} is a collection.", mend="Serve it at /collections/{id}/items."
            )
