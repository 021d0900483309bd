"""Run once before the parts start, in a process of its own: what migrations import would stay in memory.

The exit code tells the supervisor what happened; what a person should know is on stderr.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import asyncpg

from mimas.ngsi_ld.store.database import Database, is_connection_failure
from mimas.ngsi_ld.store.migrate import upgrade
from mimas.ngsi_ld.store.tokens import TokenStore

from .access import Role
from .parts import NO_TOKEN, become_part
from .processes import Refused

PATIENCE = 60.0
REFUSALS = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)
FAILED = 1


def migrate(url: str, progress: Callable[[str], None], patience: float = PATIENCE) -> None:
    """Bring the database at `url` to the newest schema; waits for a server that is still starting."""
    deadline = time.monotonic() + patience
    told = ""
    while True:
        try:
            return upgrade(url, progress)
        except Exception as error:
            if reason := _refusal(error):
                raise Refused(
                    f"{_place(url)} refuses: {reason}. Mend MIMAS_DATABASE_URL or the user's rights."
                ) from error
            if not is_connection_failure(error):
                raise
            if time.monotonic() > deadline:
                raise Refused(
                    f"{_place(url)} cannot be reached: {error}. Is MIMAS_DATABASE_URL right?"
                ) from error
            if str(error) != told:
                told = str(error)
                progress(f"{_place(url)} is not there yet ({told}); waiting {patience:g} seconds at most ...")
            time.sleep(min(1, patience))


def _refusal(error: BaseException | None) -> str | None:
    """What the server says when user, password, database or rights are wrong; None for all else."""
    while error is not None:
        if isinstance(error, REFUSALS):
            return str(error)
        error = error.__cause__
    return None


def _place(url: str) -> str:
    """Where a database is, without what a URL may tell of users and passwords."""
    parts = urlsplit(url)
    return f"The database at {parts.netloc.rpartition('@')[2]}" if parts.hostname else "The database"


async def has_token(url: str) -> bool:
    """Say whether anybody may come in from elsewhere."""
    database = await Database.open(url, max_size=1)
    try:
        return await TokenStore(database).any_valid(Role.names())
    finally:
        await database.close()


def main(arguments: list[str]) -> int:
    """Migrate; with `--require-token` also see that a token exists."""
    become_part("setup")
    url = os.environ["MIMAS_DATABASE_URL"]
    try:
        migrate(url, lambda line: print(line, file=sys.stderr, flush=True))  # noqa: T201 - progress
    except Refused as error:
        print(error, file=sys.stderr)  # noqa: T201
        return FAILED
    if "--require-token" in arguments and not asyncio.run(has_token(url)):
        return NO_TOKEN
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
