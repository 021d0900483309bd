"""The `q` filter (CIM 009 4.9): text to tree.

    query  = all *("|" all)        all = term *(";" term)
    term   = "(" query ")" | "!" target | target [comparison]
    target = path | relationship "{" [type *("," type) ":"] target "}"
    path   = name *("." name) ["[" member *("." member) "]"]

Parentheses nest up to a limit. Extensions: `!attr`, IRIs as names (`<iri>` where they hold dots before a
sub-attribute), quoted patterns. Members in brackets are taken as given, so `jsonKeys` changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

from ..errors import BadRequestData, TooComplexQuery
from .limits import MAX_DEPTH, MAX_LINKS, MAX_TERMS
from .literals import Range, Scalar, Temporal, data_type, read_number, read_temporal
from .posix_regex import parse_pattern
from .q_tree import (
    INSTANTS,
    And,
    Compares,
    Equals,
    Exists,
    Linked,
    Matches,
    Node,
    Not,
    Or,
    Order,
    Path,
    Term,
    attribute_names,
    linked_depth,
    terms,
    to_text,
)
from .scanner import Scanner

__all__ = [
    "And", "Compares", "Equals", "Exists", "Linked", "Matches", "Node", "Not", "Or", "Path", "Range",
    "Temporal", "Term", "attribute_names", "linked_depth", "parse_query", "terms", "to_text",
]  # fmt: skip

_OPERATOR = re.compile(r"!~=|~=|==|!=|>=|<=|>|<")
_MEMBER = re.compile(r"\*|[^\W\d][\w@$:#/-]*|[@$][\w@$:#/-]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_TIMES = re.compile(
    r"[0-9]{2,4}[:-][0-9:T-]+(?:[.,][0-9]{1,6}(?=Z))?Z?"
)  # a comma may also begin the next value
_WORD = re.compile(r"[^\s;|(),\"\[\]{}<>!=~]+")
_BARE_PATTERN = re.compile(r"\\.|[^\\]", re.DOTALL)
# These hold or describe a value; they are no attributes (CIM 009 4.5.2.2).
_NO_ATTRIBUTES = frozenset(
    {
        "type", "value", "object", "languageMap", "json", "vocab", "valueList", "objectList", "entity",
        "entityList", "@context", "@id", "@type",
    }
)  # fmt: skip


def parse_query(
    text: Any,
    expand: Callable[[str], str],
    *,
    expand_values: Any = "",
    json_keys: Any = "",
) -> Node:
    """Return the tree of `text`, names expanded to stored names by `expand`.

    `expand_values` lists (comma-separated) the attributes whose query values are expanded too, as those of
    a VocabProperty are when they are stored; they may be bare words.
    """
    names = _name_list(expand_values, "expandValues", expand)
    _name_list(json_keys, "jsonKeys", expand)
    parser = _Parser(Scanner(text, "q"), expand, names)
    return parser.parse()


def _name_list(text: Any, what: str, expand: Callable[[str], str]) -> frozenset[str]:
    if not text:
        return frozenset()
    scanner = Scanner(text, what)
    names = {expand(scanner.name())}
    while scanner.take(","):
        names.add(expand(scanner.name()))
    if not scanner.at_end:
        scanner.fail(f"unexpected {scanner.peek()!r}")
    return frozenset(names)


class _Parser:
    def __init__(
        self,
        scanner: Scanner,
        expand: Callable[[str], str],
        expanded: frozenset[str],
    ) -> None:
        self.scanner = scanner
        self.expand = expand
        self.expanded = expanded
        self.terms = 0
        self.depth = 0

    def parse(self) -> Node:
        node = self.any_of()
        if not self.scanner.at_end:
            self.scanner.fail(f"unexpected {self.scanner.peek()!r}")
        return node

    def any_of(self) -> Node:
        operands = [self.all_of()]
        while self.scanner.take("|"):
            operands.append(self.all_of())
        return operands[0] if len(operands) == 1 else Or(tuple(operands))

    def all_of(self) -> Node:
        operands = [self.factor()]
        while self.scanner.take(";"):
            operands.append(self.factor())
        return operands[0] if len(operands) == 1 else And(tuple(operands))

    def factor(self) -> Node:
        if not self.scanner.take("("):
            return self.term()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise TooComplexQuery(f"q nests deeper than {MAX_DEPTH} levels", position=self.scanner.position)
        node = self.any_of()
        self.scanner.expect(")")
        self.depth -= 1
        return node

    def term(self) -> Node:
        self.terms += 1
        if self.terms > MAX_TERMS:
            raise TooComplexQuery(f"q has more than {MAX_TERMS} terms", position=self.scanner.position)
        negated = self.scanner.take("!")
        links, path = self.target()
        node: Term = Exists(path) if negated else self.comparison(path)
        for relationship, types in reversed(links):
            node = Linked(relationship, types, node)
        return Not(cast("Exists | Linked", node)) if negated else node

    def target(self) -> tuple[list[tuple[str, tuple[str, ...]]], Path]:
        links: list[tuple[str, tuple[str, ...]]] = []
        while True:
            types = self.type_hint() if links else ()
            if types:
                links[-1] = (links[-1][0], types)
            name = self.attribute_name(first=True)
            if not self.scanner.take("{"):
                break
            links.append((name, ()))
            if len(links) > MAX_LINKS:
                raise TooComplexQuery(f"q follows more than {MAX_LINKS} relationships")
        path = self.path(name)
        for _ in links:
            self.scanner.expect("}")
        return links, path

    def type_hint(self) -> tuple[str, ...]:
        """Read `Type,Type:`; what has no colon behind it was no hint and is left for the path."""
        scanner = self.scanner
        found = _TYPE_HINT.match(scanner.text, scanner.position)
        if found is None:
            return ()
        names = Scanner(found.group(1), "q: a type of a linked entity")
        types = [self.expand(names.name())]
        while names.take(","):
            types.append(self.expand(names.name()))
        scanner.position = found.end()
        return tuple(types)

    def attribute_name(self, *, first: bool = False) -> str:
        position = self.scanner.position
        name = self.expand(self.scanner.name(what="an attribute name"))
        if name in _NO_ATTRIBUTES or (name == "id" and not first):
            self.scanner.fail(f"{name!r} is no attribute", position)
        return name

    def path(self, first: str) -> Path:
        names = [first]
        while self.scanner.take("."):
            names.append(self.attribute_name())
            if len(names) > MAX_DEPTH:
                raise TooComplexQuery(f"a path in q has more than {MAX_DEPTH} names")
        members = self.members() if self.scanner.take("[") else ()
        path = Path(tuple(names), members)
        if members and path.plain_member:
            self.scanner.fail(f"{names[-1]!r} has no members")
        return path

    def members(self) -> tuple[str, ...]:
        members = [self.member()]
        while self.scanner.take("."):
            members.append(self.member())
        self.scanner.expect("]")
        if len(members) > 1 and "*" in members:
            self.scanner.fail("[*] stands alone")
        if len(members) > MAX_DEPTH:
            raise TooComplexQuery(f"a path in q has more than {MAX_DEPTH} members")
        return tuple(members)

    def member(self) -> str:
        return self.scanner.match(_MEMBER) or self.scanner.fail("expected a member name")

    def comparison(self, path: Path) -> Term:
        operator = self.scanner.match(_OPERATOR)
        if operator is None:
            return Exists(path)
        if operator in ("~=", "!~="):
            return self.pattern(path, negated=operator == "!~=")
        if operator in ("==", "!="):
            return self.equality(path, negated=operator == "!=")
        position = self.scanner.position
        value = self.value(path)
        if isinstance(value, bool):
            self.scanner.fail("true and false have no order", position)
        if self.scanner.peek() == "," or self.scanner.text.startswith("..", self.scanner.position):
            self.scanner.fail(f"{operator} takes a single value")
        return Compares(path, cast("Order", operator), value)

    def equality(self, path: Path, *, negated: bool) -> Equals:
        values = [self.value_or_range(path)]
        while self.scanner.take(","):
            values.append(self.value_or_range(path))
            if len(values) > MAX_TERMS:
                raise TooComplexQuery(f"a list in q has more than {MAX_TERMS} values")
        return Equals(path, tuple(values), negated)

    def value_or_range(self, path: Path) -> Scalar | Range:
        position = self.scanner.position
        low = self.value(path)
        if not self.scanner.take(".."):
            return low
        high = self.value(path)
        if isinstance(low, bool) or data_type(low) != data_type(high):
            self.scanner.fail("a range needs two values of one type that has an order", position)
        return Range(low, high)

    def value(self, path: Path) -> Scalar:
        scanner = self.scanner
        position = scanner.position
        if scanner.peek() == '"':
            return self.expanded_value(path, scanner.string())
        times = _TIMES.match(scanner.text, position)
        if times is not None and (temporal := self.temporal(times.group())) is not None:
            scanner.position = times.end()
            return temporal
        number = scanner.match(_NUMBER)
        if number is not None and self.at_delimiter():
            value = read_number(number)
            return value if value is not None else scanner.fail("the number is too large", position)
        scanner.position = position
        return self.word(path)

    def temporal(self, text: str) -> Temporal | None:
        try:
            return read_temporal(text)
        except BadRequestData as error:
            self.scanner.fail(error.detail)

    def at_delimiter(self) -> bool:
        scanner = self.scanner
        return scanner.at_end or scanner.peek() in ";|)," or scanner.text.startswith("..", scanner.position)

    def word(self, path: Path) -> Scalar:
        """Read true, false, a URI, or with expandValues a term."""
        position = self.scanner.position
        word = self.scanner.match(_WORD) or ""
        if word in ("true", "false"):
            return word == "true"
        if path.names[0] in self.expanded and word:
            return self.expand(word)
        if _URI.fullmatch(word) is None:
            self.scanner.fail("expected a value: strings stand in double quotes", position)
        return word

    def expanded_value(self, path: Path, text: str) -> Scalar:
        if path.names[0] in self.expanded:
            return self.expand(text)
        if path.plain_member in INSTANTS:
            # These are DateTimes by definition, so a quoted one is taken for what it says.
            return read_temporal(text, ("DateTime",)) or text
        return text

    def pattern(self, path: Path, *, negated: bool) -> Matches:
        position = self.scanner.position
        text = self.quoted_pattern() if self.scanner.peek() == '"' else self.bare_pattern()
        if not text:
            self.scanner.fail("expected a pattern", position)
        return Matches(path, parse_pattern(text), negated)

    def quoted_pattern(self) -> str:
        """A JSON string, or, since clients write "\\.", the characters between the quotes."""
        scanner = self.scanner
        position = scanner.position
        try:
            return scanner.string()
        except BadRequestData:
            raw = _RAW_STRING.match(scanner.text, position)
            if raw is None:
                scanner.fail("the string has no end", position)
            scanner.position = raw.end()
            return raw.group(1).replace('\\"', '"')

    def bare_pattern(self) -> str:
        """Everything up to a `;`, `|` or `)` outside the pattern's own parentheses and brackets."""
        scanner = self.scanner
        start = scanner.position
        groups = 0
        in_set = False
        while not scanner.at_end:
            character = scanner.peek()
            if not in_set and groups == 0 and character in ";|)":
                break
            in_set = character == "[" or (in_set and character != "]")
            groups += 0 if in_set else (character == "(") - (character == ")")
            scanner.match(_BARE_PATTERN) or scanner.fail("the pattern ends in a backslash")
        return scanner.text[start : scanner.position]


_NAME_OR_IRI = r"(?:<[^<>\s\"]+>|[^\W\d_]\w*)"
_TYPE_HINT = re.compile(rf"({_NAME_OR_IRI}(?:,{_NAME_OR_IRI})*):")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_RAW_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
