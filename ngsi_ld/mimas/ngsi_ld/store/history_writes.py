"""Writes to the history alone (CIM 009 5.6.13 to 5.6.16); the current state stays as it is."""

# ruff: noqa: S608 - statements are made of constants, columns and placeholders

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import orjson

from ..core.errors import ResourceNotFound
from ..core.operations import (
    DeleteInstance,
    DeleteTemporalAttribute,
    DeleteTemporalEntity,
    HistoryOperation,
    ModifyInstance,
)
from .attribute_names import AttributeNames
from .database import Connection
from .instance_ids import to_uuid
from .write_sql import number_of

_ENTITY = "tenant = $1 AND entity_id = $2"
_ATTRIBUTE = f"{_ENTITY} AND attribute_id = $3"
_INSTANCE = f"{_ATTRIBUTE} AND instance_id = $4"


async def execute(
    connection: Connection, names: AttributeNames, tenant: str, operation: HistoryOperation, now: datetime
) -> None:
    """Do one operation in a transaction; ResourceNotFound says which part is missing."""
    entity_id = operation.entity_id
    async with connection.transaction():
        if isinstance(operation, DeleteTemporalEntity):
            await _delete_entity(connection, tenant, entity_id)
            return
        assert isinstance(operation, ModifyInstance | DeleteInstance | DeleteTemporalAttribute)
        number = await _find_attribute(connection, names, tenant, entity_id, operation.attribute)
        if isinstance(operation, DeleteTemporalAttribute):
            await _delete_attribute(connection, tenant, operation, number)
            return
        instance_id = to_uuid(operation.instance_id)
        if isinstance(operation, ModifyInstance):
            status = await _modify(connection, tenant, operation, number, instance_id, now)
        else:
            status = await connection.execute(
                f"DELETE FROM attr_history WHERE {_INSTANCE}",
                tenant,
                entity_id,
                number,
                instance_id,
            )
        if status.endswith(" 0"):
            raise ResourceNotFound(f"The attribute has no instance {operation.instance_id}.")


async def _modify(
    connection: Connection,
    tenant: str,
    operation: ModifyInstance,
    number: int,
    instance_id: UUID,
    now: datetime,
) -> str:
    """Replace an instance: createdAt and the id stay; it moves to another month when its time says so."""
    observed = operation.instance.get("observedAt")
    observed_at = datetime.fromisoformat(observed) if observed else None
    status: str = await connection.execute(
        f"UPDATE attr_history SET instance = $5, number = $6, observed_at = $7, modified_at = $8,"
        f" at = $9, dataset_id = $10, deleted_at = NULL WHERE {_INSTANCE}",
        tenant,
        operation.entity_id,
        number,
        instance_id,
        orjson.dumps(operation.instance),
        number_of(operation.instance),
        observed_at,
        now,
        observed_at or now,
        operation.instance.get("datasetId", ""),
    )
    return status


async def _delete_entity(connection: Connection, tenant: str, entity_id: str) -> None:
    """Current state alone is no evolution: it stays, and there is nothing to delete."""
    statuses = [
        await connection.execute(f"DELETE FROM attr_history WHERE {_ENTITY}", tenant, entity_id),
        await connection.execute(
            "DELETE FROM temporal_entity WHERE tenant = $1 AND id = $2", tenant, entity_id
        ),
    ]
    if all(status.endswith(" 0") for status in statuses):
        raise _no_entity(entity_id, "the evolution of the entity")


async def _delete_attribute(
    connection: Connection, tenant: str, operation: DeleteTemporalAttribute, number: int
) -> None:
    sql, more = f"DELETE FROM attr_history WHERE {_ATTRIBUTE}", []
    if not operation.delete_all:
        sql, more = f"{sql} AND dataset_id = $4", [operation.dataset_id]
    status = await connection.execute(sql, tenant, operation.entity_id, number, *more)
    if status.endswith(" 0"):
        raise ResourceNotFound(
            f"The attribute has no instance of the dataset {operation.dataset_id or '@none'}."
        )


async def _find_attribute(
    connection: Connection, names: AttributeNames, tenant: str, entity_id: str, attribute: str
) -> int:
    found = await names.known(connection, [attribute])
    sql = f"SELECT true FROM attr_history WHERE {_ATTRIBUTE} LIMIT 1"
    if found and await connection.fetchval(sql, tenant, entity_id, found[0]):
        return found[0]
    if not await _is_known(connection, tenant, entity_id):
        raise _no_entity(entity_id)
    raise ResourceNotFound("The entity has no history of this attribute.")


async def _is_known(connection: Connection, tenant: str, entity_id: str) -> bool:
    return bool(
        await connection.fetchval(
            f"SELECT EXISTS (SELECT FROM attr_history WHERE {_ENTITY})"
            " OR EXISTS (SELECT FROM temporal_entity WHERE tenant = $1 AND id = $2)"
            " OR EXISTS (SELECT FROM entity WHERE tenant = $1 AND id = $2)",
            tenant,
            entity_id,
        )
    )


def _no_entity(entity_id: str, what: str = "the entity") -> ResourceNotFound:
    return ResourceNotFound(f"Nothing is known of {what} {entity_id}.", entityId=entity_id)
