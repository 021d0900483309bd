"""Remote @contexts, fetched through the guard and written into the document before rdflib sees it.

rdflib would fetch a context by itself, from anywhere, private addresses included. So every context that a
document names is fetched by the probe and put in the place of its name; a document without names of contexts
leads to no fetch. What ships with Mimas (the NGSI-LD core context, the terms of ODRL) is not fetched at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urljoin, urlsplit

import orjson
import yaml

from mimas.ngsi_ld.core.context import bundled_document

from ..probe import Probe
from ..verdicts import CheckError, Failure

MAX_CONTEXTS = 64
MAX_DEPTH = 8
MAX_PARTS = 256
MAX_BYTES = 2_000_000
MAX_NESTING = 100
MAX_SIZE = 3_000_000
_LD_TYPES = "application/ld+json, application/json;q=0.9"
_ODRL = frozenset({"http://www.w3.org/ns/odrl.jsonld", "https://www.w3.org/ns/odrl.jsonld"})


class Contexts:
    """The contexts of one document. `fetched` says which were called for, in order."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._known: dict[str, Any] = {}
        self.fetched: list[str] = []

    def inline(self, document: Any, base: str) -> Any:
        """The document with every remote @context written out; Failure where one is none, or loops."""
        refuse_deep(document)
        return self._inline(document, base, ())

    def load(self, url: str, base: str = "", above: tuple[str, ...] = ()) -> Any:
        """The value of @context of the document at a URL, remote contexts inside written out as well."""
        place = urljoin(base, url)
        if place in above or len(above) >= MAX_DEPTH:
            raise Failure(
                f"The @context {place} leads to itself by way of {' -> '.join(above) or 'itself'}.",
                mend="Let no @context name itself, not even through others.",
            )
        if place not in self._known:
            self._known[place] = self._loaded(place, above)
        return self._known[place]

    def _loaded(self, place: str, above: tuple[str, ...]) -> Any:
        if len(self._known) >= MAX_CONTEXTS:
            raise Failure(
                f"The document names more than {MAX_CONTEXTS} remote contexts, one in another.",
                mend="Publish one @context document with all terms.",
            )
        document = bundled_context(place)
        if document is None:
            document = self._fetch(place)
        refuse_deep(document)
        if not isinstance(document, dict) or "@context" not in document:
            raise Failure(
                f"{place} is named as @context and has none.", mend="Serve a JSON object with @context."
            )
        return self._value(document["@context"], place, (*above, place))

    def _fetch(self, url: str) -> Any:
        if urlsplit(url).scheme not in ("http", "https"):
            raise Failure(f"The @context {url!r} is no http(s) address, so nobody else can read it.")
        self.fetched.append(url)
        answer = self._probe.once(("context", url), lambda: self._probe.fetch(url, accept=_LD_TYPES))
        answer.expect(200, mend="Serve the @context where the data says it is.")
        if len(answer.body) > MAX_BYTES:
            raise Failure(f"{answer} with more than {MAX_BYTES} bytes, which no @context needs.")
        if "html" in answer.media_type:
            raise Failure(f"{answer} with HTML where an @context is named.", mend="Serve it as JSON-LD.")
        return answer.json()

    def _inline(self, value: Any, base: str, above: tuple[str, ...]) -> Any:
        if isinstance(value, list):
            return [self._inline(each, base, above) for each in value]
        if not isinstance(value, dict):
            return value
        return {
            name: self._value(each, base, above) if name == "@context" else self._inline(each, base, above)
            for name, each in value.items()
        }

    def _value(self, value: Any, base: str, above: tuple[str, ...]) -> Any:
        """A value of @context: names become what they name, scoped contexts of terms as well."""
        if isinstance(value, str):
            return self.load(value, base, above)
        if isinstance(value, list):
            flat: list[Any] = []
            for each in value:
                found = self._value(each, base, above)
                flat += found if isinstance(found, list) else [found]
                if len(flat) > MAX_PARTS:
                    raise Failure(f"An @context at {base} has more than {MAX_PARTS} parts.")
            return flat
        if not isinstance(value, dict):
            return value
        written = self._inline(value, base, above)
        imported = written.pop("@import", None)
        if imported is None:
            return written
        found = self.load(str(imported), base, above)
        if not isinstance(found, dict):
            raise Failure(f"@import {imported!r} does not lead to a single @context.")
        return {**found, **written}


def bundled_context(url: str) -> Any | None:
    """The document that ships with Mimas for a URL, or None."""
    return {"@context": _odrl_terms()} if url in _ODRL else bundled_document(url)


def refuse_deep(document: Any) -> None:
    """Failure for what nests deeper, or grows larger by YAML's aliases, than any honest document does."""
    if _depth(document) > MAX_NESTING:
        raise Failure(f"The document nests deeper than {MAX_NESTING} levels, and is not read further.")
    if _size(document, {}) > MAX_SIZE:
        raise Failure(f"The document has more than {MAX_SIZE} members, written out, and is not read further.")


def parse_json(body: bytes, what: str) -> Any:
    """The value of a JSON file or document the user offers; CheckError when it is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise CheckError(f"{what} is not JSON: {error}") from error


@cache
def _odrl_terms() -> dict[str, Any]:
    terms: dict[str, Any] = yaml.safe_load((files(__package__) / "data" / "odrl.yaml").read_text())
    return terms


def _depth(document: Any) -> int:
    """How deep lists and objects nest; counted without recursion, and not further than the limit."""
    depth, level = 0, [document]
    while level and depth <= MAX_NESTING:
        depth += 1
        level = list({id(below): below for each in level for below in _below(each)}.values())
    return depth


def _size(value: Any, known: dict[int, int]) -> int:
    """How many members there are, what aliases repeat counted as often as it is named."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) not in known:
        below = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_size(each, known) for each in below)
    return known[id(value)]


def _below(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from (each for each in value.values() if isinstance(each, dict | list))
    elif isinstance(value, list):
        yield from (each for each in value if isinstance(each, dict | list))
