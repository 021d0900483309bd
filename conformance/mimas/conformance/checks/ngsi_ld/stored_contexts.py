"""The @contexts that a broker keeps for its users (clause 5.13), an optional part."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urljoin

from ...answer import Answer
from ...verdicts import Failure
from .broker import JSON, Broker, equal, ngsi_ld, offered, path_to, present, prop, refused

WRITE = {"write"}
NAME = "https://example.org/mimas-check/colour"
CONTEXT = {"@context": {"colour": NAME}}
PATH = "/jsonldContexts"


def _post(broker: Broker, body: Any) -> Answer:
    answer = offered(broker.call("POST", PATH, body=body), "Keeping @contexts")
    if answer.status == 201:
        broker.probe.delete_afterwards(_place(broker, answer))
    return answer


def _place(broker: Broker, answer: Answer) -> str:
    """Where the new context is."""
    location: str = present("location", answer.headers, "The answer to a creation")
    relative = location.startswith("/") and not location.startswith("/ngsi-ld")
    return urljoin(answer.url, broker.resource(location) if relative else location)


def _kept(broker: Broker) -> str:
    return _place(broker, broker.needed(_post(broker, CONTEXT)))


@ngsi_ld("5.13.2", "add-answers-201", "MIM1X-11", level="SHOULD", needs=WRITE)
def add_answers_201(broker: Broker) -> None:
    """Adding an @context answers 201 with its Location."""
    _place(broker, _post(broker, CONTEXT).expect(201))


@ngsi_ld("5.13.2", "add-refuses-what-is-none", "MIM1X-11", level="SHOULD", needs=WRITE)
def add_refuses(broker: Broker) -> None:
    """Adding what is no JSON, or an object without @context, is answered 400."""
    refused(_post(broker, "no json"))
    refused(_post(broker, {"colour": NAME}))


@ngsi_ld("5.13.3", "contexts-are-listed", "MIM1X-11", level="SHOULD", needs=WRITE)
def contexts_are_listed(broker: Broker) -> None:
    """The @contexts that are kept are listed, those of users by kind=Hosted."""
    local = unquote(_kept(broker)).rpartition("/")[2]
    answer = broker.get(PATH, {"kind": "Hosted"}).expect(200)
    if not any(local in unquote(str(each)) for each in answer.json_array()):
        raise Failure(f"{answer} without the @context that was just added.")


@ngsi_ld("5.13.4", "contexts-are-served", "MIM1X-11", level="SHOULD", needs=WRITE)
def contexts_are_served(broker: Broker) -> None:
    """An @context that is kept is served as it was added."""
    found = broker.probe.get(_kept(broker), Accept=JSON).expect(200).json_object()
    equal(found.get("@context"), CONTEXT["@context"], "The @context that is served")


@ngsi_ld("5.13.4", "unknown-context-is-404", "MIM1X-11", level="SHOULD")
def unknown_context(broker: Broker) -> None:
    """Asking for an @context that is not kept answers 404."""
    offered(broker.get(PATH), "Keeping @contexts").expect(200)
    refused(broker.get(f"{PATH}/{broker.probe.unique()}"), 404)


@ngsi_ld("5.13.5", "contexts-are-deleted", "MIM1X-11", level="SHOULD", needs=WRITE)
def contexts_are_deleted(broker: Broker) -> None:
    """Deleting an @context answers 204; it is gone."""
    place = _kept(broker)
    broker.probe.send("DELETE", place).expect(204)
    refused(broker.probe.get(place, Accept=JSON), 404)


@ngsi_ld("5.13.2", "contexts-can-be-used", "MIM1X-11", level="SHOULD", needs=WRITE)
def contexts_can_be_used(broker: Broker) -> None:
    """An @context that is kept can be named in the Link of a request."""
    entity, place = broker.create(**{NAME: prop("red")}), _kept(broker)
    found = broker.get(path_to(entity), context=place).expect(200).json_object()
    present("colour", found, "Read with the kept @context the entity")
