"""Reads a query text from left to right; every complaint says where."""

from __future__ import annotations

import json
import re
from typing import NoReturn

from ..errors import BadRequestData
from .limits import MAX_NAME, check_text

_NAME = re.compile(r"[^\W\d_]\w*(?::[^\W\d_]\w*)?")  # CIM 009 4.6.2: letters, numbers and _, with one prefix
_SHORT_NAME = re.compile(r"[^\W\d_]\w*")
_BARE_IRI = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://|urn:)[^\s=!<>~;|()\[\]{},\"]+")
_QUOTED_IRI = re.compile(r"<([^<>\s\"]+)>")


class Scanner:
    """A text and how far it has been read."""

    __slots__ = ("position", "text", "what")

    def __init__(self, text: object, what: str) -> None:
        self.text = check_text(text, what)
        self.what = what
        self.position = 0

    def fail(self, complaint: str, position: int | None = None) -> NoReturn:
        """Refuse the text, naming the position."""
        at = self.position if position is None else position
        raise BadRequestData(f"{self.what}: {complaint} at position {at}", position=at)

    @property
    def at_end(self) -> bool:
        """True when nothing is left."""
        return self.position >= len(self.text)

    def peek(self) -> str:
        """The next character, or nothing at the end."""
        return self.text[self.position : self.position + 1]

    def take(self, expected: str) -> bool:
        """Read `expected` when it comes next."""
        if not self.text.startswith(expected, self.position):
            return False
        self.position += len(expected)
        return True

    def expect(self, expected: str) -> None:
        """Read `expected` or refuse the text."""
        if not self.take(expected):
            found = repr(self.peek()) if not self.at_end else "the end"
            self.fail(f"expected {expected!r}, found {found}")

    def match(self, pattern: re.Pattern[str]) -> str | None:
        """Read what `pattern` matches here."""
        found = pattern.match(self.text, self.position)
        if found is None:
            return None
        self.position = found.end()
        return found.group()

    def name(self, *, what: str = "a name") -> str:
        """Read a short name, prefix:name, bare IRI (up to the next operator) or `<IRI>`."""
        start = self.position
        quoted = _QUOTED_IRI.match(self.text, start)
        if quoted is not None:
            self.position = quoted.end()
            found: str | None = quoted.group(1)
        else:
            found = self.match(_BARE_IRI) or self.match(_NAME)
        if found is None:
            self.fail(f"expected {what}")
        if len(found) > MAX_NAME:
            raise BadRequestData(f"{self.what}: a name is longer than {MAX_NAME} characters", position=start)
        return found

    def string(self) -> str:
        """Read a JSON string; the opening quote comes next."""
        start = self.position
        try:
            value, self.position = json.JSONDecoder().raw_decode(self.text, start)
        except ValueError:
            self.fail("the string is not a JSON string", start)
        try:
            return check_text(value, f"{self.what}: a string")
        except BadRequestData:
            self.fail("the string holds NUL or a lone surrogate", start)


def name_text(name: str) -> str:
    """The name as `Scanner.name` reads it back: all but short names in angle brackets."""
    return name if _SHORT_NAME.fullmatch(name) else f"<{name}>"
