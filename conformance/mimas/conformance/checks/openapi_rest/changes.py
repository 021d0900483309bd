"""Being told of changes: described callbacks, or polling that costs nothing (MIM0 R3.1, R3.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from ...http_server import Received
from ...listener import Inbox
from ...verdicts import Failure, NotApplicable, NotTested, Warn
from .caching import change, conditional
from .collections import Collection, Rest, rest
from .description import Operation, mapping

TOLD = ("MIM0-R3.1", "MIM0-BP04-subscribe")
_EXPRESSION = re.compile(r"\{\$request\.body#/([^}]+)\}")
QUIET = 0.6  # seconds in which what must not come would have come


def subscribing(rest: Rest) -> tuple[Operation, str]:
    """The operation that takes a callback, and the member of its body for the URL."""
    for operation in rest.description.operations():
        for value in mapping(operation.definition.get("callbacks")).values():
            for expression in rest.description.resolve(value):
                found = _EXPRESSION.search(str(expression))
                if operation.method == "post" and found:
                    return operation, found[1]
    raise NotApplicable("No operation describes callbacks.")


def subscribe(rest: Rest, inbox: Inbox, role: str = "token", **members: Any) -> str:
    """Subscribe as the description's example does, to an inbox; gives the subscription's URL."""
    operation, member = subscribing(rest)
    example, url = rest.description.example(operation), rest.description.url(operation)
    if not isinstance(example, dict) or url is None:
        raise NotTested(f"{operation} has no example of its body.")
    body = {**example, **members, member: inbox.url}
    answer = rest.probe.send("POST", url, json=body, role=role)
    answer.expect(200, 201, mend="Take the example of your own description.")
    if "location" not in answer.headers:
        raise Failure(f"{answer} without Location.", mend="Say where the subscription is.")
    place = urljoin(url, answer.headers["location"])
    rest.probe.leave_clean(lambda: _remove(rest, place, role))
    return place


def _remove(rest: Rest, place: str, role: str) -> None:
    rest.probe.send("DELETE", place, role=role).expect(200, 202, 204, 404, 410)


def watched(rest: Rest) -> tuple[Collection, Mapping[str, Any]]:
    """The collection that the example of a subscription watches, or the first that takes items."""
    collection, _, example = rest.creating()
    return collection, example


def says(received: Received, word: str) -> bool:
    """Whether a notification holds a word."""
    return word.encode() in received.body


@rest("changes.are-told", TOLD, clause="OpenAPI 3.1.1, 4.8.18", needs={"write", "listener"})
def told(rest: Rest) -> None:
    """A subscriber is told of a change with the new value, not of others, and no more once it left."""
    subscribing(rest)
    collection, example = watched(rest)
    inbox = rest.probe.listen()
    place = subscribe(rest, inbox)
    seconds = float(rest.probe.option("notification-seconds", 5))
    url = rest.create(collection, example)
    name = url.rpartition("/")[2]
    if not inbox.wait(1, seconds=seconds, where=lambda each: says(each, name)):
        raise Failure(f"Nothing is told of {url} within {seconds:g} s.", mend="Notify of what was created.")
    wanted = _change_watched(rest, url, example, _attributes(rest))
    value = str(next(iter(wanted.values())))
    if not inbox.wait(1, seconds=seconds, where=lambda each: says(each, name) and says(each, value)):
        raise Failure(
            f"No notification holds the new value {value} of {url}.", mend="Tell the state after the change."
        )
    _expect_silence_of_others(rest, url, inbox, name)
    rest.probe.send("DELETE", place).expect(200, 202, 204)
    before = len(inbox.received)
    _change_watched(rest, url, example, _attributes(rest))
    if len(inbox.wait(before + 1, seconds=QUIET)) > before:
        raise Failure(f"{place} was deleted, and still notifies.", mend="Stop when the subscription goes.")


def _attributes(rest: Rest) -> list[str]:
    """The attributes that the example of a subscription watches; empty when it names none."""
    example = mapping(rest.description.example(subscribing(rest)[0]))
    return [str(each) for each in example.get("attributes", ())]


def _change_watched(rest: Rest, url: str, example: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    chosen = {name: example[name] for name in names if name in example} or dict(example)
    return change(rest, url, chosen)


def _expect_silence_of_others(rest: Rest, url: str, inbox: Inbox, name: str) -> None:
    item = rest.get(url).expect(200).json_object()
    watched_names = _attributes(rest)
    other = next(
        (each for each in ("name", "title", "description") if each in item and each not in watched_names),
        None,
    )
    if not watched_names or other is None:
        return
    before = len(inbox.received)
    rest.probe.send("PUT", url, json={**item, other: rest.probe.unique("other")}).expect(200, 204)
    if len(inbox.wait(before + 1, seconds=QUIET)) > before:
        raise Failure(f"A change of `{other}` is told, which nobody watches.", mend="Tell what is watched.")


@rest("changes.by-polling", ("MIM0-R3.1",), clause="RFC 9110, 13", needs={"write"})
def polling(rest: Rest) -> None:
    """Who polls with a condition is answered 304 until something changes, then 200 (accepted fallback)."""
    collection, _, example = rest.creating()
    url = rest.create(collection, example)
    before = rest.get(url).expect(200)
    if "etag" not in before.headers and "last-modified" not in before.headers:
        raise NotTested(f"{before} with neither ETag nor Last-Modified: there is no polling by condition.")
    if conditional(rest, before).status != 304:
        raise Failure(f"{url} is answered anew although nothing changed.", mend="Answer 304.")
    change(rest, url, example)
    after = conditional(rest, before)
    if after.status != 200:
        raise Failure(f"{after} after a change.", mend="Answer 200 with the new state.")
    rest.probe.note("mechanism", "polling with conditions")


@rest("changes.in-more-than-one-way", "MIM0-R3.2", level="MAY")
def several_ways(rest: Rest) -> None:
    """There is more than one way to be told: callbacks, conditional polling, MQTT, NGSI-LD subscriptions."""
    ways = [
        each
        for each in ("mqtt", "asyncapi", "ngsi-ld", "sensorthings")
        if each in rest.probe.target.interfaces
    ]
    answer = rest.get(rest.filled().url)
    if "etag" in answer.headers or "last-modified" in answer.headers:
        ways.append("conditional polling")
    if any(mapping(each.definition.get("callbacks")) for each in rest.description.operations()):
        ways.append("callbacks")
    rest.probe.note("ways", ways)
    if len(ways) < 2:
        raise Warn(f"There is {ways[0] if ways else 'no way'} alone to be told of changes.")
