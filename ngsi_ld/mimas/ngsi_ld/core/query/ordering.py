"""Entity ordering (CIM 009 4.23): `orderBy=name,age;desc,location;dist-asc`, `collation`, `orderFrom`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import BadRequestData, TooComplexQuery
from .geo import Geometry, parse_geometry
from .limits import check_text
from .q_tree import Path
from .scanner import Scanner

MAX_ORDER_TERMS = 16
ROOT_COLLATION = "und"

_DIRECTION = re.compile(r"dist-asc|dist-desc|asc|desc")
_MEMBER = re.compile(r"[^\W\d][\w@$:#/-]*|[@$][\w@$:#/-]*")
# A language tag with an optional Unicode extension (RFC 5646, RFC 6067), as far as PostgreSQL takes it.
_COLLATION = re.compile(
    r"(?P<language>und|root|[a-z]{2,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?)"
    r"(?:-u(?P<keys>(?:-[a-z][a-z0-9](?:-[a-z0-9]{3,8})*)+))?",
    re.IGNORECASE | re.ASCII,
)
_KEYS: dict[str, str] = {
    "co": r"[a-z0-9]{3,8}", "ka": "noignore|shifted", "kb": "true|false", "kc": "true|false",
    "kf": "upper|lower|false", "kn": "true|false", "ks": "level[1-4]|identic",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One key to sort by: the value at `path`, or with `reference` the distance from that.

    `id` and `type` are paths too.
    """

    path: Path
    descending: bool = False
    reference: Geometry | None = None


def parse_ordering(
    order_by: Any,
    expand: Callable[[str], str],
    *,
    order_from: Any = None,
    order_geometry: Any = None,
    only_id: bool = False,
) -> tuple[OrderTerm, ...]:
    """Return the sort keys in order; `only_id` is the rule for temporal queries."""
    reference = None if order_from is None else parse_geometry(order_geometry or "Point", order_from)
    if order_by is None:
        return ()
    scanner = Scanner(order_by, "orderBy")
    found = [_term(scanner, expand, reference)]
    while scanner.take(","):
        found.append(_term(scanner, expand, reference))
        if len(found) > MAX_ORDER_TERMS:
            raise TooComplexQuery(f"orderBy has more than {MAX_ORDER_TERMS} keys")
    if not scanner.at_end:
        scanner.fail(f"unexpected {scanner.peek()!r}")
    if only_id and any(term.path != Path(("id",)) for term in found):
        raise BadRequestData("temporal queries are ordered by id only")
    return tuple(found)


def _term(scanner: Scanner, expand: Callable[[str], str], reference: Geometry | None) -> OrderTerm:
    names = [expand(scanner.name(what="an attribute name"))]
    while scanner.take("."):
        names.append(expand(scanner.name(what="an attribute name")))
    members = _members(scanner) if scanner.take("[") else ()
    direction = "asc"
    if scanner.take(";"):
        direction = scanner.match(_DIRECTION) or scanner.fail("expected asc, desc, dist-asc or dist-desc")
    by_distance = direction.startswith("dist")
    if by_distance and reference is None:
        raise BadRequestData("ordering by distance needs orderFrom")
    if by_distance and (len(names) > 1 or members):
        raise BadRequestData("ordering by distance takes the name of a GeoProperty")
    return OrderTerm(
        Path(tuple(names), members), direction.endswith("desc"), reference if by_distance else None
    )


def _members(scanner: Scanner) -> tuple[str, ...]:
    members = [scanner.match(_MEMBER) or scanner.fail("expected a member name")]
    while scanner.take("."):
        members.append(scanner.match(_MEMBER) or scanner.fail("expected a member name"))
    scanner.expect("]")
    return tuple(members)


def parse_collation(text: Any) -> str | None:
    """Return the ICU collation tag in its usual spelling, None when none is asked for (the root order)."""
    if text is None:
        return None
    found = _COLLATION.fullmatch(check_text(text, "collation").removesuffix("-x-icu"))
    if found is None:
        raise BadRequestData("collation must be an ICU tag such as und or de-u-co-phonebk")
    keys = re.findall(r"-([a-z][a-z0-9])((?:-[a-z0-9]{3,8})*)", (found["keys"] or "").lower())
    for key, value in keys:
        if key not in _KEYS or re.fullmatch(_KEYS[key], value[1:] or "true") is None:
            raise BadRequestData(f"collation: {key}{value} is not a known setting")
    if len({key for key, _ in keys}) < len(keys):
        raise BadRequestData("collation: a setting is given twice")
    extension = "".join(f"-{key}{value}" for key, value in sorted(keys))
    language = found["language"].lower().replace("root", ROOT_COLLATION)
    return language + (f"-u{extension}" if extension else "")
