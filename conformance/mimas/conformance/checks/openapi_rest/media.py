"""Whether data comes as its label says, over plain HTTP (MIM0 R1.1, R1.2)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator

import orjson

from ...answer import Answer
from ...identity import parse_xml
from ...probe import REDIRECTS
from ...verdicts import Failure, NotTested
from .collections import Rest, items_of, rest
from .description import Operation

FETCHED = ("MIM0-R1.1", "MIM4-C11")
REACHED = ("MIM0-R1.2", "MIM4-C11")


@rest("media.body-is-what-its-label-says", FETCHED, clause="RFC 9110, 8.3")
def labelled(rest: Rest) -> None:
    """Items asked for as JSON come with a JSON media type and parse as JSON, and there are some."""
    for operation in _reading(rest):
        for url in rest.description.urls(operation, 1):
            answer = rest.get(url)
            if answer.status == 200:
                _parse(answer)
    rest.collections()


@rest("media.each-declared-type-is-served", FETCHED, clause="RFC 9110, 12.5.1")
def each_type(rest: Rest) -> None:
    """Each media type that a collection is described with is served when Accept asks for it, and parses."""
    collection = rest.filled()
    declared = [str(each) for each in rest.description.media(collection.operation)]
    if not declared:
        raise NotTested(f"{collection.operation} is described without media types.")
    for media_type in declared:
        answer = rest.get(collection.url, media_type).expect(200)
        if answer.media_type != media_type.partition(";")[0].strip().lower():
            raise Failure(
                f"{answer} as {answer.media_type!r}, asked for {media_type!r}, which is described.",
                mend="Serve it, or describe what is served.",
            )
        _parse(answer)


@rest("media.unacceptable-is-labelled", FETCHED, clause="RFC 9110, 12.5.1")
def unacceptable(rest: Rest) -> None:
    """For an Accept nobody can serve the answer is 406, or something else that is labelled as what it is."""
    answer = rest.get(rest.filled().url, "application/x-nothing")
    if answer.media_type == "application/x-nothing":
        raise Failure(f"{answer} labelled as {answer.media_type}.", mend="Label the body as what it is.")
    if answer.status == 200:
        _parse(answer)
    elif answer.status != 406:
        raise Failure(f"{answer} to an Accept it cannot serve.", mend="Answer 406, or with your default.")


@rest("media.reached-by-plain-get", REACHED, clause="RFC 9110, 9.3.1")
def reached(rest: Rest) -> None:
    """Data is read by one GET with the documented credential: no cookie, no page to log in on."""
    refused = []
    for operation in _reading(rest):
        for url in rest.description.urls(operation, 1):
            answer = rest.get(url)
            if answer.status == 200 and answer.media_type.endswith("json") and items_of(answer):
                return
            if answer.status in (*REDIRECTS, 401, 403) or answer.media_type == "text/html":
                refused.append(answer)
    if not refused:
        raise NotTested("No described GET gives a list of items: nothing could be looked at.")
    raise Failure(
        f"{refused[0]} as {refused[0].media_type or 'nothing'} without a session of a browser.",
        mend="Serve the data to clients that send the documented credential alone.",
    )


def _reading(rest: Rest) -> Iterator[Operation]:
    for operation in rest.description.operations():
        if operation.method == "get" and any("json" in each for each in rest.description.media(operation)):
            yield operation


def _csv(answer: Answer) -> None:
    text = answer.text
    rows = list(csv.reader(io.StringIO(text)))
    if not rows or text.lstrip()[:1] == "<" or len({len(row) for row in rows if row}) > 1:
        raise Failure(f"{answer} with a body that is not CSV: {text[:80]!r}", mend="Send even rows.")


def _rdf(answer: Answer) -> None:
    from rdflib import Graph

    try:
        Graph().parse(data=answer.body, format="turtle")
    except Exception as error:  # rdflib raises what it likes
        raise Failure(f"{answer} with a body that is not Turtle: {error}") from error


_PARSERS: dict[str, Callable[[Answer], object]] = {
    "text/csv": _csv,
    "text/turtle": _rdf,
    "application/xml": parse_xml,
    "text/xml": parse_xml,
}


def _parse(answer: Answer) -> None:
    """Nothing, or the target's Failure when the body is not what Content-Type says."""
    media_type = answer.media_type
    if not media_type:
        raise Failure(f"{answer} without Content-Type.", mend="Say what the body is.")
    if media_type == "text/html":
        raise Failure(f"{answer} with an HTML page where data is due.", mend="Send data, or an error status.")
    if media_type.endswith("json"):
        answer.json()
    elif media_type.endswith("json-seq") or media_type in ("application/x-ndjson", "application/jsonl"):
        for line in filter(None, answer.body.replace(b"\x1e", b"").splitlines()):
            _loads(answer, line)
    elif media_type in _PARSERS:
        _PARSERS[media_type](answer)
    elif media_type.endswith("+xml"):
        parse_xml(answer)


def _loads(answer: Answer, line: bytes) -> None:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise Failure(f"{answer} with a line that is not JSON ({error}).") from error
