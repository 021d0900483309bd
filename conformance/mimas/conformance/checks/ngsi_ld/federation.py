"""Federation: registered context sources are asked, and do no harm (clauses 4.3.6, 5.9, 6.3.17, 6.3.18).

The checker plays the context source. A broker without registrations is not asked for more: they are optional.
"""

from __future__ import annotations

import threading
from urllib.parse import quote, unquote

import orjson

from ...http_server import Answering, Received, Reply
from ...listener import Inbox
from ...verdicts import CheckError, Failure, NoAnswer, NotTested, Outcome, Warn
from .broker import BASE, JSON, NOT_OFFERED, Broker, Entity, ngsi_ld, offered, path_to, prop

NEEDS = {"write", "listener"}
# A loop is ended by the checker at this depth, so that a broker with the fault takes no harm.
DEEPEST = 4
AS_JSON = {"Content-Type": JSON}


def source_of(*entities: Entity) -> Answering:
    """A context source that has these entities: it lists them all, and finds each by its id."""
    known = {path_to(each): each for each in entities}

    def answer(received: Received) -> Reply:
        place = _resource(received)
        if place in ("/entities", "/entityOperations/query"):
            return Reply(200, orjson.dumps(list(known.values())), AS_JSON)
        found = known.get("/entities/" + quote(unquote(place.removeprefix("/entities/")), safe=""))
        return Reply(200, orjson.dumps(found), AS_JSON) if found else Reply(404, b"{}", AS_JSON)

    return answer


def register(broker: Broker, answering: Answering) -> Inbox:
    """A source of the check's own type, registered until the check ends; NotApplicable where none can be."""
    inbox = broker.probe.listen(answering)
    name = f"urn:ngsi-ld:ContextSourceRegistration:{broker.probe.unique('source')}"
    wanted = {
        "id": name,
        "type": "ContextSourceRegistration",
        "information": [{"entities": [{"type": broker.type}]}],
        "endpoint": inbox.url,
        "operations": ["retrieveOps"],
    }
    place = broker.resource(f"/csourceRegistrations/{quote(name, safe='')}")

    def remove() -> None:
        answer = broker.probe.send("DELETE", place)
        if answer.status not in {200, 204, 410, *NOT_OFFERED}:
            raise CheckError(f"{answer.url} could not be removed: {answer.status}")

    broker.probe.leave_clean(remove)
    answer = broker.call("POST", "/csourceRegistrations", body=wanted)
    broker.needed(offered(answer, "Registering context sources"))
    return inbox


@ngsi_ld("5.7.2", "registered-source-is-queried", "MIM1X-15", level="SHOULD", needs=NEEDS)
def registered_source_is_queried(broker: Broker) -> None:
    """A query finds what a registered context source has beside what the broker itself holds."""
    here, there = broker.create(level=prop(1)), broker.entity(level=prop(2))
    register(broker, source_of(there))
    broker.expect_found(
        {}, [here, there], mend="Forward the query to the source that is registered for the type."
    )


@ngsi_ld("4.5.5", "attributes-of-sources-are-merged", "MIM1X-15", level="SHOULD", needs=NEEDS)
def attributes_of_sources_are_merged(broker: Broker) -> None:
    """An entity of which a registered source knows more comes with the attributes of both, and so once."""
    here = broker.create(level=prop(1))
    register(broker, source_of({"id": here["id"], "type": broker.type, "colour": prop("green")}))
    answer = broker.get(path_to(here), {"type": broker.type}).expect(200)
    missing = [name for name in ("level", "colour") if name not in answer.json_object()]
    if missing:
        raise Failure(
            f"{answer} without {' and '.join(missing)}: one of broker and source was left out.",
            mend="Merge what the broker holds and what the sources say.",
        )
    listed = broker.get("/entities", {"type": broker.type}).expect(200).json_array()
    if [each.get("id") for each in listed] != [here["id"]]:
        raise Failure(f"An entity that two know is listed {len(listed)} times.", mend="Merge by id.")


@ngsi_ld("6.3.17", "failing-source-is-a-warning", "MIM1X-15", level="SHOULD", needs=NEEDS)
def failing_source_is_a_warning(broker: Broker) -> None:
    """When a source fails, the broker still gives what it has, and warns in NGSILD-Warning."""
    here = broker.create(level=prop(1))
    inbox = register(broker, lambda _: Reply(500, b"{}", AS_JSON))
    answer = broker.get("/entities", {"type": broker.type})
    _expect_asked(inbox)
    answer.expect(200, mend="Answer with what is there when a source fails.")
    if here["id"] not in [each.get("id") for each in answer.json_array()]:
        raise Failure(
            f"{answer} without the broker's own entity, as a source failed.", mend="Give what is there."
        )
    if "ngsild-warning" not in answer.headers:
        raise Warn(
            f"{answer} without the header NGSILD-Warning: nobody learns that a source failed.",
            mend='Send NGSILD-Warning: 299 - "..." beside the answer.',
        )


@ngsi_ld("6.3.18", "loops-stop", "MIM1X-15", level="SHOULD", needs=NEEDS)
def loops_stop(broker: Broker) -> None:
    """A registered source that asks this broker again ends in an answer, not in an endless loop."""
    here = broker.create(level=prop(1))
    loop = _Loop(broker)
    inbox = register(broker, loop)
    try:
        answer = broker.get("/entities", {"type": broker.type})
    except NoAnswer as error:
        if not inbox.received:
            raise
        raise Failure(f"The query ends in no answer: {error.message}", mend=_STOP) from error
    _expect_asked(inbox)
    if loop.deepest >= DEEPEST:
        raise Failure(
            f"The broker forwarded a request {DEEPEST} times that had come back to it each time.", mend=_STOP
        )
    found = [each.get("id") for each in answer.expect(200, mend=_STOP).json_array()]
    if found != [here["id"]]:
        raise Failure(f"With a loop, one entity is found {len(found)} times.", mend=_STOP)


_STOP = "Add your alias to Via when forwarding, and forward nothing that has it already."


class _Loop:
    """A context source that has nothing of its own: it asks the broker, as another broker would."""

    def __init__(self, broker: Broker) -> None:
        self.deepest = 0
        self._broker = broker
        self._inside = 0
        self._lock = threading.Lock()

    def __call__(self, received: Received) -> Reply:
        if not _resource(received).startswith("/entities"):
            return Reply(404, b"{}", AS_JSON)
        with self._lock:
            self._inside += 1
            depth = self._inside
            self.deepest = max(self.deepest, depth)
        try:
            return self._ask(received) if depth < DEEPEST else Reply(508, b"{}", AS_JSON)
        finally:
            with self._lock:
                self._inside -= 1

    def _ask(self, received: Received) -> Reply:
        via = ", ".join(each for each in (received.headers.get("via"), "1.1 mimas-check") if each)
        place = self._broker.resource(received.path.removeprefix(BASE))
        try:
            answer = self._broker.probe.send("GET", place, headers={"Accept": JSON, "Via": via})
        except Outcome:
            return Reply(504, b"{}", AS_JSON)
        return Reply(answer.status, answer.body, {"Content-Type": answer.media_type or JSON})


def _expect_asked(inbox: Inbox) -> None:
    if not any(_resource(each).startswith("/entit") for each in inbox.received):
        raise NotTested("The broker did not ask the registered source, and so nothing could go wrong.")


def _resource(received: Received) -> str:
    return received.path.partition("?")[0].removeprefix(BASE)
