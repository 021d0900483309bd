"""Pages and counts (clauses 4.12, 4.13, 5.5.9, 6.3.10, 6.3.13)."""

from __future__ import annotations

from ...answer import Answer
from ...verdicts import Failure
from .broker import JSON, Broker, Entity, equal, ngsi_ld, refused

WRITE = {"write"}
COUNT = "NGSILD-Results-Count"
PAGES = 10


def _five(broker: Broker) -> list[Entity]:
    return [broker.create() for _ in range(5)]


def _ids(answer: Answer) -> list[str]:
    return [each.get("id") for each in answer.expect(200).json_array()]


def _wrong(broker: Broker, **query: str | int) -> None:
    refused(broker.get("/entities", {"type": broker.sample()["_asked"], **query}))


@ngsi_ld("6.3.10", "limit-limits", "MIM1X-05")
def limit_limits(broker: Broker) -> None:
    """A page holds at most `limit` entities."""
    answer = broker.get("/entities", {"type": broker.sample()["_asked"], "limit": 1})
    equal(len(_ids(answer)), 1, "The number of entities with limit=1")


@ngsi_ld("6.3.10", "limit-zero-needs-count", "MIM1X-05")
def limit_zero(broker: Broker) -> None:
    """limit=0 without count=true is answered 400."""
    _wrong(broker, limit=0)


@ngsi_ld("6.3.10", "negative-limit-is-400", "MIM1X-05")
def negative_limit(broker: Broker) -> None:
    """A negative limit is answered 400."""
    _wrong(broker, limit=-1)


@ngsi_ld("6.3.10", "limit-is-a-number", "MIM1X-05")
def limit_is_a_number(broker: Broker) -> None:
    """A limit that is no number is answered 400."""
    _wrong(broker, limit="many")


@ngsi_ld("6.3.10", "negative-offset-is-400", "MIM1X-05", level="SHOULD")
def negative_offset(broker: Broker) -> None:
    """A negative offset is answered 400."""
    _wrong(broker, offset=-1)


@ngsi_ld("6.3.10", "offset-skips", "MIM1X-05", level="SHOULD", needs=WRITE)
def offset_skips(broker: Broker) -> None:
    """The pages that offset and limit cut have nothing in common, and together they are everything."""
    wanted = {each["id"] for each in _five(broker)}
    pages = [broker.get("/entities", {"type": broker.type, "limit": 2, "offset": at}) for at in (0, 2, 4)]
    found = [each for page in pages for each in _ids(page)]
    equal(sorted(found), sorted(wanted), "What three pages hold together")


@ngsi_ld("6.3.10", "next-leads-to-the-end", ("MIM1X-05", "MIM0-R2.1"), needs=WRITE)
def next_leads_to_the_end(broker: Broker) -> None:
    """Following the `next` links gives each entity exactly once, and then ends."""
    wanted = sorted(each["id"] for each in _five(broker))
    answer = broker.get("/entities", {"type": broker.type, "limit": 2})
    found = _ids(answer)
    for _ in range(PAGES):
        if not (following := answer.link("next")):
            break
        answer = broker.probe.get(following, Accept=JSON)
        found += _ids(answer)
    equal(sorted(found), wanted, "What the pages hold together", mend="Order entities alike on all pages.")
    if answer.link("next"):
        raise Failure("The next links do not end.", mend="Leave `next` out of the last page.")


@ngsi_ld("6.3.10", "first-page-has-no-prev", "MIM1X-05", needs=WRITE)
def first_page_has_no_prev(broker: Broker) -> None:
    """The first page has a link to the next one and none to a previous one."""
    _five(broker)
    answer = broker.get("/entities", {"type": broker.type, "limit": 2}).expect(200)
    if answer.link("prev") or not answer.link("next"):
        raise Failure(f"The first of three pages has the Link {answer.headers.get('link')!r}.")


@ngsi_ld("6.3.10", "prev-leads-back", "MIM1X-05", needs=WRITE)
def prev_leads_back(broker: Broker) -> None:
    """The `prev` link of the second page leads to the first."""
    _five(broker)
    first = broker.get("/entities", {"type": broker.type, "limit": 2})
    following = first.link("next")
    second = broker.probe.get(following, Accept=JSON) if following else first
    previous = second.link("prev")
    if not previous:
        raise Failure("The second page has no link to the previous one.", mend="Send Link with rel=prev.")
    equal(_ids(broker.probe.get(previous, Accept=JSON)), _ids(first), "The page that prev leads to")


@ngsi_ld("6.3.13", "count-counts-all", "MIM1X-05", needs=WRITE)
def count_counts_all(broker: Broker) -> None:
    """With count=true the number of all matches stands in NGSILD-Results-Count, whatever the page."""
    _five(broker)
    answer = broker.get("/entities", {"type": broker.type, "limit": 2, "count": "true"}).expect(200)
    equal(answer.headers.get(COUNT), "5", f"{COUNT} for five entities")


@ngsi_ld("6.3.13", "count-alone", "MIM1X-05")
def count_alone(broker: Broker) -> None:
    """With count=true and limit=0 the answer is an empty array and the count."""
    query = {"type": broker.sample()["_asked"], "limit": 0, "count": "true"}
    answer = broker.get("/entities", query).expect(200)
    equal(answer.json(), [], "The body with limit=0")
    if not answer.headers.get(COUNT, "").isdigit() or int(answer.headers[COUNT]) < 1:
        raise Failure(f"{answer} with {COUNT} {answer.headers.get(COUNT)!r}, although there are entities.")
