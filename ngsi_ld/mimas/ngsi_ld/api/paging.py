"""Pages of entities: Links to those around one, and keys that make deep pages cheap (CIM 009 6.3.10).

A `next` link carries the offset and beside it a key: the offset again and the last entity before it. The key
finds the page at once where an offset has to pass all that comes before. A client that changes the offset of
a link, or knows no key, gets what the offset says.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace

from mimas.ngsi_ld.core.errors import BadRequestData
from mimas.ngsi_ld.core.query.entity_query import Page

from .answers import Header
from .exchange import Exchange
from .links import page_value

PARAMETER = "pageKey"


def behind_key(exchange: Exchange, page: Page) -> Page:
    """The page with the key of the request, if that is for its offset."""
    text = exchange.query.get(PARAMETER)
    if text is None:
        return page
    offset, last = _read(text)
    if "offset" in exchange.query and page.offset != offset:
        return page
    return replace(page, offset=offset, after=last)


def for_store(page: Page) -> Page:
    """The page as a store reads it: behind a key nothing is left out."""
    return page if page.after is None else replace(page, offset=0)


def page_links(
    exchange: Exchange, page: Page, *, more: bool = False, next_key: str | None = None
) -> list[Header]:
    """The Links to the pages around this one; `next_key` is the last entity of it when more follow."""
    headers: list[Header] = []
    if page.limit and (more or next_key is not None):
        offset = page.offset + page.limit
        headers.append((b"link", _link(exchange, page, offset, "next", next_key)))
    if page.limit and page.offset:
        headers.append((b"link", _link(exchange, page, max(page.offset - page.limit, 0), "prev")))
    return headers


def _link(exchange: Exchange, page: Page, offset: int, relation: str, key: str | None = None) -> bytes:
    parameters = {**exchange.query, "limit": str(page.limit), "offset": str(offset)}
    parameters.pop(PARAMETER, None)
    if key is not None:
        parameters[PARAMETER] = _written(offset, key)
    return page_value(exchange.scope["path"], parameters, relation, exchange.media_type)


def _written(offset: int, last: str) -> str:
    return urlsafe_b64encode(f"{offset} {last}".encode()).decode().rstrip("=")


def _read(text: str) -> tuple[int, str]:
    try:
        offset, _, last = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(" ")
        if not last or not (offset.isascii() and offset.isdigit()) or len(offset) > 12 or "\0" in last:
            raise ValueError(text)
    except ValueError:
        raise BadRequestData(
            "pageKey comes from the next link of another page; it cannot be made by hand.",
            parameter=PARAMETER,
        ) from None
    return int(offset), last
