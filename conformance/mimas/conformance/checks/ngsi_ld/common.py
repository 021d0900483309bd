"""Behaviour common to all resources: media types, parameters, methods (clause 6.3)."""

from __future__ import annotations

from ...verdicts import Failure
from .broker import CONTEXT_RELATION, GEO_JSON, JSON, LD_JSON, Broker, ngsi_ld, path_to, refused

WRITE = {"write"}


def _labelled(broker: Broker, accept: str, media_type: str) -> None:
    answer = broker.get("/entities", {"type": broker.sample()["_asked"], "limit": 2}, accept=accept)
    answer.expect(200)
    if answer.media_type != media_type:
        raise Failure(
            f"{answer} to Accept {accept} as {answer.media_type!r}, expected {media_type!r}.",
            mend="Choose the representation by Accept and say it in Content-Type.",
        )
    answer.json()


@ngsi_ld("6.3.4", "json-is-labelled-json", "MIM0-R1.1")
def json_is_labelled(broker: Broker) -> None:
    """Entities asked for as application/json come as application/json, and are JSON."""
    _labelled(broker, JSON, JSON)


@ngsi_ld("6.3.4", "any-type-means-json", "MIM0-R1.1")
def any_type_means_json(broker: Broker) -> None:
    """With Accept */* entities come as application/json."""
    _labelled(broker, "*/*", JSON)


@ngsi_ld("6.3.4", "ld-json-on-request", "MIM0-R1.1")
def ld_json_on_request(broker: Broker) -> None:
    """Entities asked for as application/ld+json come as application/ld+json."""
    _labelled(broker, LD_JSON, LD_JSON)


@ngsi_ld("6.3.4", "quality-decides", "MIM0-R1.1", level="SHOULD")
def quality_decides(broker: Broker) -> None:
    """The media type with the higher q-value in Accept is the one that comes."""
    _labelled(broker, f"{JSON};q=0.1, {LD_JSON};q=0.9", LD_JSON)


@ngsi_ld("6.3.4", "geo-json-on-request", ("MIM0-R1.1", "MIM1X-05"), level="SHOULD")
def geo_json_on_request(broker: Broker) -> None:
    """Entities asked for as application/geo+json come as application/geo+json."""
    _labelled(broker, GEO_JSON, GEO_JSON)


@ngsi_ld("6.3.4", "unacceptable-is-406", "MIM0-R1.1")
def unacceptable(broker: Broker) -> None:
    """Entities asked for in a media type that NGSI-LD does not have are answered 406."""
    query = {"type": broker.sample()["_asked"], "limit": 1}
    refused(
        broker.get("/entities", query, accept="text/turtle"),
        406,
        mend="Answer 406 when no media type of Accept can be served.",
    )


@ngsi_ld("6.3.4", "foreign-content-type-is-415", "MIM1X-01", needs=WRITE)
def foreign_content_type(broker: Broker) -> None:
    """An entity sent as text/plain is answered 415."""
    refused(broker.try_to_create(broker.entity(), "text/plain"), 415)


@ngsi_ld("6.3.2", "wrong-method-is-405", "MIM1X-01", needs=WRITE)
def wrong_method(broker: Broker) -> None:
    """A method that a resource does not have is answered 405 and names those it has in Allow."""
    answer = broker.call("PATCH", "/types", body={})
    refused(answer, 405, mend="Answer 405 with Allow.")
    if "GET" not in answer.headers.get("allow", "").upper():
        raise Failure(f"{answer} with Allow {answer.headers.get('allow')!r}.", mend="Name GET in Allow.")


@ngsi_ld("6.3.20", "unknown-parameter-is-400", "MIM1X-05", level="SHOULD")
def unknown_parameter(broker: Broker) -> None:
    """A query parameter that the operation does not have is answered 400 (InvalidRequest)."""
    query = {"type": broker.sample()["_asked"], "limit": 1, "mimasUnknown": 1}
    refused(broker.get("/entities", query), error="InvalidRequest")


@ngsi_ld("6.3.20", "unknown-option-is-400", "MIM1X-05", level="SHOULD")
def unknown_option(broker: Broker) -> None:
    """A value of `options` that does not exist is answered 400 (InvalidRequest)."""
    query = {"type": broker.sample()["_asked"], "limit": 1, "options": "mimasUnknown"}
    refused(broker.get("/entities", query), error="InvalidRequest")


@ngsi_ld("6.3.6", "errors-are-json", "MIM1X-12")
def errors_are_json(broker: Broker) -> None:
    """The body of an error is JSON and labelled as such, whatever Accept says of the entities."""
    answer = broker.get(path_to(broker.new_id()), accept=LD_JSON)
    answer.expect(404)
    if answer.media_type not in (JSON, "application/problem+json"):
        raise Failure(
            f"{answer} with an error labelled {answer.media_type!r}.", mend=f"Send errors as {JSON}."
        )
    answer.json_object()


@ngsi_ld("6.3.6", "errors-link-no-context", "MIM1X-11", level="SHOULD")
def errors_link_no_context(broker: Broker) -> None:
    """An error answer names no @context in a Link header, as it has no terms."""
    answer = broker.get(path_to(broker.new_id())).expect(404)
    if answer.link(CONTEXT_RELATION):
        raise Failure(f"{answer} with a Link to an @context.", mend="Leave the Link out of error answers.")


@ngsi_ld("6.3.2", "204-has-no-body", "MIM1X-01", needs=WRITE)
def no_content_has_no_body(broker: Broker) -> None:
    """A success without content says so: a 204 names no Content-Length but 0, and no media type."""
    answer = broker.call("DELETE", path_to(broker.create())).expect(204)
    if answer.body or answer.headers.get("content-length", "0") != "0" or answer.media_type:
        raise Failure(f"{answer} and announces a body.", mend="Send neither body nor Content-Type with 204.")
