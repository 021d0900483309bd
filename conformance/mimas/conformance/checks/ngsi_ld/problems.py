"""Errors (clauses 5.5.2, 5.5.3, 6.3.2): what an error says, and that bad input never breaks the broker."""

from __future__ import annotations

from ...answer import Answer
from ...verdicts import Failure
from .broker import ERRORS, Broker, equal, ngsi_ld, path_to, present, prop, refused

WRITE = {"write"}
TRACES = (
    "Traceback (most recent",
    "\tat java.",
    "\n    at ",
    "Exception in thread",
    "SELECT ",
    "syntax error at",
)


def _not_found(broker: Broker) -> Answer:
    return broker.get(path_to(broker.new_id())).expect(404)


@ngsi_ld("5.5.3", "errors-have-type-and-title", ("MIM1X-12", "MIM0-BP10-errors"))
def type_and_title(broker: Broker) -> None:
    """The body of an error has a type of NGSI-LD and a title, both text."""
    body = _not_found(broker).json_object()
    kind, title = (present(name, body, "The body of the error") for name in ("type", "title"))
    if not str(kind).startswith(ERRORS) or not isinstance(title, str) or not title:
        raise Failure(f"The error has type {kind!r} and title {title!r}.", mend=f"Use a type below {ERRORS}.")


@ngsi_ld("5.5.3", "errors-have-detail", ("MIM1X-12", "MIM0-BP10-errors"), level="SHOULD")
def detail(broker: Broker) -> None:
    """The body of an error has a detail, so that people know what went wrong."""
    present("detail", _not_found(broker).json_object(), "The body of the error")


@ngsi_ld("5.5.3", "status-is-the-status", ("MIM1X-12", "MIM0-BP10-errors"))
def status(broker: Broker) -> None:
    """Where the body of an error names a status it is the status of the answer."""
    body = _not_found(broker).json_object()
    if isinstance(body.get("status"), int):
        equal(body["status"], 404, "`status` in the body of a 404")


@ngsi_ld("5.5.3", "errors-are-alike", ("MIM1X-12", "MIM0-R2.1"))
def errors_are_alike(broker: Broker) -> None:
    """What is not found is answered by the same kind of body on every resource."""
    unknown = broker.new_id()
    for path in (path_to(unknown), f"/subscriptions/{unknown}", f"/types/{broker.type}"):
        answer = broker.get(path).expect(404)
        kind = answer.json_object().get("type")
        equal(kind, f"{ERRORS}ResourceNotFound", f"The type of the error of {answer.url}")


@ngsi_ld("5.5.2", "already-exists", "MIM1X-12", needs=WRITE)
def already_exists(broker: Broker) -> None:
    """The error for an id that is taken is AlreadyExists."""
    refused(broker.call("POST", "/entities", body=broker.create()), 409, error="AlreadyExists")


@ngsi_ld("5.5.2", "bad-request-data", "MIM1X-12", needs=WRITE)
def bad_request_data(broker: Broker) -> None:
    """The error for content that breaks the data model is BadRequestData."""
    entity = broker.entity(level={"type": "Property"})
    refused(broker.try_to_create(entity), error="BadRequestData")


@ngsi_ld("5.5.2", "invalid-request", "MIM1X-12", needs=WRITE)
def invalid_request(broker: Broker) -> None:
    """The error for a body that is no JSON is InvalidRequest."""
    refused(broker.try_to_create('{"id": '), error="InvalidRequest")


@ngsi_ld("5.5.2", "bad-input-is-no-server-error", ("MIM1X-12", "MIM0-BP10-errors"), level="SHOULD")
def bad_input(broker: Broker) -> None:
    """Odd input in queries is answered by a 4xx without a look inside the broker, never by a 5xx."""
    odd = (
        "name=='; DROP TABLE entity; --",
        'name~="(((((["',
        "a" * 3000 + "==1",
        "level==1e999999",
        "\u0000",
    )
    for each in odd:
        answer = broker.get("/entities", {"type": broker.type, "q": each})
        trace = next((word for word in TRACES if word in answer.text), None)
        if answer.status >= 500 or trace:
            raise Failure(
                f"q={each[:40]!r} is answered {answer.status}" + (f" and shows {trace!r}." if trace else "."),
                mend="Check input before it is used, and tell callers nothing of the inside.",
            )


@ngsi_ld(
    "5.5.2", "bad-bodies-are-no-server-error", ("MIM1X-12", "MIM0-BP10-errors"), level="SHOULD", needs=WRITE
)
def bad_bodies(broker: Broker) -> None:
    """Bodies that are no entity at all, or nested very deep, are answered by a 4xx, never by a 5xx."""
    deep = '{"id":"urn:x:deep","type":"T","a":' + '{"value":' * 2000 + "1" + "}" * 2001
    for each in ("[]", "7", '"text"', "null", "{}", deep):
        answer = broker.try_to_create(each)
        if not 400 <= answer.status < 500:
            raise Failure(f"{answer} to {each[:40]!r}.", mend="Refuse what is no entity.")


@ngsi_ld("5.5.2", "errors-change-nothing", ("MIM1X-12", "MIM1X-09"), needs=WRITE)
def errors_change_nothing(broker: Broker) -> None:
    """An update that is refused for one of its attributes leaves the entity as it was."""
    entity = broker.create(level=prop(1), name=prop("x"))
    change = {"level": prop(2), "name": {"type": "Property"}}
    refused(broker.call("PATCH", path_to(entity, "attrs"), body=change))
    equal(broker.stored(entity)["level"].get("value"), 1, "The value after a refused update")
