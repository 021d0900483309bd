"""The rulebook of a data space and its changes (MIM3 RC1): there, readable, dated."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from ...probe import Probe
from ...verdicts import Failure, Warn
from ..declaration import check

SHORTEST = 400
_DATE = re.compile(r"\b(20\d\d)-([01]\d)-([0-3]\d)|\b([0-3]?\d)[./]\s?([01]?\d)[./]\s?(20\d\d)")
_TAG = re.compile(r"<[^>]*>")


@check("DOCUMENT.rulebook", requirement="MIM3-RC1.1", mechanism="documents", documents=("rulebook",))
def rulebook(probe: Probe) -> None:
    """The document `rulebook` is a text that can be read, and long enough to hold rules."""
    text = readable(probe.document("rulebook"), "rulebook")
    if text is not None and len(" ".join(text.split())) < SHORTEST:
        raise Failure(
            f"The rulebook has {len(' '.join(text.split()))} characters.",
            mend="Write down members, roles, obligations, and what happens when rules are broken.",
        )


@check(
    "DOCUMENT.rulebook-changes",
    requirement="MIM3-RC1.2",
    mechanism="documents",
    documents=("rulebook-changes",),
)
def rulebook_changes(probe: Probe) -> None:
    """The document `rulebook-changes` is a list or feed of changes, each with its date."""
    text = readable(probe.document("rulebook-changes"), "rulebook-changes")
    if text is None:
        raise Warn(
            "The changes come as PDF, which nobody can follow.", mend="Publish them as a page or feed."
        )
    dates = [found for each in _DATE.finditer(text) if (found := _date(each))]
    if not dates:
        raise Failure("The list of changes has no date.", mend="Date each change, and name its version.")
    if min(dates) > datetime.now(UTC).date():
        raise Warn("Every change lies in the future.", mend="Keep the changes that were made.")


def readable(body: bytes, name: str) -> str | None:
    """The text of a document; None for a PDF, which is taken as it is; Failure for what nobody reads."""
    if body.startswith(b"%PDF-"):
        return None
    if body[:2] == b"PK":  # an office document is a zip archive
        return None if len(body) > SHORTEST else ""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Failure(
            f"The document {name!r} is neither PDF nor text.", mend="Offer it as PDF, HTML or text."
        ) from error
    if "\x00" in text:
        raise Failure(f"The document {name!r} is no text.", mend="Offer it as PDF, HTML or text.")
    return _TAG.sub(" ", text)


def _date(found: re.Match[str]) -> date | None:
    year, month, day = found[1] or found[6], found[2] or found[5], found[3] or found[4]
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
