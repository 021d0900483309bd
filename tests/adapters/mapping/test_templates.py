"""Templates of ids and texts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimas.adapters.mapping.problems import MappingProblem
from mimas.adapters.mapping.scope import Scope
from mimas.adapters.mapping.templates import compile_template
from mimas.adapters.messages import MessageRejected


def fill(text: str, encode: bool = True, **variables: Any) -> str:
    return compile_template(text, (), encode=encode)(Scope({}, {}, variables))


@pytest.mark.parametrize(
    ("text", "variables", "filled"),
    [
        ("urn:x", {}, "urn:x"),
        ("urn:x:{a}", {"a": "b58"}, "urn:x:b58"),
        ("urn:x:{a}:{b}", {"a": 1, "b": "c d"}, "urn:x:1:c%20d"),
        ("urn:x:{a}", {"a": "a:b/c?d#e%"}, "urn:x:a%3Ab%2Fc%3Fd%23e%25"),
        ("urn:x:{a}", {"a": "Žižkov"}, "urn:x:%C5%BDi%C5%BEkov"),
        ("urn:x:{t.c}", {"t": {"c": "v"}}, "urn:x:v"),
        ("urn:x:{a}", {"a": " b "}, "urn:x:b"),
    ],
)
def test_filled(text: str, variables: dict[str, Any], filled: str) -> None:
    """Values go in percent-encoded, so that none can break out of its place."""
    assert fill(text, **variables) == filled


@pytest.mark.parametrize("value", [None, "", "  ", 1.5, True, [], {}, "x" * 257, "\ud800", 10**100])
def test_value_that_is_no_part_of_an_id(value: Any) -> None:
    """What is neither text nor a whole number rejects the record."""
    with pytest.raises(MessageRejected):
        fill("urn:x:{a}", a=value)


@pytest.mark.parametrize("text", ["{", "}", "{}", "{a b}", "{a!r}", "{a:>10}", "{0}", "{{a}}"])
def test_no_formats_and_no_expressions(text: str) -> None:
    """Nothing but names stands between the braces."""
    with pytest.raises(MappingProblem):
        fill(text, a=1)


@given(st.text())
def test_any_text_stays_in_its_place(value: str) -> None:
    """Whatever the value, the id has as many parts as its template."""
    try:
        filled = fill("urn:ngsi-ld:T:{a}:end", a=value)
    except MessageRejected:
        return

    assert (filled.count(":"), filled.isascii()) == (4, True)
