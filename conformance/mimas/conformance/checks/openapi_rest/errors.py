"""Errors that programs can read and attackers cannot use (MIM0 best practice and mechanism 1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from ...answer import Answer
from ...verdicts import Failure
from .collections import SIZES, Rest, rest

ERRORS = "MIM0-BP10-errors"
PROBLEM = "application/problem+json"
INSIDES = re.compile(
    r"Traceback \(most recent|^\s+at [\w.$]+\(|Exception in thread|\bSQLSTATE\b|syntax error at or near"
    r"|ORA-\d{5}|\bstack_?trace\b|psycopg|asyncpg\.|SELECT .+ FROM |/site-packages/|org\.springframework"
    r"|\.java:\d+\)",
    re.IGNORECASE | re.MULTILINE,
)


def provoked(rest: Rest) -> Iterator[Answer]:
    """Answers to requests that are wrong in one way each."""
    collection = rest.filled()
    size = next((each for each in SIZES if each in collection.operation.query_names), "limit")
    yield rest.get(rest.item_url(collection, rest.probe.unique("nothing")))
    yield rest.get(collection.asking(**{size: "abc"}))
    yield rest.get(collection.url, "application/x-nothing")
    yield _wrong(rest)


def _wrong(rest: Rest) -> Answer:
    """The answer to a method that a collection does not have; a harmless one where nothing may be written."""
    collection = rest.filled()
    described = {
        each.method for each in rest.description.operations() if each.path == collection.operation.path
    }
    may_write = rest.probe.target.writes != "none" and "patch" not in described
    url = urlsplit(collection.url)._replace(query="").geturl()
    sent = {"Accept": "application/json"}
    return rest.probe.send("PATCH" if may_write else "PROPFIND", url, headers=sent)


@rest("errors.are-structured", ERRORS, level="SHOULD", clause="RFC 9457")
def structured(rest: Rest) -> None:
    """Errors of clients are 4xx with a problem document whose members have the right types."""
    for answer in provoked(rest):
        if answer.status >= 500:
            raise Failure(f"{answer} to a mistake of the client.", mend="Answer 4xx and say what is wrong.")
        if answer.status < 400 or not answer.body:
            continue
        if not answer.media_type.endswith("json"):
            raise Failure(f"{answer} with an error as {answer.media_type!r}.", mend=f"Send {PROBLEM}.")
        _well_formed(answer)


def _well_formed(answer: Answer) -> None:
    body = answer.json_object()
    for name in ("type", "title", "detail", "instance"):
        if name in body and not isinstance(body[name], str):
            raise Failure(f"{answer}: `{name}` of the problem is no text.", mend="See RFC 9457, 3.1.")
    status = body.get("status")
    if isinstance(status, int) and status != answer.status:
        raise Failure(f"{answer} with a problem that says {status}.", mend="Say the same in both places.")


@rest("errors.show-no-insides", (ERRORS, "MIM6-D01"), level="SHOULD", clause="OWASP API8:2023")
def no_insides(rest: Rest) -> None:
    """Errors show neither stack traces nor SQL."""
    for answer in provoked(rest):
        found = INSIDES.search(answer.text) if answer.status >= 400 else None
        if found:
            raise Failure(f"{answer} and shows {found[0]!r}.", mend="Keep that for your log.")


@rest("errors.are-problem-details", "MIM0-M1-problem", clause="MIM0 Mechanism 1; RFC 9457")
def problem_details(rest: Rest) -> None:
    """Errors are application/problem+json with type, title, status and detail."""
    for answer in provoked(rest):
        if answer.status < 400:
            continue
        if answer.media_type != PROBLEM:
            raise Failure(f"{answer} with an error as {answer.media_type!r}.", mend=f"Send {PROBLEM}.")
        body = answer.json_object()
        missing = {"type", "title", "status", "detail"} - body.keys()
        if missing or not isinstance(body.get("status"), int):
            raise Failure(
                f"{answer} with a problem that lacks {', '.join(sorted(missing)) or 'a number in status'}."
            )
        _well_formed(answer)


@rest("errors.wrong-method-says-what-is-allowed", ERRORS, level="SHOULD", clause="RFC 9110, 15.5.6")
def wrong_method(rest: Rest) -> None:
    """A method that a resource does not have is answered 405 with Allow, and a path that is none 404."""
    answer = _wrong(rest)
    if answer.status not in (405, 501) or (answer.status == 405 and "allow" not in answer.headers):
        raise Failure(f"{answer}, Allow {answer.headers.get('allow')!r}.", mend="Answer 405 with Allow.")
    nowhere = rest.get(f"{rest.description.base}/{rest.probe.unique('nowhere')}")
    if nowhere.status != 404:
        raise Failure(f"{nowhere} for a path that does not exist.", mend="Answer 404.")
