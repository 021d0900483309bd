"""@context: where it comes from, what it does, where it goes (clauses 4.4, 5.5.5 to 5.5.7, 6.3.5, 6.3.6)."""

from __future__ import annotations

from urllib.parse import quote

from ...answer import Answer
from ...http_server import Reply
from ...verdicts import Failure, NotTested
from .broker import (
    CONTEXT_RELATION,
    CORE,
    JSON,
    LD_JSON,
    Broker,
    absent,
    equal,
    ngsi_ld,
    path_to,
    point,
    present,
    prop,
    refused,
)

WRITE = {"write"}
LISTENS = {"listener"}
BOTH = {"write", "listener"}
OWN = "https://example.org/mimas-check/"


USER_CONTEXT = Reply(200, f'{{"@context": {{"colour": "{OWN}colour"}}}}'.encode(), {"Content-Type": LD_JSON})
NO_CONTEXT = Reply(200, b"no context", {"Content-Type": "text/plain"})


def _asked_with(
    broker: Broker, context: Reply, path: str, query: dict[str, str | int] | None = None
) -> Answer:
    """The answer to a GET whose Link leads to an @context at the checker's listener."""
    inbox = broker.probe.listen(lambda _: context)
    url = f"{inbox.url}/context.jsonld"
    broker.probe.leave_clean(lambda: _forget(broker, url))
    answer = broker.get(path, query, context=url)
    if answer.status >= 400 and not inbox.received:
        raise NotTested(f"The broker did not fetch the checker's @context, perhaps it may not: {answer}.")
    return answer


def _forget(broker: Broker, url: str) -> None:
    """Drop what the broker may have cached of our @context (5.13.5); not every broker lets its users."""
    if broker.probe.target.writes != "none":
        broker.call("DELETE", f"/jsonldContexts/{quote(url, safe='')}")


@ngsi_ld("6.3.5", "ld-json-needs-context", "MIM1X-11", needs=WRITE)
def ld_json_needs_context(broker: Broker) -> None:
    """An entity sent as application/ld+json without @context in its body is answered 400."""
    refused(broker.try_to_create(broker.entity(), LD_JSON))


@ngsi_ld("6.3.5", "json-refuses-context-in-body", "MIM1X-11", needs=WRITE)
def json_refuses_context(broker: Broker) -> None:
    """An entity sent as application/json with @context in its body is answered 400."""
    refused(broker.try_to_create({**broker.entity(), "@context": CORE}))


@ngsi_ld("6.3.5", "ld-json-refuses-link", "MIM1X-11", needs=WRITE)
def ld_json_refuses_link(broker: Broker) -> None:
    """An entity sent as application/ld+json together with a Link to an @context is answered 400."""
    refused(broker.try_to_create({**broker.entity(), "@context": CORE}, LD_JSON, context=CORE))


@ngsi_ld("6.3.5", "ld-json-with-context-is-taken", "MIM1X-11", needs=WRITE)
def ld_json_with_context(broker: Broker) -> None:
    """An entity sent as application/ld+json with the core context in its body is created."""
    answer = broker.try_to_create({**broker.entity(), "@context": CORE}, LD_JSON)
    answer.expect(201, mend="Take JSON-LD whose body names its @context.")


@ngsi_ld("6.3.6", "json-links-its-context", "MIM1X-11")
def json_links_context(broker: Broker) -> None:
    """An entity in application/json comes with a Link header to the @context that explains it."""
    answer = broker.get(path_to(broker.sample())).expect(200)
    if not answer.link(CONTEXT_RELATION):
        raise Failure(
            f"{answer} without Link to an @context.", mend=f"Send Link with rel={CONTEXT_RELATION}."
        )
    absent("@context", answer.json_object(), "The entity in application/json")


@ngsi_ld("6.3.6", "ld-json-carries-its-context", "MIM1X-11")
def ld_json_carries_context(broker: Broker) -> None:
    """An entity in application/ld+json carries its @context."""
    answer = broker.get(path_to(broker.sample()), accept=LD_JSON).expect(200)
    present("@context", answer.json_object(), "The entity in application/ld+json")


@ngsi_ld("6.3.6", "each-of-a-list-carries-its-context", "MIM1X-11")
def list_carries_context(broker: Broker) -> None:
    """In a list in application/ld+json each entity carries its @context."""
    answer = broker.get("/entities", {"type": broker.sample()["_asked"], "limit": 2}, accept=LD_JSON)
    for each in answer.expect(200).json_array():
        present("@context", each, "An entity of the list in application/ld+json")


@ngsi_ld("5.5.7", "terms-are-expanded", "MIM1X-11", needs=WRITE)
def terms_are_expanded(broker: Broker) -> None:
    """A term that the sender's @context defines is stored as its IRI, whoever reads it later."""
    entity = {**broker.entity(colour=prop("red")), "@context": [{"colour": f"{OWN}colour"}, CORE]}
    broker.needed(broker.try_to_create(entity, LD_JSON))
    present(f"{OWN}colour", broker.stored(entity), "Read without the sender's @context, the entity")


@ngsi_ld("5.5.7", "terms-are-compacted", "MIM1X-11", needs=BOTH)
def terms_are_compacted(broker: Broker) -> None:
    """An IRI comes back as the term that the reader's @context (Link header) has for it."""
    entity = broker.create(**{f"{OWN}colour": prop("red")})
    answer = _asked_with(broker, USER_CONTEXT, path_to(entity)).expect(200)
    present("colour", answer.json_object(), "Read with an @context that has a term for it, the entity")


@ngsi_ld("5.5.7", "terms-in-queries-are-expanded", ("MIM1X-11", "MIM1X-05"), needs=BOTH)
def terms_in_queries(broker: Broker) -> None:
    """A term in `q` means what the @context of the request (Link header) says."""
    own = broker.create(**{f"{OWN}colour": prop("red")})
    broker.create(colour=prop("red"))
    query: dict[str, str | int] = {"type": broker.type, "q": 'colour=="red"'}
    answer = _asked_with(broker, USER_CONTEXT, "/entities", query).expect(200)
    equal([each.get("id") for each in answer.json_array()], [own["id"]], "What q=colour finds")


@ngsi_ld("5.5.7", "full-names-in-paths", "MIM1X-11", needs=WRITE)
def full_names_in_paths(broker: Broker) -> None:
    """An attribute can be addressed by its full IRI, percent-encoded, in the path."""
    entity = broker.create(**{f"{OWN}colour": prop("red")})
    broker.call("DELETE", path_to(entity, "attrs", f"{OWN}colour")).expect(204)
    absent(f"{OWN}colour", broker.stored(entity), "After the attribute was deleted, the entity")


@ngsi_ld("5.5.7", "core-terms-stay", "MIM1X-11", needs=WRITE)
def core_terms_stay(broker: Broker) -> None:
    """A sender's @context cannot change the meaning of a core term; it has no effect or is refused."""
    location = {"type": "GeoProperty", "value": point(14.42, 50.09)}
    context = [{"location": f"{OWN}location"}, CORE]
    entity = {**broker.entity(location=location), "@context": context}
    answer = broker.try_to_create(entity, LD_JSON).expect(201, 400)
    if answer.status == 201:
        present("location", broker.stored(entity), "Although the core context wins, the entity")


@ngsi_ld("5.5.6", "missing-context-is-an-error", "MIM1X-11", needs=LISTENS)
def missing_context(broker: Broker) -> None:
    """An @context that cannot be had is answered 504 (503 before V1.9), not overlooked."""
    answer = _asked_with(broker, Reply(404), "/entities", {"type": broker.type})
    refused(answer, 503, 504, error="LdContextNotAvailable")


@ngsi_ld("5.5.6", "invalid-context-is-an-error", "MIM1X-11", needs=LISTENS)
def invalid_context(broker: Broker) -> None:
    """An @context that is none is answered 400, or 503 or 504, not overlooked."""
    refused(_asked_with(broker, NO_CONTEXT, "/entities", {"type": broker.type}), 400, 503, 504)


@ngsi_ld("4.4", "at-id-and-at-type-are-taken", "MIM1X-11", level="MAY", needs=WRITE)
def at_id_and_at_type(broker: Broker) -> None:
    """JSON-LD's own names @id and @type are taken for id and type."""
    entity = broker.entity()
    answer = broker.try_to_create(
        {"@id": entity["id"], "@type": entity["type"], "@context": CORE}, LD_JSON
    ).expect(201)
    equal(broker.stored(entity).get("id"), entity["id"], f"The id of what {answer.url} made")


@ngsi_ld("4.4", "unknown-terms-come-back-short", "MIM1X-11", needs=WRITE)
def unknown_terms(broker: Broker) -> None:
    """Without an @context of the user, names come back as they were sent."""
    entity = broker.create(colour=prop("red"))
    answer = broker.get(path_to(entity), accept=JSON).expect(200)
    present("colour", answer.json_object(), "The entity")
    equal(answer.json_object().get("type"), entity["type"], "The entity's type")
