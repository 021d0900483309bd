"""Catalogues that speak DCAT-AP: RDF/XML, Turtle, JSON-LD or N-Triples, page by page where they are paged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from ..feeds.feed import Feed
from ..feeds.paging import Page, Request, follow_header, read_pages
from ..harvest import Download, Harvest, Record
from ..messages import MessageRejected
from .rdf import ACCEPT, find_format, graph_of_json_ld, inline_contexts, parse_graph, read_document

if TYPE_CHECKING:
    from rdflib import Graph

LANGUAGES = ("en",)


class DcatCatalogue(Feed):
    """The datasets of one catalogue, and their distributions."""

    async def records(self, run: Harvest) -> AsyncIterator[Record | MessageRejected]:
        """Every dataset and distribution of every page; a thing that stands on two pages comes once."""
        from .dcat_graph import next_page, read_records

        def follow(page: Page[Graph]) -> Request | None:
            link = next_page(page.content)
            return Request(urljoin(page.download.url, link)) if link else follow_header(page)

        async def read(download: Download) -> Graph:
            return await self._graph(run, download)

        seen: set[str | None] = {None}
        languages = self.options.get("languages", LANGUAGES)
        number = 0
        # The first page says whether there are others: unchanged, it speaks for all only if it was alone.
        alone = run.watermark("pages") in (None, 1)
        pages = read_pages(self, run, Request(self.url), follow, read=read, accept=ACCEPT, conditional=alone)
        async for page in pages:
            number += 1
            found = read_records(page.content, page.download.url, languages)
            for record in await asyncio.to_thread(list, found):
                if isinstance(record, MessageRejected) or record.key not in seen:
                    yield record
                if isinstance(record, Record):
                    seen.add(record.key)
        run.advance("pages", number)

    async def _graph(self, run: Harvest, download: Download) -> Graph:
        notation = find_format(download, self.options.get("format"))
        body = download.read()
        if notation == "json-ld":

            async def fetch(context: str) -> Any:
                return await self.fetch_json(run, context)

            document = await inline_contexts(read_document(body, download.url), download.url, fetch)
            return await asyncio.to_thread(graph_of_json_ld, document, download.url)
        return await asyncio.to_thread(parse_graph, body, notation, download.url)
