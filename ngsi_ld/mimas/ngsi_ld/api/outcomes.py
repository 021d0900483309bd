"""What writes answer: nothing, a new path, or who succeeded and who did not (CIM 009 5.2.16 to 5.2.19)."""

from __future__ import annotations

from typing import Any

from mimas.ngsi_ld.core.context import stored_to_iri
from mimas.ngsi_ld.core.errors import NgsiLdError
from mimas.ngsi_ld.core.operations import Operation
from mimas.ngsi_ld.core.state import Applied

from .answers import Answer, json_answer, no_content
from .exchange import Exchange


async def write(exchange: Exchange, operation: Operation) -> Applied:
    """One write, committed; raises the error it met."""
    [outcome] = await exchange.broker.writer.write(exchange.tenant, [operation])
    if isinstance(outcome, NgsiLdError):
        raise outcome
    return outcome


def update_answer(applied: Applied) -> Answer:
    """204, or 207 with an UpdateResult of full names when some attribute stayed as it was."""
    if not applied.not_updated:
        return no_content()
    result = {
        "updated": [stored_to_iri(name) for name in applied.updated],
        "notUpdated": [
            {"attributeName": stored_to_iri(name), "reason": reason}
            for name, reason in applied.not_updated.items()
        ],
    }
    return json_answer(result, status=207)


def batch_answer(success: list[str], errors: list[tuple[str, NgsiLdError]]) -> Answer:
    """207 with a BatchOperationResult; both members are always there."""
    result: dict[str, Any] = {
        "success": success,
        "errors": [{"entityId": entity_id, "error": error.to_problem()} for entity_id, error in errors],
    }
    return json_answer(result, status=207)
