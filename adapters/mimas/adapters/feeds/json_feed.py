"""JSON over HTTP(S): records at a path of the body, in as many pages as there are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from ..harvest import Harvest, Record
from ..mapping import MappingFile
from ..messages import MessageRejected
from ..source import SourceError, Surroundings
from .feed import Feed, found
from .paging import (
    Follow,
    Page,
    Request,
    follow_cursor,
    follow_header,
    follow_link,
    follow_number,
    follow_offset,
    read_pages,
    total_count,
)

MAX_ROWS = 1_000_000


class JsonFeed(Feed):
    """The records of a JSON API, or of one document."""

    def __init__(self, file: MappingFile, surroundings: Surroundings) -> None:
        super().__init__(file, surroundings)
        self._pages = self.options.get("pages", {})
        self._records = self.path("records", self.options.get("records", "@"))
        self._key = self.path("key", self.options["key"]) if "key" in self.options else None
        self._since = self.options.get("since")
        self._stamp = self.path("since", self._since["path"]) if self._since else None
        self._total = self.path("pages", self._pages["total"]) if "total" in self._pages else None
        self._shared = {name: self.path("with", path) for name, path in self.options.get("with", {}).items()}
        self._follow = self._compile_follow()

    async def records(self, run: Harvest) -> AsyncIterator[Record | MessageRejected]:
        """Every record of every page; with `since`, of what changed after the last run."""
        newest = run.watermark("since")
        pages = read_pages(
            self,
            run,
            self._first(run, newest),
            self._follow,
            count=self._count,
            conditional=not self._pages,
        )
        async for page in pages:
            if page.number == 0 and (total := self._count_all(page.content)) is not None:
                run.expect(total)
            shared = self._shared_of(page.content)
            for index, fields in enumerate(self._list(page)):
                if shared and isinstance(fields, dict):
                    fields = shared | fields
                newest = self._newest(newest, fields)
                yield self._record(page, index, fields)
        if newest is not None:
            run.advance("since", newest)

    def _shared_of(self, content: Any) -> dict[str, Any]:
        """What the body says of all its records: when it was issued, where the station stands."""
        return {
            name: value for name, get in self._shared.items() if (value := found(get, content)) is not None
        }

    def _first(self, run: Harvest, newest: Any) -> Request:
        params = {str(name): str(value) for name, value in self.options.get("params", {}).items()}
        if "size" in self._pages:
            params[self._pages["size"]] = str(self._pages["of"])
        if "number" in self._pages:
            params[self._pages["number"]] = str(self._pages.get("first", 1))
        if self._since and newest is not None:
            params[self._since["param"]] = str(newest)
            run.partial()
        return Request(self.url, params)

    def _compile_follow(self) -> Follow:
        pages = self._pages
        if "next" in pages:
            return follow_link(self.path("pages", pages["next"]))
        if pages.get("link"):
            return follow_header
        if "number" in pages:
            return follow_number(pages["number"], pages.get("first", 1), self._count_all)
        if "offset" in pages:
            return follow_offset(pages["offset"], self._count_all)
        if "cursor" in pages:
            return follow_cursor(self.path("pages", pages["cursor"]), pages["as"])
        return lambda page: None

    def _count_all(self, content: Any) -> int | None:
        return total_count(content, self._total)

    def _count(self, content: Any) -> int:
        return len(self._rows(content))

    def _list(self, page: Page[Any]) -> list[Any]:
        rows = self._rows(page.content)
        if len(rows) > MAX_ROWS:
            raise SourceError(f"{self.name}: {page.download.url} has more than {MAX_ROWS} records; page it")
        return rows

    def _rows(self, content: Any) -> list[Any]:
        """The records of a page: items of a list, members of an object, rows of columns, or the one thing."""
        value = found(self._records, content)
        match self.options.get("shape", "list"):
            case "columns" if isinstance(value, dict):
                return transpose(value)
            case "members" if isinstance(value, dict):
                return [
                    {"key": name, **each} if isinstance(each, dict) else {"key": name, "value": each}
                    for name, each in value.items()
                ]
            case _:
                if isinstance(value, list | dict):
                    return value if isinstance(value, list) else [value]
        raise SourceError(
            f"{self.name}: there are no records at {self.options.get('records', '@')!r}; "
            f"the answer has {_members(content)}"
        )

    def _newest(self, newest: Any, fields: Any) -> Any:
        stamp = found(self._stamp, fields) if self._stamp else None
        if not isinstance(stamp, str | int | float) or isinstance(stamp, bool):
            return newest
        if newest is None or type(newest) is not type(stamp):
            return stamp
        return max(newest, stamp)

    def _record(self, page: Page[Any], index: int, fields: Any) -> Record | MessageRejected:
        place = f"page {page.number + 1}, record {index + 1}"
        if self._key is None:
            return Record(place, fields)
        key = found(self._key, fields)
        if isinstance(key, bool) or not isinstance(key, str | int) or key == "":
            return MessageRejected(
                "payload", place, f"has no key at {self.options['key']!r}", "see source.json.key"
            )
        return Record(place, fields, str(key))


def transpose(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of parallel lists: `{time: [...], temperature: [...]}`; what is no list stands in every row."""
    lists = {name: each for name, each in columns.items() if isinstance(each, list)}
    constant = {name: each for name, each in columns.items() if name not in lists}
    lengths = {len(each) for each in lists.values()}
    if len(lengths) > 1:
        raise SourceError(f"the columns {', '.join(lists)[:200]} have different lengths: {sorted(lengths)}")
    return [constant | dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def _members(content: Any) -> str:
    if isinstance(content, dict):
        return f"the members {', '.join(list(content)[:20])}"[:300]
    return f"a {type(content).__name__} at the top"
