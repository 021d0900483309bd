"""Strict reading of request bodies."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimas.ngsi_ld.api.json_body import BodyReader, parse_json
from mimas.ngsi_ld.core.errors import InvalidRequest, RequestTooLarge

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(alphabet='ab":\\{}[] \n', max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES, st.sampled_from([None, 2]))
def test_what_is_valid_is_read(value: Any, indent: int | None) -> None:
    """Every JSON value without NUL is read as it is, however it is written."""
    text = json.dumps(value, indent=indent)
    if "\\u0000" in text:
        return

    assert parse_json(text.encode(), max_depth=64) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"{",
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": 1e400}',
        b'{"a": Infinity}',
        b'{"a": "\xff"}',
        b'{"a": "\\ud800"}',
        b'{"a": "\\u0000"}',
        b'{"a\\u0000": 1}',
        b'{"a": 1} x',
        b"[" * 65 + b"]" * 65,
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b"[" * 100_000,
    ],
)
def test_what_is_not_valid_is_refused(body: bytes) -> None:
    """Anything else is InvalidRequest, never a crash."""
    with pytest.raises(InvalidRequest):
        parse_json(body, max_depth=64)


@pytest.mark.parametrize(
    "body",
    [
        '{"a":1,"a":2}',
        '{"a" :1,"a" :2}',
        '{"a":1,"\\u0061":2}',
        '[{"x":{"a":1,"a":2,"b" :3}}]',
        '{"a":1,"a":2,"b":"\\u0022:"}',
        '{"a":1,"b":{"c":"\\":","d":1,"d":2}}',
    ],
)
def test_members_given_twice_are_refused(body: str) -> None:
    """Which of two values counts cannot be told, so neither does."""
    with pytest.raises(InvalidRequest, match="twice"):
        parse_json(body.encode(), max_depth=64)


def test_brackets_in_strings_are_not_depth() -> None:
    """Only nesting counts, not what strings hold."""
    body = json.dumps(["[" * 500, "}{" * 500]).encode()

    assert parse_json(body, max_depth=4) == ["[" * 500, "}{" * 500]


def _receive(chunks: list[bytes]) -> Callable[[], Any]:
    waiting = list(chunks)

    async def receive() -> dict[str, Any]:
        body = waiting.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    return receive


async def test_body_in_chunks() -> None:
    """A body may come in parts."""
    assert await BodyReader(_receive([b"ab", b"cd", b""]), 4).read() == b"abcd"


async def test_too_large_body_is_not_read_to_the_end() -> None:
    """Reading stops as soon as the limit is passed."""
    chunks = [b"x" * 10] * 3 + [b"never"]
    reader = BodyReader(_receive(chunks), 15)

    with pytest.raises(RequestTooLarge):
        await reader.read()
