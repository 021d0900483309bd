"""XML from elsewhere, through lxml: no entities, no DTD, no network."""

from __future__ import annotations

from typing import Any

from lxml import etree

from ..source import SourceError

MAX_DOCUMENT = 64 * 1024 * 1024


def safe_options() -> dict[str, Any]:
    """Options for every parser here: nothing is replaced, nothing is fetched, limits of libxml2 stay."""
    return {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}


def parse_document(content: bytes, name: str) -> Any:
    """The root of a document that fits into memory; SourceError when it is none."""
    if len(content) > MAX_DOCUMENT:
        raise SourceError(f"{name} answers more than {MAX_DOCUMENT} bytes where a description was expected")
    try:
        return etree.fromstring(
            content, etree.XMLParser(**safe_options(), remove_comments=True, remove_pis=True)
        )
    except etree.XMLSyntaxError as error:
        raise SourceError(f"{name} is not XML: {error.msg}") from error


def text_of(element: Any) -> str:
    """The element as text that may stand elsewhere."""
    text: str = etree.tostring(element, encoding="unicode", with_tail=False)
    return text
