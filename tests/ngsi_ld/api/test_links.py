"""The Link header in both directions."""

from __future__ import annotations

import pytest

from mimas.ngsi_ld.api.links import CONTEXT_REL, context_link, context_value, page_value
from mimas.ngsi_ld.core.errors import BadRequestData


@pytest.mark.parametrize(
    ("header", "url"),
    [
        (f'<http://a/c.jsonld>; rel="{CONTEXT_REL}"; type="application/ld+json"', "http://a/c.jsonld"),
        (f"<http://a/c.jsonld>;rel={CONTEXT_REL}", "http://a/c.jsonld"),
        (f'<http://a/c.jsonld>; type="application/ld+json"; rel="{CONTEXT_REL}"', "http://a/c.jsonld"),
        (f'<http://b>; rel="next", <http://a>; rel="{CONTEXT_REL}"', "http://a"),
        (f'<http://a/?x=1,2;3>; rel="{CONTEXT_REL}"', "http://a/?x=1,2;3"),
        ('<http://b>; rel="next"', None),
        ("nonsense", None),
    ],
)
def test_context_link(header: str, url: str | None) -> None:
    """Only the link with the relation of JSON-LD contexts counts (6.3.5)."""
    assert context_link(header.encode()) == url


def test_two_contexts() -> None:
    """Two contexts are an error of the client."""
    header = f'<http://a>; rel="{CONTEXT_REL}", <http://b>; rel="{CONTEXT_REL}"'

    with pytest.raises(BadRequestData):
        context_link(header.encode())


def test_context_value_reads_back() -> None:
    """What answers link, requests can send."""
    assert context_link(context_value("http://a/c.jsonld")) == "http://a/c.jsonld"


def test_page_value() -> None:
    """A page's link repeats the parameters, encoded, and the media type (6.3.10)."""
    value = page_value("/e", {"q": 'a=="b c"', "offset": "2"}, "next", "application/ld+json")

    assert value == b'</e?q=a%3D%3D%22b+c%22&offset=2>; rel="next"; type="application/ld+json"'
