"""What a source does not name any more: forgotten, and deleted where its mapping says so."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from mimas.ngsi_ld.core.errors import NgsiLdError, ResourceNotFound, Unavailable
from mimas.ngsi_ld.core.operations import DeleteEntity
from mimas.ngsi_ld.store.harvests import HarvestStore

from ..ingest_intake import Patience, Writes
from .declaration import HarvestPlan
from .marks import Marks
from .outcome import RunRefused, Tally

CHUNK = 1000


async def find_gone(store: HarvestStore, seen: Marks) -> list[str]:
    """The entities that the source made and did not name in a whole run."""
    return [entity_id async for page in store.entities() for entity_id, number in page if number not in seen]


async def find_named_gone(store: HarvestStore, keys: Sequence[str]) -> list[str]:
    """The entities of records that the source itself says are gone."""
    return list(await store.entities_of(keys)) if keys else []


def require_few(gone: int, known: int, plan: HarvestPlan) -> None:
    """RunRefused when too large a share of the source's entities would go."""
    if gone > plan.delete_share * known:
        raise RunRefused(
            f"{gone} of {known} entities ({gone / known:.0%}) would be deleted, more than delete.share "
            f"({plan.delete_share:.0%}). Look at `mimas adapters diff {plan.name}`; if it is right, say "
            f"`mimas adapters run {plan.name} --delete-all`"
        )


async def delete_entities(
    store: HarvestStore, writer: Writes, ids: Sequence[str], tally: Tally, patience: Patience
) -> None:
    """Delete entities, but for those that another source makes as well; the source forgets them all."""
    for start in range(0, len(ids), CHUNK):
        some = ids[start : start + CHUNK]
        shared = await patience(lambda some=some: store.made_by_others(some))  # type: ignore[misc]
        mine = [each for each in some if each not in shared]
        gone = await _delete(writer, store.tenant, mine, patience)
        tally.deleted += len(gone)
        tally.show("deleted", gone)
        await patience(lambda some=some: store.forget_entities(some))  # type: ignore[misc]


async def _delete(writer: Writes, tenant: str, ids: list[str], patience: Patience) -> list[str]:
    """Those of `ids` that were there."""
    if not ids:
        return []

    async def attempt() -> list[str]:
        outcomes = await writer.write(tenant, [DeleteEntity(entity_id=each) for each in ids])
        for each in outcomes:
            if isinstance(each, Unavailable) or (
                isinstance(each, NgsiLdError) and not isinstance(each, ResourceNotFound)
            ):
                raise each
        return [
            each for each, outcome in zip(ids, outcomes, strict=True) if not isinstance(outcome, NgsiLdError)
        ]

    return await patience(attempt)


async def forget_records(store: HarvestStore, seen: Marks, known: int, patience: Patience) -> None:
    """Forget the records that a whole run did not see; `known` is how many there are."""
    if len(seen) == known:
        return
    async for page in store.records():
        unseen = iter([key for key, number in page if number not in seen])
        while keys := list(islice(unseen, CHUNK)):
            await patience(lambda keys=keys: store.forget_records(keys))  # type: ignore[misc]
