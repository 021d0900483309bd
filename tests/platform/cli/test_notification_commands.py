"""`mimas subscriptions explain` and `mimas notifications`, on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mimas.ngsi_ld.core.operations import CreateEntity
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.outbox import Outbox
from mimas.ngsi_ld.store.subscriptions import StoredSubscription, SubscriptionStore
from mimas.ngsi_ld.store.writer import Writer
from mimas.platform.cli import main

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HALL, METER = "urn:ngsi-ld:Building:hall", "urn:ngsi-ld:Meter:1"
Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `mimas` in this process on a fresh database."""
    monkeypatch.setenv("MIMAS_DATABASE_URL", database_url)
    monkeypatch.delenv("MIMAS_TEST_DATABASE_URL", raising=False)
    return lambda *arguments: CliRunner().invoke(main, arguments)


def _with(database_url: str, work: Callable[[Database], Awaitable[Any]]) -> Any:
    async def go() -> Any:
        database = await Database.open(database_url, max_size=2)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(go())


def _fill(database_url: str, **members: Any) -> None:
    """A building with a meter, and a subscription on meters."""

    async def work(database: Database) -> None:
        documents: list[dict[str, Any]] = [
            {"id": HALL, "type": "Building", "floors": {"type": "Property", "value": 3}},
            {
                "id": METER,
                "type": "Meter",
                "power": {"type": "Property", "value": 5},
                "in": {"type": "Relationship", "object": HALL},
            },
        ]
        async with Writer(database, drains=1) as writer:
            await writer.write("", [CreateEntity(entity_id=each["id"], document=each) for each in documents])
        document = {
            "id": "urn:s:1",
            "type": "Subscription",
            "entities": [{"type": "Meter"}],
            "notification": {"endpoint": {"uri": "http://city.example/notify"}},
        }
        subscription = StoredSubscription("", "urn:s:1", document | members, [], NOW, NOW)
        await SubscriptionStore(database).create(subscription)

    _with(database_url, work)


def test_a_change_that_notifies_is_explained(run: Run, database_url: str) -> None:
    """Every clause is met, one line each."""
    _fill(database_url, q="power>3")
    done = run("subscriptions", "explain", "urn:s:1", METER)

    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "It is notified.")
    assert "yes  entities" in done.output


def test_a_change_that_does_not_notify_is_explained(run: Run, database_url: str) -> None:
    """The clause that fails is told, and the exit code tells programs."""
    _fill(database_url, q="power>9")
    done = run("subscriptions", "explain", "urn:s:1", METER)

    assert done.exit_code == 1
    assert [line.split()[1] for line in done.output.splitlines() if line.startswith("NO")] == ["q"]


@pytest.mark.parametrize(("attribute", "code"), [("power", 0), ("in", 1)])
def test_the_attributes_that_changed_can_be_named(
    run: Run, database_url: str, attribute: str, code: int
) -> None:
    """What is watched decides."""
    _fill(database_url, watchedAttributes=["power"])

    assert run("subscriptions", "explain", "urn:s:1", METER, "--attribute", attribute).exit_code == code


@pytest.mark.parametrize(("q", "code"), [("in{floors}>2", 0), ("in{floors}>5", 1)])
def test_linked_entities_are_looked_at(run: Run, database_url: str, q: str, code: int) -> None:
    """A q that follows a relationship has a clause of its own."""
    _fill(database_url, q=q)
    done = run("subscriptions", "explain", "urn:s:1", METER)

    assert done.exit_code == code
    assert "q, linked entities" in done.output


@pytest.mark.parametrize(
    "arguments", [("urn:s:2", METER), ("urn:s:1", "urn:x:1"), ("urn:s:1", METER, "--attribute", "colour")]
)
def test_what_is_not_there_is_told(run: Run, database_url: str, arguments: tuple[str, ...]) -> None:
    """An unknown subscription, entity or attribute is one clear line."""
    _fill(database_url)
    done = run("subscriptions", "explain", *arguments)

    assert done.exit_code == 1
    assert done.output.startswith("Error: ")


def test_the_tenant_that_was_looked_into_is_told(run: Run, database_url: str) -> None:
    """Without --tenant one may look for a subscription in the wrong place."""
    _fill(database_url)

    assert "--tenant names another" in run("subscriptions", "explain", "urn:s:2", METER).output
    assert (
        "in the tenant brno" in run("subscriptions", "explain", "urn:s:1", METER, "--tenant", "brno").output
    )


def _bury(database_url: str) -> int:
    """A notification that was given up."""

    async def work(database: Database) -> int:
        row = await database.fetchval(
            "INSERT INTO outbox (tenant, subscription_id, entity_id, payload, created_at)"
            " VALUES ('kladno', 'urn:s:1', $1, '{}', $2) RETURNING id",
            METER,
            NOW,
        )
        await Outbox(database).bury([row], NOW, "the endpoint answered 410")
        return int(row)

    number: int = _with(database_url, work)
    return number


def test_dead_letters_are_listed(run: Run, database_url: str) -> None:
    """With number, tenant, subscription, entity and reason."""
    number = _bury(database_url)
    first, last = run("notifications", "list").output.splitlines()

    assert first.split()[0] == str(number)
    assert "[kladno] urn:s:1  urn:ngsi-ld:Meter:1  the endpoint answered 410" in first
    assert last == "1 given up, 0 to be delivered"


@pytest.mark.parametrize("which", ["number", "all"])
def test_dead_letters_are_replayed(run: Run, database_url: str, which: str) -> None:
    """They are to be delivered again."""
    number = _bury(database_url)
    done = run("notifications", "replay", "--all" if which == "all" else str(number))

    assert (done.exit_code, done.output) == (0, "1 brought back\n")
    assert run("notifications", "list").output == "0 given up, 1 to be delivered\n"


@pytest.mark.parametrize("arguments", [(), ("1", "--all"), ("4711",)])
def test_a_replay_says_which(run: Run, arguments: tuple[str, ...]) -> None:
    """Numbers or all, not both, and only what was given up."""
    assert run("notifications", "replay", *arguments).exit_code == 1
