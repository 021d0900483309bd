"""How large a query may be. Each limit answers with a clear 4xx instead of work without end."""

from __future__ import annotations

from ..errors import BadRequestData, TooComplexQuery

MAX_TEXT = 65_536
MAX_NAME = 2_048
MAX_TERMS = 500
MAX_DEPTH = 32
MAX_LINKS = 8
MAX_POSITIONS = 10_000


def check_text(text: object, what: str) -> str:
    """Return `text` when it is a string of tolerable length that can be stored and compared."""
    if not isinstance(text, str):
        raise BadRequestData(f"{what} must be a string")
    if len(text) > MAX_TEXT:
        raise TooComplexQuery(f"{what} is longer than {MAX_TEXT} characters")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadRequestData(f"{what} is not valid Unicode", position=error.start) from None
    if "\0" in text:
        raise BadRequestData(f"{what} holds a NUL character", position=text.index("\0"))
    return text
