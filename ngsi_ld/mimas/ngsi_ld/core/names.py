"""Which texts are URIs and which are names (CIM 009 4.6.2, 5.2.1), with a limit to their length.

A URI may be an IRI (RFC 3987). The limit keeps every id and name inside what a B-tree of PostgreSQL can hold.
"""

from __future__ import annotations

import re
from typing import Any, Final

from .errors import BadRequestData

MAX_BYTES: Final = 2000

# RFC 3987 without its finer points: a scheme, then no white space, controls, surrogates, or any of <>"{}|\^`
_URI = re.compile(r'[A-Za-z][A-Za-z0-9+.\-]*:[^\s\x00-\x20<>"{}|\\^`\x7f-\x9f\ud800-\udfff]+')

# CIM 009 4.6.2: a letter, then letters, numbers and "_"; optionally prefix:name. A leading "_" is tolerated.
_NAME = re.compile(r"[^\W\d]\w*(?::[^\W\d]\w*)?")
_SCOPE = re.compile(r"/?[^\W\d_]\w*(?:/[^\W\d_]\w*)*")

_SHOWN = 60


def is_uri(text: Any) -> bool:
    """Whether it is an absolute URI or IRI of bearable length."""
    return isinstance(text, str) and _URI.fullmatch(text) is not None and _fits(text)


def is_name(text: Any) -> bool:
    """Whether it can name a type or an attribute: a short name, prefix:name or a URI."""
    return isinstance(text, str) and (
        (_NAME.fullmatch(text) is not None and _fits(text)) or (":" in text and is_uri(text))
    )


def is_scope(text: Any) -> bool:
    """Whether it is a Scope (CIM 009 4.18): levels of letters, digits and `_`, parted by `/`."""
    return isinstance(text, str) and _SCOPE.fullmatch(text) is not None and _fits(text)


def require_uri(text: Any, what: str) -> str:
    """Return the URI, or refuse it; `what` names it in the error."""
    if is_uri(text):
        return str(text)
    raise BadRequestData(f"{what} must be a URI such as urn:ngsi-ld:Building:1, not {shown(text)}.")


def require_name(text: Any, what: str) -> str:
    """Return the name, or refuse it; `what` names it in the error."""
    if is_name(text):
        return str(text)
    raise BadRequestData(
        f"{what} must be a letter followed by letters, digits or '_' (optionally prefix:name), "
        f"or a URI of at most {MAX_BYTES} bytes, not {shown(text)}."
    )


def shown(value: Any) -> str:
    """A value as an error may show it: short, and in one line."""
    text = ascii(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _fits(text: str) -> bool:
    return len(text) * 4 <= MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) <= MAX_BYTES
