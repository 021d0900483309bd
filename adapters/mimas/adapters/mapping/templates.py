"""Templates such as `urn:ngsi-ld:Device:{device}`: named values put into text, and nothing else.

In ids each value is percent-encoded (RFC 3986: everything but letters, digits and `-._~`), so no value
can break out of its place. There are no expressions and no formats: nothing in a template runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from ..messages import MessageRejected
from .problems import MappingProblem, Place
from .scope import MISSING, Getter, Scope

MAX_VALUE = 256
_PART = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*(?:\.[^{}]{1,100})?)\}|([{}])")

Template = Callable[[Scope], str]


def compile_template(text: str, place: Place, *, encode: bool) -> Template:
    """A function that fills `text`; a value that is missing or no plain text or number rejects the record."""
    pieces = _split(text, place)
    match pieces:
        case [str() as constant]:
            return lambda scope: constant
        case [str() as before, (name, get)]:
            return lambda scope: before + _insert(get(scope), name, encode)
        case _:
            return lambda scope: "".join(
                piece if isinstance(piece, str) else _insert(piece[1](scope), piece[0], encode)
                for piece in pieces
            )


def compile_variable(name: str) -> Getter:
    """A getter for a named value: a topic level, a `let`, or `table.column` of a lookup."""
    head, dot, column = name.partition(".")
    if not dot:
        return lambda scope: scope.variables.get(head, MISSING)

    def get(scope: Scope) -> Any:
        row = scope.variables.get(head, MISSING)
        return row.get(column, MISSING) if isinstance(row, dict) else MISSING

    return get


def variables_in(text: str) -> list[str]:
    """The names a template uses, without their columns."""
    return [found[1].partition(".")[0] for found in _PART.finditer(text) if found[1]]


def _split(text: str, place: Place) -> list[str | tuple[str, Getter]]:
    pieces: list[str | tuple[str, Getter]] = []
    position = 0
    for part in _PART.finditer(text):
        if part[2]:
            raise MappingProblem(place, f"a lone {part[2]} in the template", "write {name}")
        if part.start() > position:
            pieces.append(text[position : part.start()])
        pieces.append((part[1], compile_variable(part[1])))
        position = part.end()
    if position < len(text) or not pieces:
        pieces.append(text[position:])
    return pieces


def _insert(value: Any, name: str, encode: bool) -> str:
    if isinstance(value, str):
        text = value.strip()
    elif isinstance(value, int) and not isinstance(value, bool):
        text = str(value) if value.bit_length() < 256 else ""
    else:
        reason = "is missing" if value is MISSING or value is None else "is neither text nor a whole number"
        raise MessageRejected("id", name, reason, "check the path of this value, or filter with accept")
    if not text or len(text) > MAX_VALUE:
        raise MessageRejected("id", name, f"is empty or longer than {MAX_VALUE} characters")
    return _percent_encode(text, name) if encode else text


@lru_cache(maxsize=65536)
def _percent_encode(text: str, name: str) -> str:
    try:
        return quote(text, safe="")
    except UnicodeEncodeError as error:
        raise MessageRejected("id", name, "is not valid Unicode") from error
