"""Patterns of `~=` and `idPattern`: extended regular expressions of POSIX that mean the same everywhere.

A pattern is *found in* a string (write `^...$` for the whole of it). Supported: `. [] [^] () | * + ? {m,n}`,
`^`, `$`, named classes (`[[:alpha:]]`), `\\d`, `\\w`, `\\s` and their negations, `(?:`, and lazy quantifiers,
which find the same. Classes mean ASCII. Refused with a 400: back-references, look-around, word boundaries
and collating elements. An automaton runs it in time that grows with the string only, so no pattern can hang
the platform. `Pattern.postgres` is the same for PostgreSQL's `~` and jsonpath's `like_regex ... flag "s"`.
"""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NoReturn

from ..errors import BadRequestData, TooComplexQuery
from .automaton import Automaton, Node, Ranges, build
from .limits import check_text

MAX_PATTERN = 1_024
MAX_GROUPS = 32
MAX_REPEAT = 255
_LAST = 0x10FFFF
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}


def _of(characters: str) -> Ranges:
    return merged(tuple((ord(each), ord(each)) for each in characters))


def merged(ranges: Ranges) -> Ranges:
    """The same characters as sorted ranges without overlaps."""
    result: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if result and low <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(high, result[-1][1]))
        else:
            result.append((low, high))
    return tuple(result)


def complement(ranges: Ranges) -> Ranges:
    """All other characters."""
    result: list[tuple[int, int]] = []
    start = 1
    for low, high in merged(ranges):
        if low > start:
            result.append((start, low - 1))
        start = max(start, high + 1)
    if start <= _LAST:
        result.append((start, _LAST))
    return tuple(result)


ANY = complement(())
_CLASSES = {
    "alpha": _of(string.ascii_letters),
    "digit": _of(string.digits),
    "alnum": _of(string.ascii_letters + string.digits),
    "upper": _of(string.ascii_uppercase),
    "lower": _of(string.ascii_lowercase),
    "space": _of(" \t\n\r\f\v"),
    "blank": _of(" \t"),
    "punct": _of(string.punctuation),
    "xdigit": _of(string.hexdigits),
    "cntrl": ((1, 31), (127, 127)),
    "print": ((32, 126),),
    "graph": ((33, 126),),
}
_SHORT = {
    "d": _CLASSES["digit"],
    "s": _CLASSES["space"],
    "w": _of(string.ascii_letters + string.digits + "_"),
}


@dataclass(frozen=True, slots=True)
class Pattern:
    """A checked pattern; two are equal when their texts are."""

    text: str
    postgres: str = field(compare=False)
    _automaton: Automaton = field(compare=False, repr=False)

    def found_in(self, text: str) -> bool:
        """True when some part of `text` matches."""
        return self._automaton.found_in(text)


@lru_cache(maxsize=256)
def parse_pattern(text: str) -> Pattern:
    """Return the pattern, or BadRequestData with the position of what is not supported."""
    check_text(text, "the pattern")
    if len(text) > MAX_PATTERN:
        raise TooComplexQuery(f"the pattern is longer than {MAX_PATTERN} characters")
    tree = _Parser(text).parse()
    return Pattern(text, f"(?:{_postgres(tree)})", build(tree))


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.groups = 0

    def fail(self, complaint: str) -> NoReturn:
        raise BadRequestData(f"the pattern {complaint} at position {self.position}", position=self.position)

    def peek(self) -> str:
        return self.text[self.position : self.position + 1]

    def next(self) -> str:
        character = self.peek()
        if not character:
            self.fail("ends too early")
        self.position += 1
        return character

    def parse(self) -> Node:
        tree = self.alternatives()
        if self.position < len(self.text):
            self.fail("has a ')' too many")
        return tree

    def alternatives(self) -> Node:
        branches = [self.branch()]
        while self.peek() == "|":
            self.position += 1
            branches.append(self.branch())
        return branches[0] if len(branches) == 1 else Node("alternatives", children=tuple(branches))

    def branch(self) -> Node:
        parts = []
        while self.peek() not in ("", "|", ")"):
            parts.append(self.repeated(self.atom()))
        return Node("sequence", children=tuple(parts))

    def atom(self) -> Node:
        character = self.next()
        if character == "(":
            return self.group()
        if character == "[":
            return Node("set", ranges=self.bracket())
        if character in "^$":
            return Node("start" if character == "^" else "end")
        if character == ".":
            return Node("set", ranges=ANY)
        if character == "\\":
            return Node("set", ranges=self.escape())
        if character in "*+?" or (character == "{" and self.peek().isdigit()):
            self.position -= 1
            self.fail("has a quantifier with nothing to repeat")
        return Node("set", ranges=_of(character))

    def group(self) -> Node:
        if self.peek() == "?":
            if not self.text.startswith("?:", self.position):
                self.fail("uses a group that is not supported")
            self.position += 2
        self.groups += 1
        if self.groups > MAX_GROUPS:
            raise TooComplexQuery(f"the pattern has more than {MAX_GROUPS} nested groups")
        inside = self.alternatives()
        if self.peek() != ")":
            self.fail("lacks a ')'")
        self.position += 1
        self.groups -= 1
        return inside

    def repeated(self, atom: Node) -> Node:
        bounds = self.quantifier()
        if bounds is None:
            return atom
        if atom.kind in ("start", "end"):
            self.fail("repeats an anchor")
        if self.peek() == "?":
            self.position += 1
        if self.quantifier() is not None:
            self.fail("has a quantifier upon a quantifier")
        return Node("repeat", children=(atom,), bounds=bounds)

    def quantifier(self) -> tuple[int, int | None] | None:
        character = self.peek()
        if character and character in "*+?":
            self.position += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[character]
        if character == "{" and self.text[self.position + 1 : self.position + 2].isdigit():
            return self.braces()
        return None

    def braces(self) -> tuple[int, int | None]:
        end = self.text.find("}", self.position)
        low, comma, high = self.text[self.position + 1 : max(end, 0)].partition(",")
        numbers = [low, *([high] if high else [])]
        if end < 0 or not all(each.isascii() and each.isdigit() and len(each) < 4 for each in numbers):
            self.fail("has a malformed {m,n}")
        least = int(low)
        most = int(high) if high else (None if comma else least)
        if max(least, most or 0) > MAX_REPEAT or (most is not None and most < least):
            self.fail(f"repeats more than {MAX_REPEAT} times or has its bounds the wrong way round")
        self.position = end + 1
        return least, most

    def escape(self) -> Ranges:
        character = self.next()
        if character in _SHORT:
            return _SHORT[character]
        if character.lower() in _SHORT:
            return complement(_SHORT[character.lower()])
        if character in _ESCAPES:
            return _of(_ESCAPES[character])
        if character.isalnum():
            self.position -= 1
            self.fail(f"uses \\{character}, which is not supported,")
        return _of(character)

    def bracket(self) -> Ranges:
        negated = self.peek() == "^"
        self.position += negated
        ranges: Ranges = ()
        first = True
        while first or self.peek() != "]":
            ranges += self.bracket_item()
            first = False
        self.position += 1
        ranges = merged(ranges)
        return complement(ranges) if negated else ranges

    def bracket_item(self) -> Ranges:
        character = self.next()
        if character == "[" and self.peek() and self.peek() in ":.=":
            return self.named_class()
        if character == "\\":
            escaped = self.escape()
            if len(escaped) != 1 or escaped[0][0] != escaped[0][1]:
                return escaped
            low = escaped[0][0]
        else:
            low = ord(character)
        if self.peek() != "-" or self.text[self.position + 1 : self.position + 2] in ("]", ""):
            return ((low, low),)
        self.position += 1
        high = self.range_end()
        if high < low:
            self.fail("has a range the wrong way round")
        return ((low, high),)

    def range_end(self) -> int:
        character = self.next()
        if character == "[" and self.peek() and self.peek() in ":.=":
            self.fail("has a class as the end of a range")
        if character != "\\":
            return ord(character)
        escaped = self.escape()
        if len(escaped) != 1 or escaped[0][0] != escaped[0][1]:
            self.fail("has a class as the end of a range")
        return escaped[0][0]

    def named_class(self) -> Ranges:
        end = self.text.find(":]", self.position + 1)
        name = self.text[self.position + 1 : end] if self.peek() == ":" and end > 0 else ""
        if name not in _CLASSES:
            self.fail("uses a character class that is not supported")
        self.position = end + 2
        return _CLASSES[name]


def _postgres(node: Node) -> str:
    match node.kind:
        case "set":
            return _postgres_set(node.ranges)
        case "start" | "end":
            return "^" if node.kind == "start" else "$"
        case "sequence":
            return "".join(_postgres(each) for each in node.children)
        case "alternatives":
            return "(?:" + "|".join(_postgres(each) for each in node.children) + ")"
    least, most = node.bounds
    inside = _postgres(node.children[0])
    return f"(?:{inside}){{{least},{'' if most is None else most}}}"


def _postgres_set(ranges: Ranges) -> str:
    if ranges == ANY:
        return "."
    if not ranges:
        return "[^\\U00000001-\\U0010ffff]"
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return _postgres_character(ranges[0][0])
    others = complement(ranges)
    sign, shown = ("^", others) if ranges[-1][1] == _LAST and others else ("", ranges)
    return f"[{sign}{''.join(_postgres_range(low, high) for low, high in shown)}]"


def _postgres_range(low: int, high: int) -> str:
    first = _postgres_character(low)
    return first if low == high else f"{first}-{_postgres_character(high)}"


def _postgres_character(code: int) -> str:
    character = chr(code)
    return character if character.isascii() and character.isalnum() else f"\\U{code:08x}"
