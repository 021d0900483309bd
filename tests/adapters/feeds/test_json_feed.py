"""JSON over HTTP: records, pages of every kind, limits, and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.adapters.conftest import HarvestText
from tests.adapters.provider import Asked, Provider, Reply

from mimas.adapters.feeds.feed import with_params
from mimas.adapters.feeds.paging import next_link
from mimas.adapters.source import SourceError

ITEMS = [
    {"id": f"p{number}", "free": number, "at": f"2026-01-{number + 1:02}T00:00:00Z"} for number in range(7)
]
MAPPING = """
source:
  json:
    url: {url}
    {more}
let: {{id: {{path: id}}}}
entities:
  parking:
    type: OffStreetParking
    id: urn:ngsi-ld:OffStreetParking:{{id}}
    attributes: {{availableSpotNumber: free}}
"""
ALL = [each["id"] for each in ITEMS]


def mapping(url: str, *options: str) -> str:
    return MAPPING.format(url=url, more="\n    ".join(options or ("key: id",)))


def number_pages(asked: Asked) -> Reply:
    """Pages of three, whatever size is asked for; an empty one behind the last."""
    start = (int(asked.query["page"]) - 1) * 3
    return Reply({"items": ITEMS[start : start + 3], "count": len(ITEMS)})


def offset_pages(asked: Asked) -> Reply:
    start = int(asked.query.get("skip", "0"))
    return Reply({"items": ITEMS[start : start + 3]})


def cursor_pages(asked: Asked) -> Reply:
    start = int(asked.query.get("after", "0"))
    return Reply(
        {"items": ITEMS[start : start + 3], "meta": {"cursor": start + 3 if start + 3 < 7 else None}}
    )


def link_pages(asked: Asked) -> Reply:
    start = int(asked.query.get("s", "0"))
    following = {"next": f"?s={start + 3}"} if start + 3 < 7 else {}
    return Reply({"items": ITEMS[start : start + 3], "links": following})


def header_pages(asked: Asked) -> Reply:
    start = int(asked.query.get("s", "0"))
    link = f'</items?s=0>; rel="first", </items?s={start + 3}>; rel="next"' if start + 3 < 7 else ""
    return Reply({"items": ITEMS[start : start + 3]}, headers={"Link": link} if link else {})


@pytest.mark.parametrize(
    ("route", "pages", "requests"),
    [
        (number_pages, "{number: page, size: per_page, of: 100}", 4),
        (number_pages, "{number: page, total: count}", 3),
        (offset_pages, "{offset: skip}", 4),
        (cursor_pages, "{cursor: meta.cursor, as: after}", 3),
        (link_pages, "{next: links.next}", 3),
        (header_pages, "{link: true}", 3),
    ],
)
async def test_every_kind_of_paging_gives_every_record_once(
    provider: Provider,
    harvest: HarvestText,
    route: Callable[[Asked], Reply],
    pages: str,
    requests: int,
) -> None:
    """A server that caps its pages below what was asked for does not cut the list short."""
    url = provider.put("/items", route)
    done = await harvest(mapping(url, "key: id", "records: items", f"pages: {pages}"))

    assert done.keys == ALL
    assert len(provider.asked) == requests


async def test_one_document_without_pages(provider: Provider, harvest: HarvestText) -> None:
    """Without options the body is the record, or the list of them; its entities come by the mapping."""
    done = await harvest(mapping(provider.put("/items", Reply(ITEMS[:2]))))

    assert [doc["availableSpotNumber"]["value"] for doc in done.documents.values()] == [0, 1]


async def test_columns_become_rows(provider: Provider, harvest: HarvestText) -> None:
    """Parallel lists, as weather services send them, and a value that all rows share."""
    body = {"latitude": 49.6, "hourly": {"id": ["a", "b"], "free": [1, 2]}}
    url = provider.put("/items", Reply(body))
    done = await harvest(
        mapping(url, "key: id", "records: hourly", "shape: columns", "with: {lat: latitude}")
    )

    assert [each.fields for each in done.records] == [
        {"lat": 49.6, "id": "a", "free": 1},
        {"lat": 49.6, "id": "b", "free": 2},
    ]


async def test_columns_of_different_lengths_are_refused(provider: Provider, harvest: HarvestText) -> None:
    """A column that is shorter would put values to the wrong times."""
    url = provider.put("/items", Reply({"id": ["a", "b"], "free": [1]}))

    with pytest.raises(SourceError, match="different lengths"):
        await harvest(mapping(url, "shape: columns"))


async def test_members_become_records(provider: Provider, harvest: HarvestText) -> None:
    """An object whose members are the things gives each its name as `key`."""
    url = provider.put("/items", Reply({"p1": {"id": "p1", "free": 3}, "p2": 4}))
    done = await harvest(mapping(url, "key: key", "shape: members"))

    assert [each.fields for each in done.records] == [
        {"key": "p1", "id": "p1", "free": 3},
        {"key": "p2", "value": 4},
    ]


async def test_only_what_changed_is_asked_for_again(provider: Provider, harvest: HarvestText) -> None:
    """The newest time of a run is the parameter of the next one, which then shows changes alone."""
    text = mapping(provider.put("/items", Reply(ITEMS)), "key: id", "since: {param: from, path: at}")
    first = await harvest(text)
    second = await harvest(text, first.kept)

    assert [each.query for each in provider.asked] == [{}, {"from": "2026-01-07T00:00:00Z"}]
    assert (first.run.is_partial, second.run.is_partial) == (False, True)


async def test_a_full_run_asks_for_everything(provider: Provider, harvest: HarvestText) -> None:
    """What the last run kept does not count in a full run."""
    text = mapping(provider.put("/items", Reply(ITEMS)), "key: id", "since: {param: from, path: at}")
    first = await harvest(text)
    await harvest(text, first.kept, full=True)

    assert provider.asked[1].query == {}


async def test_a_record_without_its_key_is_refused_alone(provider: Provider, harvest: HarvestText) -> None:
    """The others go on."""
    url = provider.put("/items", Reply([{"id": "a", "free": 1}, {"free": 2}, {"id": "c", "free": 3}]))
    done = await harvest(mapping(url))

    assert done.keys == ["a", "c"]
    assert [each.place for each in done.rejections] == ["page 1, record 2"]


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(b'[{"id": "a", "fr'), "perhaps cut off"),
        (Reply(b"<html>Sign in</html>", "text/html"), "a web page, perhaps of a login"),
        (Reply({"items": []}, status=401), "401"),
        (Reply({"data": {"rows": []}}), "no records at 'items'.*the members data"),
    ],
)
async def test_an_answer_that_is_none_says_so(
    provider: Provider, harvest: HarvestText, reply: Reply, message: str
) -> None:
    """A truncated body, a login page, 401 and another shape end the run with what a person can do."""
    url = provider.put("/items", reply)

    with pytest.raises(SourceError, match=message):
        await harvest(mapping(url, "key: id", "records: items"))


async def test_pages_in_a_circle_end(provider: Provider, harvest: HarvestText) -> None:
    """Two pages that point at each other are noticed when the first comes again."""

    def circle(asked: Asked) -> Reply:
        here = asked.query.get("s", "0")
        return Reply({"items": [ITEMS[int(here)]], "next": f"?s={1 if here != '1' else 2}"})

    url = provider.put("/items", circle)

    with pytest.raises(SourceError, match="in a circle"):
        await harvest(mapping(url, "records: items", "pages: {next: next}"))


async def test_a_server_that_ignores_the_page_number_is_noticed(
    provider: Provider, harvest: HarvestText
) -> None:
    """The same page twice would go on for ever."""
    url = provider.put("/items", Reply({"items": ITEMS}))

    with pytest.raises(SourceError, match="the page before it again"):
        await harvest(mapping(url, "records: items", "pages: {number: page}"))


async def test_too_many_pages_and_too_large_ones_are_refused(
    provider: Provider, harvest: HarvestText
) -> None:
    """Both limits name the option that raises them."""
    url = provider.put("/items", number_pages)
    options = ("records: items", "pages: {number: page}")

    with pytest.raises(SourceError, match="more than 2 pages; raise max_pages"):
        await harvest(mapping(url, *options, "max_pages: 2"))
    with pytest.raises(SourceError, match="more than the 20 of max_bytes"):
        await harvest(mapping(url, *options, "max_bytes: 20"))


async def test_the_token_goes_to_the_origin_of_the_source_alone(
    provider: Provider, harvest: HarvestText, tmp_path: Path
) -> None:
    """A next link to another port is followed without it."""
    (tmp_path / "token.txt").write_text("s3cret\n")
    other = provider.url("/more").replace("127.0.0.1", "localhost")
    url = provider.put("/items", Reply({"items": ITEMS[:1], "next": other}))
    provider.put("/more", Reply({"items": ITEMS[1:2]}))
    await harvest(mapping(url, "records: items", "pages: {next: next}", "token: {file: token.txt}"))

    assert [each.headers.get("authorization") for each in provider.asked] == ["Bearer s3cret", None]


async def test_a_token_from_the_environment_in_a_header_of_its_own(
    provider: Provider, harvest: HarvestText, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`header` puts the bare secret into that header."""
    monkeypatch.setenv("TOWN_KEY", "k1")
    url = provider.put("/items", Reply(ITEMS))
    await harvest(mapping(url, "token: {environment: TOWN_KEY, header: X-Api-Key}", "headers: {X-Town: T}"))

    assert provider.asked[0].headers["x-api-key"] == "k1"
    assert provider.asked[0].headers["x-town"] == "T"


async def test_a_token_that_is_not_there_names_its_place(harvest: HarvestText) -> None:
    """Before anything is asked."""
    with pytest.raises(SourceError, match="environment variable MIMAS_TEST_NO_SUCH_TOKEN"):
        await harvest(mapping("http://127.0.0.1:9/x", "token: {environment: MIMAS_TEST_NO_SUCH_TOKEN}"))


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ('<https://a/?page=2>; rel="next"', "https://a/?page=2"),
        ('<https://a/1>; rel="first last", <https://a/2>; title="x"; rel=next', "https://a/2"),
        ('<https://a/1>; rel="prev next"', "https://a/1"),
        ('<https://a/1>; rel="nextish"', None),
        ("", None),
    ],
)
def test_link_headers(header: str, target: str | None) -> None:
    """RFC 8288: relations are words, quoted or not, several in one parameter."""
    assert next_link(header) == target


def test_parameters_join_the_query_that_is_there() -> None:
    """Of the same name the new one counts."""
    assert (
        with_params("https://a/b?key=1&page=1", {"page": "2", "q": "a b"})
        == "https://a/b?key=1&page=2&q=a%20b"
    )
