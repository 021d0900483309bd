"""Documents that somebody offers: there is one, it can be read, it says what it should, and it is not old."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import yaml

from ...probe import Probe
from ...verdicts import CheckError, Failure, NotTested

YEAR = timedelta(days=366)
LEAST = 40  # characters: less is an empty page
_ISO = re.compile(r"\b(20\d\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\b")
_EUROPEAN = re.compile(r"\b(0?[1-9]|[12]\d|3[01])\.\s?(0?[1-9]|1[0-2])\.\s?(20\d\d)\b")
_PDF_DATE = re.compile(rb"/(?:ModDate|CreationDate)\s*\(D:(20\d\d)(\d\d)(\d\d)")


def text_of(probe: Probe, name: str) -> str:
    """The text of a document; a page without content is a Failure, a PDF's text is not read."""
    body = probe.document(name)
    if body[:5] == b"%PDF-":
        raise NotTested(
            f"The document {name!r} is a PDF, whose text is not read: offer it as text, or attest it."
        )
    text = body.decode("utf-8", "replace")
    if len(text.strip()) < LEAST:
        raise Failure(f"The document {name!r} is empty.", mend="Offer the document itself.")
    return text


def structured(probe: Probe, name: str) -> Any:
    """A document in JSON or YAML as data; CheckError when it is neither."""
    body = probe.document(name)
    try:
        return orjson.loads(body) if body.lstrip()[:1] in (b"{", b"[") else yaml.safe_load(body)
    except (orjson.JSONDecodeError, yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise CheckError(f"The document {name!r} is neither JSON nor YAML: {error}") from error


def rows_of(probe: Probe, name: str) -> list[Mapping[str, Any]]:
    """The rows of a document in CSV or JSON."""
    body = probe.document(name)
    if body.lstrip()[:1] in (b"{", b"["):
        value = structured(probe, name)
        rows = value if isinstance(value, list) else []
    else:
        text = body.decode("utf-8", "replace")
        rows = list(csv.DictReader(io.StringIO(text), delimiter=";" if ";" in text.split("\n")[0] else ","))
    found = [each for each in rows if isinstance(each, Mapping)]
    if not found:
        raise NotTested(f"The document {name!r} has no rows.")
    return found


def dates_in(body: bytes) -> list[date]:
    """Every day that a document names, or a PDF was made on."""
    text = body.decode("utf-8", "replace")
    found = [(int(y), int(m), int(d)) for y, m, d in [*_ISO.findall(text), *_PDF_DATE.findall(body)]]
    found += [(int(y), int(m), int(d)) for d, m, y in _EUROPEAN.findall(text)]
    days = []
    for year, month, day in found:
        try:
            days.append(date(year, month, day))
        except ValueError:
            continue
    return days


def expect_dated(probe: Probe, name: str, within: timedelta = YEAR) -> None:
    """The youngest day that the document names, and that is not to come, is not longer ago than that."""
    today = datetime.now(UTC).date()
    past = [each for each in dates_in(probe.document(name)) if each <= today]
    if not past:
        raise Failure(
            f"The document {name!r} has no date.", mend="Write down when it was made or last reviewed."
        )
    youngest = max(past)
    probe.note(f"{name} dated", youngest.isoformat())
    if today - youngest > within:
        raise Failure(f"The document {name!r} is of {youngest}.", mend="Review it, and date it anew.")


def expect_words(probe: Probe, name: str, *wanted: tuple[str, ...]) -> None:
    """The document speaks of each subject: one of the words of each tuple stands in it."""
    text = text_of(probe, name).lower()
    for words in wanted:
        if not any(word in text for word in words):
            raise Failure(f"The document {name!r} says nothing of {words[0]}.", mend=f"Add {words[0]}.")
