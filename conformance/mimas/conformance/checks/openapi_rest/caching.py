"""Conditional requests and current values: what is read is what is there (MIM0 best practice)."""

from __future__ import annotations

from typing import Any

from ...answer import Answer
from ...verdicts import Failure, NotTested
from .collections import Rest, id_of, items_of, rest, value_at

CACHING = "MIM0-BP08-caching"
WRITE = {"write"}


@rest("caching.not-modified", CACHING, level="SHOULD", clause="RFC 9110, 13.1.2, 15.4.5")
def not_modified(rest: Rest) -> None:
    """An answer has an ETag or Last-Modified, and asking with it again is answered 304 without a body."""
    answer = rest.get(rest.filled().url).expect(200)
    again = conditional(rest, answer)
    if again.status != 304 or again.body:
        raise Failure(
            f"{again} to the condition of its own answer.", mend="Answer 304 while nothing changed."
        )
    if again.headers.get("etag", answer.headers.get("etag")) != answer.headers.get("etag"):
        raise Failure(f"{again} with another ETag.", mend="Send with 304 the ETag that the 200 would have.")


def conditional(rest: Rest, answer: Answer) -> Answer:
    """What is answered when the condition of an earlier answer goes along."""
    tag, modified = answer.headers.get("etag"), answer.headers.get("last-modified")
    if tag is None and modified is None:
        raise Failure(f"{answer} with neither ETag nor Last-Modified.", mend="Send an ETag.")
    if tag is not None and not tag.removeprefix("W/").startswith('"'):
        raise Failure(f"{answer} with the ETag {tag}, which has no quotes.", mend="Quote it.")
    condition = {"If-None-Match": tag} if tag else {"If-Modified-Since": modified}
    return rest.get(answer.url, headers=condition)


@rest("caching.change-is-seen", CACHING, level="SHOULD", clause="RFC 9110, 8.8.3", needs=WRITE)
def change_is_seen(rest: Rest) -> None:
    """After a change the ETag is another, and the old condition is answered 200."""
    url, body = _new_item(rest)
    before = rest.get(url).expect(200)
    change(rest, url, body)
    after, again = rest.get(url).expect(200), conditional(rest, before)
    if before.headers.get("etag") and before.headers.get("etag") == after.headers.get("etag"):
        raise Failure(f"{after} with the ETag from before the change.", mend="Make it from the content.")
    if again.status == 304:
        raise Failure(f"{again} after the item changed.", mend="Answer 200 with the new content.")


@rest("values.current", "MIM0-BP01-current", level="SHOULD", needs=WRITE)
def current(rest: Rest) -> None:
    """What was written last is what is read, from the item and from its collection."""
    url, body = _new_item(rest)
    wanted = change(rest, url, body)
    collection = rest.creating()[0]
    seen = rest.get(url).expect(200).json_object()
    listed = [
        each
        for page in rest.pages(_biggest(collection))
        for each in items_of(page)
        if id_of(each) == id_of(seen)
    ]
    for where, item in ((url, seen), (collection.url, listed[0] if listed else {})):
        wrong = [name for name, value in wanted.items() if value_at(item, name) != value]
        if wrong:
            raise Failure(
                f"{where} does not show what was written last in {wrong}.", mend="Read what is stored."
            )


def _biggest(collection: Any) -> str:
    from .collections import SIZES

    size = next((each for each in SIZES if each in collection.operation.query_names), None)
    url: str = collection.asking(**({size: 100} if size else {}))
    return url


@rest("values.history", "MIM0-BP02-history", level="SHOULD", needs=WRITE)
def history(rest: Rest) -> None:
    """Values that were written one after another are read back over an interval, both ends included."""
    collection, _, example = rest.creating()
    start = collection.operation.path.rstrip("/") + "/{"
    operation = next(
        (
            each
            for each in rest.description.operations()
            if each.method == "get" and each.path.startswith(start) and "datetime" in each.query_names
            and each.path.count("{") > collection.operation.path.count("{") and not each.path.endswith("}")
        ),
        None,
    )  # fmt: skip
    time_name = next((name for name, value in example.items() if _is_time(value)), None)
    if operation is None or time_name is None:
        raise NotTested("No route below an item describes `datetime`, or items have no time.")
    times = [f"2026-03-0{day}T00:00:00Z" for day in (1, 2, 3, 4)]
    url = rest.create(collection, example, **{time_name: times[0]})
    item = rest.get(url).expect(200).json_object()
    for time in times[1:]:
        rest.probe.send("PUT", url, json={**item, time_name: time}).expect(200, 204)
    past = f"{url}/{operation.path.rpartition('/')[2]}?datetime={times[1]}/{times[2]}"
    found = [each.get(time_name) for each in items_of(rest.get(past).expect(200))]
    if found != times[1:3]:
        raise Failure(f"{past} gives {found}, expected {times[1:3]}.", mend="Keep every value, in order.")


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and len(value) >= 20 and value[10:11] == "T"


@rest("values.projection", "MIM0-BP11-projection", level="MAY")
def projection(rest: Rest) -> None:
    """A described parameter for fields gives just those fields, and the id."""
    collection = rest.filled()
    name = next(
        (
            each
            for each in ("fields", "properties", "select", "$select", "attrs")
            if each in collection.operation.query_names
        ),
        None,
    )
    if name is None:
        raise NotTested(f"{collection.operation} describes no parameter for fields.")
    wanted = next(key for key in collection.items[0] if key not in ("id", "type"))
    for item in items_of(rest.get(collection.asking(**{name: wanted})).expect(200)):
        extra = set(item) - {"id", "@id", "type", wanted}
        if extra or (wanted not in item and "properties" not in item):
            raise Failure(
                f"{collection.url} with {name}={wanted} gives {sorted(item)}.",
                mend="Give what was asked for.",
            )


def _new_item(rest: Rest) -> tuple[str, dict[str, Any]]:
    collection, _, example = rest.creating()
    return rest.create(collection, example), example


def change(rest: Rest, url: str, example: dict[str, Any]) -> dict[str, Any]:
    """Write another value of some member; gives the member with that value."""
    item = rest.get(url).expect(200).json_object()
    for name, value in item.items():
        if name in example and name not in ("id", "type", "@context"):
            new = _other(value)
            if new is not None:
                rest.probe.send("PUT", url, json={**item, name: new}).expect(200, 204)
                return {name: new}
    raise NotTested("The example of an item has no plain value that could be changed.")


def _other(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return value + 1
    return (
        f"{value} changed" if isinstance(value, str) and not _is_time(value) and "://" not in value else None
    )
