"""A disk that is full is nobody's mistake: writes are told to come back, and do."""

from __future__ import annotations

import pytest

from mimas.ngsi_ld.core.errors import Unavailable
from mimas.ngsi_ld.core.operations import CreateEntity
from mimas.ngsi_ld.core.state import Applied
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.writer import Writer

CREATE = CreateEntity(
    entity_id="urn:ngsi-ld:Thing:1", document={"id": "urn:ngsi-ld:Thing:1", "type": "Thing"}
)
FILL = """
    CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = '{code}'; END $$;
    CREATE TRIGGER fill BEFORE INSERT ON entity FOR EACH ROW EXECUTE FUNCTION fill()
"""


@pytest.mark.parametrize("code", ["disk_full", "read_only_sql_transaction"])
async def test_a_write_waits_for_room(database_url: str, code: str) -> None:
    """It is Unavailable (503), never refused as bad data, and succeeds when there is room again."""
    database = await Database.open(database_url, max_size=2)
    await database.execute(FILL.format(code=code))
    async with Writer(database, patience=0.1) as writer:
        with pytest.raises(Unavailable):
            for outcome in await writer.write("", [CREATE]):
                assert isinstance(outcome, Exception)
                raise outcome
        await database.execute("DROP TRIGGER fill ON entity")
        outcomes = await writer.write("", [CREATE])
    await database.close()

    assert [type(outcome) for outcome in outcomes] == [Applied]
