"""Alembic's entry: runs on the connection `migrate` hands over, all revisions in its one transaction."""

from alembic import context

from mimas.ngsi_ld.store.migrate import is_ours
from mimas.ngsi_ld.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_name=is_ours,
)
context.run_migrations()
