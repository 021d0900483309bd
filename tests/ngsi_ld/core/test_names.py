"""URIs, names and scopes (CIM 009 4.6.2, 4.18, 5.2.1)."""

import pytest

from mimas.ngsi_ld.core.errors import BadRequestData
from mimas.ngsi_ld.core.names import MAX_BYTES, is_name, is_scope, is_uri, require_name, require_uri, shown


@pytest.mark.parametrize(
    "text",
    [
        "urn:ngsi-ld:Building:1",
        "https://a.example/b?c=d#e",
        "urn:x:Škoda",
        "mailto:a@b",
        "https://例え.jp/ü",
        "a:b",
    ],
)
def test_uris(text: str) -> None:
    """Absolute URIs and IRIs are accepted."""

    assert is_uri(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "invalid",
        "urn:",
        "urn:a b",
        "urn:a<b",
        "urn:a>b",
        'urn:"',
        "urn:a\n",
        "urn:a\x00",
        "urn:a\x7f",
        "1a:b",
        "urn:a|b",
        "urn:a\\b",
        "urn:{a}",
        "urn:a^b",
        "urn:`",
        "/relative",
        "urn:\ud800",
        None,
        5,
        ["urn:a:b"],
    ],
)
def test_no_uris(text: object) -> None:
    """White space, controls, quotes and angle brackets make no URI, nor does a missing scheme."""

    assert not is_uri(text)


@pytest.mark.parametrize("tail", ["a" * MAX_BYTES, "ü" * (MAX_BYTES // 2)])
def test_long_uri(tail: str) -> None:
    """A URI of more bytes than an index can hold is refused."""

    assert not is_uri("urn:" + tail)


@pytest.mark.parametrize(
    "text",
    ["temperature", "T1", "a_b", "ž", "温度", "ex:temp", "https://ex.org/a-b", "__proto__", "constructor"],
)
def test_names(text: str) -> None:
    """Letters, digits and _, prefix:name and URIs are names; so are names that trouble other languages."""

    assert is_name(text)


@pytest.mark.parametrize(
    "text", ["", "1a", "a-b", "a b", "a.b", "a(b", "@id", "a:", ":a", "a" * 2001, None, 7, "é:é:é"]
)
def test_no_names(text: object) -> None:
    """Anything else is refused (4.6.2)."""

    assert not is_name(text)


@pytest.mark.parametrize("text", ["/Madrid", "Madrid", "/A/B_1/C", "/Žižkov/Ulice"])
def test_scopes(text: str) -> None:
    """A scope may start with a slash; its levels start with a letter."""

    assert is_scope(text)


@pytest.mark.parametrize(
    "text", ["", "/", "//A", "/A/", "/A//B", "/1A", "/A-B", "/_A", "/A B", None, "urn:ngsi-ld:null"]
)
def test_no_scopes(text: object) -> None:
    """Empty levels, leading digits and other signs make no scope."""

    assert not is_scope(text)


def test_require_uri_says_what() -> None:
    """The error names what is wrong and shows an example."""
    with pytest.raises(BadRequestData) as caught:
        require_uri("nonsense", "The id")

    assert caught.value.detail == "The id must be a URI such as urn:ngsi-ld:Building:1, not 'nonsense'."


def test_require_name_refuses() -> None:
    """A name that is none is a 400."""
    with pytest.raises(BadRequestData, match="must be a letter followed by"):
        require_name("a-b", "The name")

    assert require_name("ab", "The name") == "ab"


def test_shown_is_short() -> None:
    """A megabyte in a request does not come back in the error."""

    assert len(shown("x" * 1_000_000)) < 70
